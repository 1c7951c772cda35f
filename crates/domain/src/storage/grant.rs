//! What an application may do in which storage.

use super::{StorageName, StoragePath};

/// What may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StorageAccess {
    /// List and download.
    Read,
    /// Everything.
    Write,
}

impl StorageAccess {
    /// The word for this access in commands and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The access of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Read, Self::Write].into_iter().find(|access| access.as_str() == word)
    }
}

/// A permission: one storage, and everything at or below a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorageGrant {
    /// The storage.
    pub storage: StorageName,
    /// A folder or file; the root stands for the whole storage.
    pub path: StoragePath,
    /// What may be done there.
    pub access: StorageAccess,
}

/// Whether one of the grants allows something at a path and everything below it.
#[must_use]
pub fn allows(grants: &[StorageGrant], storage: &StorageName, path: &StoragePath, access: StorageAccess) -> bool {
    grants.iter().any(|grant| grant.storage == *storage && grant.access >= access && path.is_within(&grant.path))
}
