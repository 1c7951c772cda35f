//! Versions that come and go inside a unit of work, and the bytes in use.

use countersign_domain::ids::{StorageFileId, StorageObjectId};
use countersign_domain::storage::{FileVersion, Storage, VersionId};
use countersign_domain::time::Timestamp;
use countersign_store::repositories::Entry;
use countersign_store::{StoreError, Tx};

use super::StorageError;
use super::transfer::kept;

/// A storage that a unit of work has locked, and what it has changed of it so far.
pub(super) struct Locked {
    pub(super) storage: Storage,
    /// Bytes in use when the unit began.
    before: u64,
    /// Objects that nobody names any more once the unit has committed.
    pub(super) unused: Vec<String>,
}

/// What a version names.
pub(super) struct Content {
    pub(super) object: StorageObjectId,
    pub(super) size: u64,
    pub(super) media_type: Option<String>,
}

impl Locked {
    pub(super) fn new(storage: Storage) -> Self {
        Self { before: storage.used, storage, unused: Vec::new() }
    }

    /// Makes bytes the latest version of a file. Versions beyond the limit go, and all older ones where none are kept.
    pub(super) async fn add_version(
        &mut self,
        tx: &mut dyn Tx,
        file: StorageFileId,
        content: Content,
        now: Timestamp,
    ) -> Result<VersionId, StorageError> {
        let Content { object, size, media_type } = content;
        let versions = tx.storage_versions();
        let added = versions.insert(self.storage.id, file, object, media_type.as_deref(), now).await?;
        self.storage.used = self.storage.used.saturating_add(size);
        for old in tx.storage_versions().list(file).await?.into_iter().skip(self.kept()) {
            self.remove_version(tx, file, old.file.version, old.file.size).await?;
        }
        Ok(added)
    }

    /// How many versions of a file are kept.
    pub(super) fn kept(&self) -> usize {
        kept(&self.storage)
    }

    /// Makes the versions of one file the newest of another, and removes the first. Says how many they were.
    pub(super) async fn join(
        &mut self,
        tx: &mut dyn Tx,
        (file, into): (StorageFileId, StorageFileId),
        now: Timestamp,
    ) -> Result<usize, StorageError> {
        let versions = tx.storage_versions().list(file).await?;
        for FileVersion { file: found, .. } in versions.iter().take(self.kept()).rev() {
            let Some(object) = tx.storage_versions().object_of(found.version).await? else { continue };
            let content = Content { object: object.id, size: found.size, media_type: found.media_type.clone() };
            self.add_version(tx, into, content, now).await?;
        }
        self.remove_file(tx, file).await?;
        Ok(versions.len())
    }

    /// Removes one version. The file may have none then.
    pub(super) async fn remove_version(
        &mut self,
        tx: &mut dyn Tx,
        file: StorageFileId,
        version: VersionId,
        size: u64,
    ) -> Result<(), StoreError> {
        let object = tx.storage_versions().object_of(version).await?;
        tx.storage_versions().delete(file, version).await?;
        self.storage.used = self.storage.used.saturating_sub(size);
        if let Some(object) = object {
            self.unused.extend(tx.storage_versions().delete_unused_object(object.id).await?);
        }
        Ok(())
    }

    /// Removes a file with all its versions.
    pub(super) async fn remove_file(&mut self, tx: &mut dyn Tx, file: StorageFileId) -> Result<(), StoreError> {
        for version in tx.storage_versions().list(file).await? {
            self.remove_version(tx, file, version.file.version, version.file.size).await?;
        }
        tx.storage_entries().delete(Entry::File(file)).await
    }

    /// Writes how many bytes are in use, and gives the objects that nobody names any more.
    ///
    /// # Errors
    /// [`StorageError::QuotaExceeded`] when the unit has made it more than it may be. What was too much before, because the
    /// quota was lowered, may become less.
    pub(super) async fn finish(self, tx: &mut dyn Tx) -> Result<Vec<String>, StorageError> {
        let Storage { id, name, quota, used, .. } = self.storage;
        if let Some(quota) = quota
            && used > quota
            && used > self.before
        {
            return Err(StorageError::QuotaExceeded { storage: name, quota });
        }
        if used != self.before {
            tx.storages().set_used(id, used).await?;
        }
        Ok(self.unused)
    }
}
