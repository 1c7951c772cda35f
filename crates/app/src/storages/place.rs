//! Walking along paths inside a unit of work.

use countersign_domain::ids::{FolderId, StorageFileId};
use countersign_domain::storage::{Storage, StoragePath, StoragePathError};
use countersign_domain::time::Timestamp;
use countersign_store::Tx;
use countersign_store::repositories::Entry;

use super::StorageError;
use super::caller::GrantedPlace;

impl GrantedPlace {
    /// What the path means, if anything.
    pub(super) async fn entry(&self, tx: &mut dyn Tx, storage: &Storage) -> Result<Option<Entry>, StorageError> {
        let mut found = Entry::Folder(storage.root);
        for name in self.path.segments() {
            let Entry::Folder(folder) = found else { return Ok(None) };
            match tx.storage_entries().find(folder, name).await? {
                Some(entry) => found = entry,
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    /// The file at the path.
    pub(super) async fn file(&self, tx: &mut dyn Tx, storage: &Storage) -> Result<StorageFileId, StorageError> {
        match self.entry(tx, storage).await? {
            Some(Entry::File(file)) => Ok(file),
            Some(Entry::Folder(_)) | None => Err(self.not_found()),
        }
    }

    /// The folder at the path.
    pub(super) async fn folder(&self, tx: &mut dyn Tx, storage: &Storage) -> Result<FolderId, StorageError> {
        match self.entry(tx, storage).await? {
            Some(Entry::Folder(folder)) => Ok(folder),
            Some(Entry::File(_)) | None => Err(self.not_found()),
        }
    }

    /// The folder at the path, made with its parents when it is missing.
    pub(super) async fn make_folder(
        &self,
        tx: &mut dyn Tx,
        storage: &Storage,
        now: Timestamp,
    ) -> Result<FolderId, StorageError> {
        self.make_way(tx, storage, self.path.clone(), now).await
    }

    /// The folder that holds the path, made with its parents when it is missing, and the last name. Paths below it may be
    /// longer by `reach` bytes.
    pub(super) async fn make_parent(
        &self,
        tx: &mut dyn Tx,
        storage: &Storage,
        reach: u64,
        now: Timestamp,
    ) -> Result<(FolderId, String), StorageError> {
        let (parent, name) = self.path.split().ok_or(StorageError::Root)?;
        let length = below(&self.path).saturating_add(reach);
        if length > limit() {
            return Err(StoragePathError::TooLong.into());
        }
        let folder = self.make_way(tx, storage, parent, now).await?;
        self.extend_reach(tx, storage, length).await?;
        Ok((folder, name.to_owned()))
    }

    async fn make_way(
        &self,
        tx: &mut dyn Tx,
        storage: &Storage,
        path: StoragePath,
        now: Timestamp,
    ) -> Result<FolderId, StorageError> {
        let mut folder = storage.root;
        let mut made = false;
        for name in path.segments() {
            folder = match tx.storage_entries().find(folder, name).await? {
                Some(Entry::Folder(found)) => found,
                Some(Entry::File(_)) => return Err(StorageError::IsFile(self.at(path.clone()).text())),
                None => {
                    made = true;
                    tx.storage_entries().insert_folder(storage.id, folder, name, now).await?
                }
            };
        }
        if made {
            self.at(path.clone()).extend_reach(tx, storage, below(&path)).await?;
        }
        Ok(folder)
    }

    /// Lets every folder above the path know that paths of so many bytes, counted from the root, lie below it.
    async fn extend_reach(&self, tx: &mut dyn Tx, storage: &Storage, length: u64) -> Result<(), StorageError> {
        let mut folders = vec![(storage.root, 0)];
        let mut depth = 0_u64;
        let (parent, _) = self.path.split().ok_or(StorageError::Root)?;
        for name in parent.segments() {
            let Some(&(above, _)) = folders.last() else { break };
            let Some(Entry::Folder(folder)) = tx.storage_entries().find(above, name).await? else { break };
            depth = depth.saturating_add(1).saturating_add(name.len() as u64);
            folders.push((folder, depth));
        }
        // From below: where a folder reaches far enough, all above it do.
        for (folder, depth) in folders.into_iter().rev() {
            let reach = length.saturating_sub(depth);
            if tx.storage_entries().reach(folder).await? >= reach {
                break;
            }
            tx.storage_entries().set_reach(folder, reach).await?;
        }
        Ok(())
    }
}

/// The length of a path counted from the root, with a `/` before each name, in bytes.
fn below(path: &StoragePath) -> u64 {
    if path.is_root() { 0 } else { path.as_str().len() as u64 + 1 }
}

/// The longest path, counted in the same way.
fn limit() -> u64 {
    StoragePath::LIMIT as u64 + 1
}
