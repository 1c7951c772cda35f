//! Named storages: their folders, files and versions, and uploads that were refused a moment ago.

use async_trait::async_trait;
use countersign_domain::ids::{FolderId, SiteId, StorageFileId, StorageId, StorageObjectId};
use countersign_domain::storage::{
    BackEnd, FileVersion, FolderEntry, ListAfter, Storage, StorageFile, StorageName, StoragePath, VersionId,
};
use countersign_domain::time::Timestamp;

use super::Deleted;
use crate::StoreError;

/// A storage that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStorage {
    /// Name.
    pub name: StorageName,
    /// Where its bytes will lie.
    pub back_end: BackEnd,
    /// What can be changed later.
    pub settings: StorageSettings,
}

/// What can be changed of a storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageSettings {
    /// Whether overwriting a file keeps what was there.
    pub versioned: bool,
    /// Most bytes of all versions together.
    pub quota: Option<u64>,
}

/// Storages.
#[async_trait]
pub trait Storages: Send {
    /// Writes a storage with its root folder, and with nothing that opens its back end. `None`: the name is taken in this site.
    async fn insert(
        &mut self,
        site: SiteId,
        storage: &NewStorage,
        now: Timestamp,
    ) -> Result<Option<StorageId>, StoreError>;

    /// A storage by name.
    async fn find(&mut self, site: SiteId, name: &StorageName) -> Result<Option<Storage>, StoreError>;

    /// All storages of a site, by name.
    async fn list(&mut self, site: SiteId) -> Result<Vec<Storage>, StoreError>;

    /// Gives this unit the storage alone until it ends, and what it is then; `None`: it is gone. Every unit that changes a
    /// folder, a file or the bytes in use begins with this, so that no two of them decide at once.
    async fn lock(&mut self, storage: StorageId) -> Result<Option<Storage>, StoreError>;

    /// Says how many bytes are in use from now on.
    async fn set_used(&mut self, storage: StorageId, used: u64) -> Result<(), StoreError>;

    /// Replaces the settings. `false`: it is gone.
    async fn set(&mut self, storage: StorageId, settings: StorageSettings) -> Result<bool, StoreError>;

    /// What opens the back end, sealed.
    async fn credentials(&mut self, storage: StorageId) -> Result<Option<Vec<u8>>, StoreError>;

    /// Replaces what opens the back end. `false`: it is gone.
    async fn set_credentials(&mut self, storage: StorageId, sealed: Option<&[u8]>) -> Result<bool, StoreError>;

    /// Removes a storage that has nothing in it.
    async fn delete(&mut self, storage: StorageId) -> Result<Deleted, StoreError>;
}

/// A file or folder, as its folder names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File(StorageFileId),
    /// A folder.
    Folder(FolderId),
}

/// Bytes that lie in the back end and are about to become visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewObject {
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// MD5 of the bytes.
    pub md5: [u8; 16],
    /// Length in bytes.
    pub size: u64,
    /// Where the bytes lie.
    pub object_key: String,
}

/// Bytes in a back end, which any number of versions name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageObject {
    /// Row id.
    pub id: StorageObjectId,
    /// What was written.
    pub content: NewObject,
}

/// Folders, files and versions. A name is taken once in a folder, by a file or a folder. Callers hold the storage's lock when
/// they write ([`Storages::lock`]).
#[async_trait]
pub trait StorageEntries: Send {
    /// What a name means in a folder.
    async fn find(&mut self, folder: FolderId, name: &str) -> Result<Option<Entry>, StoreError>;

    /// A part of a folder: folders first, then files, each in the order of code points.
    async fn list(
        &mut self,
        folder: FolderId,
        after: Option<&ListAfter>,
        limit: u32,
    ) -> Result<Vec<(Entry, FolderEntry)>, StoreError>;

    /// Writes an empty folder under a free name.
    async fn insert_folder(
        &mut self,
        storage: StorageId,
        folder: FolderId,
        name: &str,
        now: Timestamp,
    ) -> Result<FolderId, StoreError>;

    /// Writes a file without any version under a free name; the unit adds one.
    async fn insert_file(
        &mut self,
        storage: StorageId,
        folder: FolderId,
        name: &str,
        now: Timestamp,
    ) -> Result<StorageFileId, StoreError>;

    /// Gives a file or folder another place under a free name. What is in a folder goes with it.
    async fn set_place(&mut self, entry: Entry, folder: FolderId, name: &str) -> Result<(), StoreError>;

    /// When a folder was created.
    async fn created_at(&mut self, folder: FolderId) -> Result<Option<Timestamp>, StoreError>;

