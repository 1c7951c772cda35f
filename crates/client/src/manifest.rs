//! The verified list of an update's files.

use countersign_crypto::encoding::hex_encode;

use crate::{
    file_name::{FileName, NameFault},
    file_url::FileUrl,
};

/// The files of one update. Its signature was verified before it was read, every name in it is safe to write, and no
/// two files share a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The version of the format; `1.0` so far.
    pub version: String,
    /// The files, in the producer's order.
    pub files: Vec<ManifestFile>,
}

/// One file of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestFile {
    /// Where the file is. Needs no token.
    pub url: FileUrl,
    /// The name to store it under, from the last segment of the URL.
    pub name: FileName,
    /// Its size in bytes; a download never takes more.
    pub size: u64,
    /// What its bytes must hash to.
    pub digest: FileDigest,
    /// Whether the producer wants it to be run after the download. This client never runs anything.
    pub execute: bool,
}

/// The digest that a file's bytes must have: SHA-256 where the manifest gives it, MD5 only where it gives nothing else.
///
/// MD5 protects against damage, not against malice; the manifest format has it for old servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileDigest {
    /// MD5, RFC 1321.
    Md5([u8; 16]),
    /// SHA-256, FIPS 180-4.
    Sha256([u8; 32]),
}

impl FileDigest {
    /// The algorithm's usual name.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Md5(_) => "MD5",
            Self::Sha256(_) => "SHA-256",
        }
    }

    /// The digest in lower-case hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        match self {
            Self::Md5(bytes) => hex_encode(bytes),
            Self::Sha256(bytes) => hex_encode(bytes),
        }
    }
}

impl Manifest {
    /// The first file whose name another file with other bytes has already taken: storing both would lose one.
    /// Names are compared without regard to case, as some file systems do.
    pub(crate) fn repeated_name(&self) -> Option<(&FileName, NameFault)> {
        self.files.iter().enumerate().find_map(|(position, file)| {
            let mut earlier = self.files.iter().take(position);
            let clashes = |other: &ManifestFile| other.name.clashes_with(&file.name) && other.digest != file.digest;
            earlier.any(clashes).then_some((&file.name, NameFault::Repeated))
        })
    }
}
