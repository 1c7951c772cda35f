//! Products, packages and the files in them.

use crate::file_name::PlainFileName;
use crate::ids::{PackageRow, ProductId, StoredFileId};
use crate::text::{PackageId, ProductName};
use crate::time::Timestamp;

/// A product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Row id.
    pub id: ProductId,
    /// Name, unique in the site.
    pub name: ProductName,
}

/// One release of a product: what devices call a download package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Row id.
    pub row: PackageRow,
    /// The ID that devices use, unique in the site.
    pub id: PackageId,
    /// The product that the package is a release of.
    pub product: Product,
    /// Text for people.
    pub description: String,
    /// The files, in the order in which devices see them.
    pub files: Vec<PackageFile>,
}

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageFile {
    /// The name under which it is downloaded.
    pub name: PlainFileName,
    /// Where its bytes are, and what they are.
    pub content: FileContent,
    /// Whether the device is told to run it after the download.
    pub execute: bool,
}

/// Where the bytes of a package's file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileContent {
    /// On a server of the producer's own choice.
    External(ExternalFile),
    /// In the file storage of the site.
    Stored(StoredFile),
}

/// Bytes that lie on somebody else's server. The producer vouches for them: a device compares size and digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalFile {
    /// Absolute `http` or `https` URL.
    pub url: String,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// MD5 of the bytes.
    pub md5: [u8; 16],
    /// Length in bytes.
    pub size: u64,
}

impl FileContent {
    /// SHA-256 of the bytes.
    #[must_use]
    pub fn sha256(&self) -> &[u8; 32] {
        match self {
            Self::External(file) => &file.sha256,
            Self::Stored(file) => &file.sha256,
        }
    }

    /// MD5 of the bytes.
    #[must_use]
    pub fn md5(&self) -> &[u8; 16] {
        match self {
            Self::External(file) => &file.md5,
            Self::Stored(file) => &file.md5,
        }
    }

    /// Length in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::External(file) => file.size,
            Self::Stored(file) => file.size,
        }
    }
}

/// Bytes that a site has stored. Written once; they never change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Row id.
    pub id: StoredFileId,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// MD5 of the bytes: manifests carry it for old clients. Not a proof of anything.
    pub md5: [u8; 16],
    /// Length in bytes.
    pub size: u64,
    /// Where the bytes lie in the file storage.
    pub object_key: String,
    /// When they were stored.
    pub stored_at: Timestamp,
}
