//! Folders and files of storages.

use async_trait::async_trait;
use countersign_domain::ids::{FolderId, StorageFileId, StorageId};
use countersign_domain::storage::{FolderEntry, ListAfter};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Entry, StorageEntries};
use tokio_postgres::Row;

use super::storage_versions::storage_file;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const FIND_FOLDER: &str = "select id from storage_folders where parent = $1 and name = $2";
const FIND_FILE: &str = "select id from storage_files where folder = $1 and name = $2";
const LIST_FOLDERS: &str = "select id, name, created_at from storage_folders
    where parent = $1 and name > $2 order by name limit $3";
const LIST_FILES: &str = "select f.id, f.name, v.id, o.size, o.sha256, o.md5, v.media_type, v.created_at, o.object_key
    from storage_files f join storage_versions v on v.file = f.id and v.replaced_at is null
    join storage_objects o on o.id = v.object where f.folder = $1 and f.name > $2 order by f.name limit $3";
const INSERT_FOLDER: &str = "insert into storage_folders (storage, parent, name, state, created_at)
    values ($1, $2, $3, 'tree', $4) returning id";
const INSERT_FILE: &str =
    "insert into storage_files (storage, folder, name, created_at) values ($1, $2, $3, $4) returning id";
const MOVE_FOLDER: &str = "update storage_folders set parent = $2, name = $3 where id = $1";
const MOVE_FILE: &str = "update storage_files set folder = $2, name = $3 where id = $1";
const FIND_CREATION: &str = "select created_at from storage_folders where id = $1";
const FIND_REACH: &str = "select reach from storage_folders where id = $1";
const SET_REACH: &str = "update storage_folders set reach = $2 where id = $1";
const DELETE_FOLDER: &str = "delete from storage_folders where id = $1";
const DELETE_FILE: &str = "delete from storage_files where id = $1";
const DETACH: &str = "update storage_folders set parent = null, state = 'detached' where id = $2 and storage = $1";
const LIST_DETACHED: &str =
    "select id from storage_folders where storage = $1 and state = 'detached' order by id limit $2";

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
impl StorageEntries for PgTx<'_> {
    async fn find(&mut self, folder: FolderId, name: &str) -> Result<Option<Entry>, StoreError> {
        let found = self.first(FIND_FOLDER, &[&folder.0, &name], |row| column(row, 0)).await?;
        if let Some(id) = found {
            return Ok(Some(Entry::Folder(FolderId(id))));
        }
        let found = self.first(FIND_FILE, &[&folder.0, &name], |row| column(row, 0)).await?;
        Ok(found.map(|id| Entry::File(StorageFileId(id))))
    }

    async fn list(
        &mut self,
        folder: FolderId,
        after: Option<&ListAfter>,
        limit: u32,
    ) -> Result<Vec<(Entry, FolderEntry)>, StoreError> {
        let (folders_after, files_after) = match after {
            None => (Some(""), ""),
            Some(ListAfter { is_folder: true, name }) => (Some(name.as_str()), ""),
            Some(ListAfter { is_folder: false, name }) => (None, name.as_str()),
        };
        let mut entries = match folders_after {
            Some(after) => self.all(LIST_FOLDERS, &[&folder.0, &after, &i64::from(limit)], folder_entry).await?,
            None => Vec::new(),
        };
        let left = i64::from(limit).saturating_sub(i64::try_from(entries.len()).unwrap_or(i64::MAX));
        if left > 0 {
            entries.extend(self.all(LIST_FILES, &[&folder.0, &files_after, &left], file_entry).await?);
        }
        Ok(entries)
    }

    async fn insert_folder(
        &mut self,
        storage: StorageId,
        folder: FolderId,
        name: &str,
        now: Timestamp,
    ) -> Result<FolderId, StoreError> {
        let id = self.inserted(INSERT_FOLDER, &[&storage.0, &folder.0, &name, &now.as_millis()]).await?;
        self.check(Place { table: "storage_folders", row: 0 }.present("id", id.map(FolderId)))
    }

    async fn insert_file(
        &mut self,
        storage: StorageId,
        folder: FolderId,
        name: &str,
        now: Timestamp,
    ) -> Result<StorageFileId, StoreError> {
        let id = self.inserted(INSERT_FILE, &[&storage.0, &folder.0, &name, &now.as_millis()]).await?;
        self.check(Place { table: "storage_files", row: 0 }.present("id", id.map(StorageFileId)))
    }

    async fn set_place(&mut self, entry: Entry, folder: FolderId, name: &str) -> Result<(), StoreError> {
        let (sql, id) = match entry {
            Entry::File(id) => (MOVE_FILE, id.0),
            Entry::Folder(id) => (MOVE_FOLDER, id.0),
        };
        self.changed(sql, &[&id, &folder.0, &name]).await.map(|_| ())
    }

    async fn created_at(&mut self, folder: FolderId) -> Result<Option<Timestamp>, StoreError> {
        self.first(FIND_CREATION, &[&folder.0], |row| column(row, 0).map(time)).await
    }

    async fn reach(&mut self, folder: FolderId) -> Result<u64, StoreError> {
        let reach: i64 = self.first(FIND_REACH, &[&folder.0], |row| column(row, 0)).await?.unwrap_or(0);
        self.check(Place { table: "storage_folders", row: folder.0 }.check("reach", u64::try_from(reach)))
    }

    async fn set_reach(&mut self, folder: FolderId, reach: u64) -> Result<(), StoreError> {
        let place = Place { table: "storage_folders", row: folder.0 };
        let reach = self.check(place.check("reach", i64::try_from(reach)))?;
        self.changed(SET_REACH, &[&folder.0, &reach]).await.map(|_| ())
    }

    async fn delete(&mut self, entry: Entry) -> Result<(), StoreError> {
        let (sql, id) = match entry {
            Entry::File(id) => (DELETE_FILE, id.0),
            Entry::Folder(id) => (DELETE_FOLDER, id.0),
        };
        self.changed(sql, &[&id]).await.map(|_| ())
    }

    async fn detach(&mut self, storage: StorageId, folder: FolderId) -> Result<(), StoreError> {
        self.changed(DETACH, &[&storage.0, &folder.0]).await.map(|_| ())
    }

    async fn list_detached(&mut self, storage: StorageId, limit: u32) -> Result<Vec<FolderId>, StoreError> {
        self.all(LIST_DETACHED, &[&storage.0, &i64::from(limit)], |row| column(row, 0).map(FolderId)).await
    }
}

fn folder_entry(row: &Row) -> Result<(Entry, FolderEntry), StoreError> {
    let entry = FolderEntry { name: column(row, 1)?, file: None, modified: time(column(row, 2)?) };
    Ok((Entry::Folder(FolderId(column(row, 0)?)), entry))
}

fn file_entry(row: &Row) -> Result<(Entry, FolderEntry), StoreError> {
    let file = storage_file(row, 2)?;
    let entry = FolderEntry { name: column(row, 1)?, modified: file.modified, file: Some(file) };
    Ok((Entry::File(StorageFileId(column(row, 0)?)), entry))
}
