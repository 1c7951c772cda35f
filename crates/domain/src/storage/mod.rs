//! Named storages, and the folders and files in them.

mod back_end;
mod entry;
mod grant;
mod name;
mod path;

pub use back_end::{BackEnd, Bucket, Storage};
pub use entry::{FileVersion, FolderEntry, ListAfter, StorageFile, VersionId};
pub use grant::{StorageAccess, StorageGrant, allows};
pub use name::{StorageName, StorageNameError};
pub use path::{StoragePath, StoragePathError};

/// Most versions of a file that are kept; the oldest go first.
pub const VERSION_LIMIT: usize = 20;
/// For how long a version is kept that was replaced by another one.
pub const VERSION_LIFE: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3600);

#[cfg(test)]
mod tests;
