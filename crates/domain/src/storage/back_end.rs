//! Storages, and where their bytes lie.

use super::StorageName;
use crate::ids::{FolderId, StorageId};
use crate::time::Timestamp;

/// A named storage of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Row id.
    pub id: StorageId,
    /// Name, unique in the site.
    pub name: StorageName,
    /// Where the bytes lie.
    pub back_end: BackEnd,
    /// Whether overwriting a file keeps what was there as a version.
    pub versioned: bool,
    /// Most bytes that all versions of all files may have together; `None` for no limit but the back end's own.
    pub quota: Option<u64>,
    /// Bytes that all versions of all files have together. A copy counts like any other file.
    pub used: u64,
    /// The root folder.
    pub root: FolderId,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Where the bytes of a storage lie.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BackEnd {
    /// A directory of its own in the data directory of the installation.
    Managed,
    /// A directory of the machine, by its absolute path. Nodes that share a store must see the same one.
    Directory(String),
    /// A bucket of an S3-compatible service.
    Bucket(Bucket),
}

/// A place in an S3-compatible service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Base URL of the service; empty for Amazon's own, in the region.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Name of the bucket.
    pub bucket: String,
    /// What all object keys begin with, without a `/` at its ends; may be empty.
    pub prefix: String,
}

impl BackEnd {
    /// The word for this kind in lists and the store.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Directory(_) => "directory",
            Self::Bucket(_) => "s3",
        }
    }
}
