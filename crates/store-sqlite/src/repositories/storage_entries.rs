//! Folders and files of storages.

use async_trait::async_trait;
use countersign_domain::ids::{FolderId, StorageFileId, StorageId};
use countersign_domain::storage::{FolderEntry, ListAfter};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Entry, StorageEntries};
use rusqlite::Row;

use super::storage_versions::storage_file;
use crate::rows::{Place, all, changed, column, first, inserted, time};
use crate::transaction::SqliteTx;

const FIND_FOLDER: &str = "select id from storage_folders where parent = ?1 and name = ?2";
const FIND_FILE: &str = "select id from storage_files where folder = ?1 and name = ?2";
const LIST_FOLDERS: &str = "select id, name, created_at from storage_folders
    where parent = ?1 and name > ?2 order by name limit ?3";
const LIST_FILES: &str = "select f.id, f.name, v.id, o.size, o.sha256, o.md5, v.media_type, v.created_at, o.object_key
    from storage_files f join storage_versions v on v.file = f.id and v.replaced_at is null
    join storage_objects o on o.id = v.object where f.folder = ?1 and f.name > ?2 order by f.name limit ?3";
const INSERT_FOLDER: &str = "insert into storage_folders (storage, parent, name, state, created_at)
    values (?1, ?2, ?3, 'tree', ?4) returning id";
const INSERT_FILE: &str =
    "insert into storage_files (storage, folder, name, created_at) values (?1, ?2, ?3, ?4) returning id";
const MOVE_FOLDER: &str = "update storage_folders set parent = ?2, name = ?3 where id = ?1";
const MOVE_FILE: &str = "update storage_files set folder = ?2, name = ?3 where id = ?1";
const FIND_CREATION: &str = "select created_at from storage_folders where id = ?1";
const FIND_REACH: &str = "select reach from storage_folders where id = ?1";
const SET_REACH: &str = "update storage_folders set reach = ?2 where id = ?1";
const DELETE_FOLDER: &str = "delete from storage_folders where id = ?1";
const DELETE_FILE: &str = "delete from storage_files where id = ?1";
const DETACH: &str = "update storage_folders set parent = null, state = 'detached' where id = ?2 and storage = ?1";
const LIST_DETACHED: &str =
    "select id from storage_folders where storage = ?1 and state = 'detached' order by id limit ?2";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    FIND_FOLDER,
    FIND_FILE,
    LIST_FOLDERS,
    LIST_FILES,
    INSERT_FOLDER,
    INSERT_FILE,
    MOVE_FOLDER,
    MOVE_FILE,
    FIND_CREATION,
    FIND_REACH,
    SET_REACH,
    DELETE_FOLDER,
    DELETE_FILE,
    DETACH,
    LIST_DETACHED,
];

