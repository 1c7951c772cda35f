//! The verified list of an update's files.

use std::collections::HashMap;

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

    /// Whether nobody can make other bytes with the same digest. Of a file without such a digest the user should hear that
    /// it was compared with size and MD5 only.
    #[must_use]
    pub fn resists_forgery(&self) -> bool {
        match self {
            Self::Md5(_) => false,
            Self::Sha256(_) => true,
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
    /// Names are compared as the most forgetful file systems do; see [`FileName`].
    pub(crate) fn repeated_name(&self) -> Option<(&FileName, NameFault)> {
        let mut taken = HashMap::with_capacity(self.files.len());
        self.files.iter().find_map(|file| {
            let first: &mut FileDigest = taken.entry(file.name.folded()).or_insert(file.digest);
            (*first != file.digest).then_some((&file.name, NameFault::Repeated))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{FileDigest, FileName, Manifest, ManifestFile, NameFault};
    use crate::file_url::FileUrl;

    fn manifest(files: &[(&str, u8)]) -> Manifest {
        let file = |(name, digest): &(&str, u8)| ManifestFile {
            url: FileUrl::parse("http://dl.example.net/f/x").unwrap(),
            name: FileName::parse(name).unwrap(),
            size: 1,
            digest: FileDigest::Sha256([*digest; 32]),
            execute: false,
        };
        Manifest { version: "1.0".to_owned(), files: files.iter().map(file).collect() }
    }

    fn repeated(files: &[(&str, u8)]) -> Option<String> {
        manifest(files).repeated_name().map(|(name, fault)| {
            assert_eq!(fault, NameFault::Repeated);
            name.to_string()
        })
    }

    #[test]
    fn one_name_for_different_bytes_is_found_wherever_it_stands() {
        assert_eq!(repeated(&[("a", 1), ("b", 2), ("A", 3)]).as_deref(), Some("A"));
        assert_eq!(repeated(&[("a", 1), ("A", 1), ("a", 2)]).as_deref(), Some("a"));
        assert_eq!(repeated(&[("a", 1), ("b", 1)]), None);
        assert_eq!(repeated(&[("a", 1), ("b", 2), ("A", 1)]), None);
    }

    #[test]
    fn letters_that_some_file_system_takes_for_one_do_not_tell_names_apart() {
        for pair in [["Σ", "ς"], ["σ", "ς"], ["K", "\u{212a}"], ["s", "ſ"], ["Ω", "\u{2126}"], ["å", "\u{212b}"]]
        {
            assert!(repeated(&[(pair[0], 1), (pair[1], 2)]).is_some(), "{pair:?}");
        }
    }

    #[test]
    fn the_longest_manifests_are_looked_through() {
        // Comparing each name with each other would take minutes here.
        let mut files: Vec<(String, u8)> = (0..50_000).map(|number| (format!("file-{number}"), 1)).collect();
        files.push(("FILE-25000".to_owned(), 2));
        let files: Vec<(&str, u8)> = files.iter().map(|(name, digest)| (name.as_str(), *digest)).collect();
        assert_eq!(repeated(&files).as_deref(), Some("FILE-25000"));
    }
}