    /// How long, in bytes, the longest path below a folder may be, counted from the folder and with the `/` before each name.
    async fn reach(&mut self, folder: FolderId) -> Result<u64, StoreError>;

    /// Says that a path below a folder may be so long.
    async fn set_reach(&mut self, folder: FolderId, reach: u64) -> Result<(), StoreError>;

    /// Removes a file that has no version any more, or a folder that has nothing in it.
    async fn delete(&mut self, entry: Entry) -> Result<(), StoreError>;

    /// Takes a folder with everything in it out of the tree. It waits among [`StorageEntries::list_detached`] to be emptied.
    async fn detach(&mut self, storage: StorageId, folder: FolderId) -> Result<(), StoreError>;

    /// Folders that were taken out of the tree and are not removed yet, the oldest first.
    async fn list_detached(&mut self, storage: StorageId, limit: u32) -> Result<Vec<FolderId>, StoreError>;
}

/// Versions of files, and the bytes that they name.
#[async_trait]
pub trait StorageVersions: Send {
    /// The latest version of a file.
    async fn latest(&mut self, file: StorageFileId) -> Result<Option<StorageFile>, StoreError>;

    /// One version of a file.
    async fn find(&mut self, file: StorageFileId, version: VersionId) -> Result<Option<StorageFile>, StoreError>;

    /// All versions of a file, the newest first.
    async fn list(&mut self, file: StorageFileId) -> Result<Vec<FileVersion>, StoreError>;

    /// Adds a version, which is the latest from now on.
    async fn insert(
        &mut self,
        storage: StorageId,
        file: StorageFileId,
        object: StorageObjectId,
        media_type: Option<&str>,
        now: Timestamp,
    ) -> Result<VersionId, StoreError>;

    /// Removes a version; the newest that is left is the latest. Its bytes may be nobody's then.
    async fn delete(&mut self, file: StorageFileId, version: VersionId) -> Result<(), StoreError>;

    /// Versions that were replaced before a time, the oldest first, with their size in bytes.
    async fn list_replaced(
        &mut self,
        storage: StorageId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<(StorageFileId, VersionId, u64)>, StoreError>;

    /// The bytes that a version of a file names.
    async fn object_of(&mut self, version: VersionId) -> Result<Option<StorageObject>, StoreError>;

    /// The bytes of a digest that the storage has already.
    async fn find_object(&mut self, storage: StorageId, sha256: &[u8; 32])
    -> Result<Option<StorageObject>, StoreError>;

    /// Writes bytes that the storage does not have yet.
    async fn insert_object(
        &mut self,
        storage: StorageId,
        object: &NewObject,
        now: Timestamp,
    ) -> Result<StorageObjectId, StoreError>;

    /// Says where bytes lie from now on.
    async fn set_object_key(&mut self, object: StorageObjectId, object_key: &str) -> Result<(), StoreError>;

    /// Removes the row of bytes that no version names, and gives their object key; `None` when a version names them.
    async fn delete_unused_object(&mut self, object: StorageObjectId) -> Result<Option<String>, StoreError>;

    /// A part of the bytes of a storage, by row id, for looking after them.
    async fn list_objects(
        &mut self,
        storage: StorageId,
        after: StorageObjectId,
        limit: u32,
    ) -> Result<Vec<StorageObject>, StoreError>;

    /// Those of the given object keys that some storage of any site names, in the order given.
    async fn find_by_object_keys(&mut self, keys: &[String]) -> Result<Vec<String>, StoreError>;
}

/// Which upload of whom: what an upload that was refused and its repetition have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadKey {
    /// The client as its token names it.
    pub client: String,
    /// The storage as the request named it; `None` for the default of the client.
    pub storage: Option<StorageName>,
    /// The file.
    pub path: StoragePath,
}

/// Uploads with content that were refused for their token. Some clients repeat them without the content.
#[async_trait]
pub trait RefusedUploads: Send {
    /// Notes one until a time, or for longer.
    async fn insert(&mut self, site: SiteId, upload: &UploadKey, until: Timestamp) -> Result<(), StoreError>;

    /// Until when one is noted.
    async fn find(&mut self, site: SiteId, upload: &UploadKey) -> Result<Option<Timestamp>, StoreError>;

    /// How many of a client are noted until later than a time.
    async fn count(&mut self, site: SiteId, client: &str, after: Timestamp) -> Result<u64, StoreError>;

    /// Forgets one.
    async fn delete(&mut self, site: SiteId, upload: &UploadKey) -> Result<(), StoreError>;

    /// Forgets some that have ended before a time, and says how many.
    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
