//! Versions of files in storages, and the bytes that they name.

use async_trait::async_trait;
use countersign_domain::ids::{StorageFileId, StorageId, StorageObjectId};
use countersign_domain::storage::{FileVersion, StorageFile, VersionId};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{NewObject, StorageObject, StorageVersions};
use rusqlite::Row;

use crate::rows::{Place, all, changed, column, first, inserted, time};
use crate::transaction::SqliteTx;

const LATEST: &str = "select v.id, o.size, o.sha256, o.md5, v.media_type, v.created_at, o.object_key
    from storage_versions v join storage_objects o on o.id = v.object where v.file = ?1 and v.replaced_at is null";
const FIND: &str = "select v.id, o.size, o.sha256, o.md5, v.media_type, v.created_at, o.object_key
    from storage_versions v join storage_objects o on o.id = v.object where v.file = ?1 and v.id = ?2";
const LIST: &str =
    "select v.id, o.size, o.sha256, o.md5, v.media_type, v.created_at, o.object_key, v.replaced_at is null
    from storage_versions v join storage_objects o on o.id = v.object where v.file = ?1 order by v.id desc";
const REPLACE: &str = "update storage_versions set replaced_at = ?2 where file = ?1 and replaced_at is null";
const INSERT: &str = "insert into storage_versions (storage, file, object, media_type, created_at)
    values (?1, ?2, ?3, ?4, ?5) returning id";
const DELETE: &str = "delete from storage_versions where file = ?1 and id = ?2";
const RESTORE: &str = "update storage_versions set replaced_at = null
    where id = (select max(id) from storage_versions where file = ?1)";
const LIST_REPLACED: &str =
    "select v.file, v.id, o.size from storage_versions v join storage_objects o on o.id = v.object
    where v.storage = ?1 and v.replaced_at < ?2 order by v.replaced_at limit ?3";
const OBJECT_OF: &str = "select o.id, o.sha256, o.md5, o.size, o.object_key
    from storage_versions v join storage_objects o on o.id = v.object where v.id = ?1";
const FIND_OBJECT: &str =
    "select id, sha256, md5, size, object_key from storage_objects where storage = ?1 and sha256 = ?2";
const INSERT_OBJECT: &str = "insert into storage_objects (storage, sha256, md5, size, object_key, created_at)
    values (?1, ?2, ?3, ?4, ?5, ?6) returning id";
const SET_OBJECT_KEY: &str = "update storage_objects set object_key = ?2 where id = ?1";
const DELETE_OBJECT: &str = "delete from storage_objects
    where id = ?1 and not exists (select 1 from storage_versions where object = ?1) returning object_key";
const LIST_OBJECTS: &str = "select id, sha256, md5, size, object_key from storage_objects
    where storage = ?1 and id > ?2 order by id limit ?3";
const FIND_OBJECT_KEY: &str = "select object_key from storage_objects where object_key = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    LATEST,
    FIND,
    LIST,
    REPLACE,
    INSERT,
    DELETE,
    RESTORE,
    LIST_REPLACED,
    OBJECT_OF,
    FIND_OBJECT,
    INSERT_OBJECT,
    SET_OBJECT_KEY,
    DELETE_OBJECT,
    LIST_OBJECTS,
    FIND_OBJECT_KEY,
];