#[async_trait]
impl StorageEntries for SqliteTx<'_> {
    async fn find(&mut self, folder: FolderId, name: &str) -> Result<Option<Entry>, StoreError> {
        self.attempt(|c| {
            let found = first(c, FIND_FOLDER, (folder.0, name), |row| column(row, 0))?;
            if let Some(id) = found {
                return Ok(Some(Entry::Folder(FolderId(id))));
            }
            let found = first(c, FIND_FILE, (folder.0, name), |row| column(row, 0))?;
            Ok(found.map(|id| Entry::File(StorageFileId(id))))
        })
    }

    async fn list(
        &mut self,
        folder: FolderId,
        after: Option<&ListAfter>,
        limit: u32,
    ) -> Result<Vec<(Entry, FolderEntry)>, StoreError> {
        self.attempt(|c| {
            let (folders_after, files_after) = match after {
                None => (Some(""), ""),
                Some(ListAfter { is_folder: true, name }) => (Some(name.as_str()), ""),
                Some(ListAfter { is_folder: false, name }) => (None, name.as_str()),
            };
            let mut entries = match folders_after {
                Some(after) => all(c, LIST_FOLDERS, (folder.0, after, limit), folder_entry)?,
                None => Vec::new(),
            };
            let left = limit.saturating_sub(u32::try_from(entries.len()).unwrap_or(u32::MAX));
            if left > 0 {
                entries.extend(all(c, LIST_FILES, (folder.0, files_after, left), file_entry)?);
            }
            Ok(entries)
        })
    }

    async fn insert_folder(
        &mut self,
        storage: StorageId,
        folder: FolderId,
        name: &str,
        now: Timestamp,
    ) -> Result<FolderId, StoreError> {
        self.attempt(|c| {
            let id = inserted(c, INSERT_FOLDER, (storage.0, folder.0, name, now.as_millis()))?;
            Place { table: "storage_folders", row: 0 }.present("id", id.map(FolderId))
        })
    }

    async fn insert_file(
        &mut self,
        storage: StorageId,
        folder: FolderId,
        name: &str,
        now: Timestamp,
    ) -> Result<StorageFileId, StoreError> {
        self.attempt(|c| {
            let id = inserted(c, INSERT_FILE, (storage.0, folder.0, name, now.as_millis()))?;
            Place { table: "storage_files", row: 0 }.present("id", id.map(StorageFileId))
        })
    }

    async fn set_place(&mut self, entry: Entry, folder: FolderId, name: &str) -> Result<(), StoreError> {
        self.attempt(|c| match entry {
            Entry::File(id) => changed(c, MOVE_FILE, (id.0, folder.0, name)).map(|_| ()),
            Entry::Folder(id) => changed(c, MOVE_FOLDER, (id.0, folder.0, name)).map(|_| ()),
        })
    }

    async fn created_at(&mut self, folder: FolderId) -> Result<Option<Timestamp>, StoreError> {
        self.attempt(|c| first(c, FIND_CREATION, [folder.0], |row| column(row, 0).map(time)))
    }

    async fn reach(&mut self, folder: FolderId) -> Result<u64, StoreError> {
        self.attempt(|c| {
            let reach = first(c, FIND_REACH, [folder.0], |row| column::<i64>(row, 0))?;
            Place { table: "storage_folders", row: folder.0 }.check("reach", u64::try_from(reach.unwrap_or(0)))
        })
    }

    async fn set_reach(&mut self, folder: FolderId, reach: u64) -> Result<(), StoreError> {
        self.attempt(|c| {
            let place = Place { table: "storage_folders", row: folder.0 };
            changed(c, SET_REACH, (folder.0, place.check("reach", i64::try_from(reach))?)).map(|_| ())
        })
    }

    async fn delete(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.attempt(|c| match entry {
            Entry::File(id) => changed(c, DELETE_FILE, [id.0]).map(|_| ()),
            Entry::Folder(id) => changed(c, DELETE_FOLDER, [id.0]).map(|_| ()),
        })
    }

    async fn detach(&mut self, storage: StorageId, folder: FolderId) -> Result<(), StoreError> {
        self.attempt(|c| changed(c, DETACH, (storage.0, folder.0)).map(|_| ()))
    }

    async fn list_detached(&mut self, storage: StorageId, limit: u32) -> Result<Vec<FolderId>, StoreError> {
        self.attempt(|c| all(c, LIST_DETACHED, (storage.0, limit), |row| column(row, 0).map(FolderId)))
    }
}

fn folder_entry(row: &Row<'_>) -> Result<(Entry, FolderEntry), StoreError> {
    let entry = FolderEntry { name: column(row, 1)?, file: None, modified: time(column(row, 2)?) };
    Ok((Entry::Folder(FolderId(column(row, 0)?)), entry))
}

fn file_entry(row: &Row<'_>) -> Result<(Entry, FolderEntry), StoreError> {
    let file = storage_file(row, 2)?;
    let entry = FolderEntry { name: column(row, 1)?, modified: file.modified, file: Some(file) };
    Ok((Entry::File(StorageFileId(column(row, 0)?)), entry))
}