#[async_trait]
impl StorageVersions for SqliteTx<'_> {
    async fn latest(&mut self, file: StorageFileId) -> Result<Option<StorageFile>, StoreError> {
        self.attempt(|c| first(c, LATEST, [file.0], |row| storage_file(row, 0)))
    }

    async fn find(&mut self, file: StorageFileId, version: VersionId) -> Result<Option<StorageFile>, StoreError> {
        self.attempt(|c| first(c, FIND, (file.0, version.0), |row| storage_file(row, 0)))
    }

    async fn list(&mut self, file: StorageFileId) -> Result<Vec<FileVersion>, StoreError> {
        self.attempt(|c| {
            all(c, LIST, [file.0], |row| Ok(FileVersion { file: storage_file(row, 0)?, is_latest: column(row, 7)? }))
        })
    }

    async fn insert(
        &mut self,
        storage: StorageId,
        file: StorageFileId,
        object: StorageObjectId,
        media_type: Option<&str>,
        now: Timestamp,
    ) -> Result<VersionId, StoreError> {
        self.attempt(|c| {
            changed(c, REPLACE, (file.0, now.as_millis()))?;
            let id = inserted(c, INSERT, (storage.0, file.0, object.0, media_type, now.as_millis()))?;
            Place { table: "storage_versions", row: 0 }.present("id", id.map(VersionId))
        })
    }

    async fn delete(&mut self, file: StorageFileId, version: VersionId) -> Result<(), StoreError> {
        self.attempt(|c| {
            changed(c, DELETE, (file.0, version.0))?;
            changed(c, RESTORE, [file.0]).map(|_| ())
        })
    }

    async fn list_replaced(
        &mut self,
        storage: StorageId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<(StorageFileId, VersionId, u64)>, StoreError> {
        self.attempt(|c| {
            all(c, LIST_REPLACED, (storage.0, before.as_millis(), limit), |row| {
                let version: i64 = column(row, 1)?;
                let place = Place { table: "storage_versions", row: version };
                let size = place.check("size", u64::try_from(column::<i64>(row, 2)?))?;
                Ok((StorageFileId(column(row, 0)?), VersionId(version), size))
            })
        })
    }

    async fn object_of(&mut self, version: VersionId) -> Result<Option<StorageObject>, StoreError> {
        self.attempt(|c| first(c, OBJECT_OF, [version.0], object))
    }

    async fn find_object(
        &mut self,
        storage: StorageId,
        sha256: &[u8; 32],
    ) -> Result<Option<StorageObject>, StoreError> {
        self.attempt(|c| first(c, FIND_OBJECT, (storage.0, &sha256[..]), object))
    }

    async fn insert_object(
        &mut self,
        storage: StorageId,
        object: &NewObject,
        now: Timestamp,
    ) -> Result<StorageObjectId, StoreError> {
        self.attempt(|c| {
            let place = Place { table: "storage_objects", row: 0 };
            let size = place.check("size", i64::try_from(object.size))?;
            let values = (storage.0, &object.sha256[..], &object.md5[..], size, &object.object_key, now.as_millis());
            place.present("id", inserted(c, INSERT_OBJECT, values)?.map(StorageObjectId))
        })
    }

    async fn set_object_key(&mut self, object: StorageObjectId, object_key: &str) -> Result<(), StoreError> {
        self.attempt(|c| changed(c, SET_OBJECT_KEY, (object.0, object_key)).map(|_| ()))
    }

    async fn delete_unused_object(&mut self, object: StorageObjectId) -> Result<Option<String>, StoreError> {
        self.attempt(|c| first(c, DELETE_OBJECT, [object.0], |row| column(row, 0)))
    }

    async fn list_objects(
        &mut self,
        storage: StorageId,
        after: StorageObjectId,
        limit: u32,
    ) -> Result<Vec<StorageObject>, StoreError> {
        self.attempt(|c| all(c, LIST_OBJECTS, (storage.0, after.0, limit), object))
    }

    async fn find_by_object_keys(&mut self, keys: &[String]) -> Result<Vec<String>, StoreError> {
        self.attempt(|c| {
            let found = keys.iter().map(|key| first(c, FIND_OBJECT_KEY, [key], |row| column(row, 0)));
            found.filter_map(Result::transpose).collect()
        })
    }
}

/// A version from the seven columns that start at `from`: id, size, sha256, md5, media type, creation, object key.
pub(super) fn storage_file(row: &Row<'_>, from: usize) -> Result<StorageFile, StoreError> {
    let version: i64 = column(row, from)?;
    let place = Place { table: "storage_objects of storage_versions", row: version };
    Ok(StorageFile {
        version: VersionId(version),
        size: place.check("size", u64::try_from(column::<i64>(row, from + 1)?))?,
        sha256: column(row, from + 2)?,
        md5: column(row, from + 3)?,
        media_type: column(row, from + 4)?,
        modified: time(column(row, from + 5)?),
        object_key: column(row, from + 6)?,
    })
}

fn object(row: &Row<'_>) -> Result<StorageObject, StoreError> {
    let id: i64 = column(row, 0)?;
    let size = Place { table: "storage_objects", row: id }.check("size", u64::try_from(column::<i64>(row, 3)?))?;
    let content = NewObject { sha256: column(row, 1)?, md5: column(row, 2)?, size, object_key: column(row, 4)? };
    Ok(StorageObject { id: StorageObjectId(id), content })
}
