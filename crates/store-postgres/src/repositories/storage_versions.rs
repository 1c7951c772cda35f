//! Versions of files in storages, and the bytes that they name.

use async_trait::async_trait;
use countersign_domain::ids::{StorageFileId, StorageId, StorageObjectId};
use countersign_domain::storage::{FileVersion, StorageFile, VersionId};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{NewObject, StorageObject, StorageVersions};
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const LATEST: &str = "select v.id, o.size, o.sha256, o.md5, v.media_type, v.created_at, o.object_key
    from storage_versions v join storage_objects o on o.id = v.object where v.file = $1 and v.replaced_at is null";
const FIND: &str = "select v.id, o.size, o.sha256, o.md5, v.media_type, v.created_at, o.object_key
    from storage_versions v join storage_objects o on o.id = v.object where v.file = $1 and v.id = $2";
const LIST: &str =
    "select v.id, o.size, o.sha256, o.md5, v.media_type, v.created_at, o.object_key, v.replaced_at is null
    from storage_versions v join storage_objects o on o.id = v.object where v.file = $1 order by v.id desc";
const REPLACE: &str = "update storage_versions set replaced_at = $2 where file = $1 and replaced_at is null";
const INSERT: &str = "insert into storage_versions (storage, file, object, media_type, created_at)
    values ($1, $2, $3, $4, $5) returning id";
const DELETE: &str = "delete from storage_versions where file = $1 and id = $2";
const RESTORE: &str = "update storage_versions set replaced_at = null
    where id = (select max(id) from storage_versions where file = $1)";
const LIST_REPLACED: &str =
    "select v.file, v.id, o.size from storage_versions v join storage_objects o on o.id = v.object
    where v.storage = $1 and v.replaced_at < $2 order by v.replaced_at limit $3";
const OBJECT_OF: &str = "select o.id, o.sha256, o.md5, o.size, o.object_key
    from storage_versions v join storage_objects o on o.id = v.object where v.id = $1";
const FIND_OBJECT: &str =
    "select id, sha256, md5, size, object_key from storage_objects where storage = $1 and sha256 = $2";
const INSERT_OBJECT: &str = "insert into storage_objects (storage, sha256, md5, size, object_key, created_at)
    values ($1, $2, $3, $4, $5, $6) returning id";
const SET_OBJECT_KEY: &str = "update storage_objects set object_key = $2 where id = $1";
const DELETE_OBJECT: &str = "delete from storage_objects
    where id = $1 and not exists (select 1 from storage_versions where object = $1) returning object_key";
const LIST_OBJECTS: &str = "select id, sha256, md5, size, object_key from storage_objects
    where storage = $1 and id > $2 order by id limit $3";
const FIND_OBJECT_KEYS: &str = "select wanted.key from unnest($1::text[]) with ordinality as wanted (key, position)
    where exists (select 1 from storage_objects where object_key = wanted.key) order by wanted.position";

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
    FIND_OBJECT_KEYS,
];

#[async_trait]
impl StorageVersions for PgTx<'_> {
    async fn latest(&mut self, file: StorageFileId) -> Result<Option<StorageFile>, StoreError> {
        self.first(LATEST, &[&file.0], |row| storage_file(row, 0)).await
    }

    async fn find(&mut self, file: StorageFileId, version: VersionId) -> Result<Option<StorageFile>, StoreError> {
        self.first(FIND, &[&file.0, &version.0], |row| storage_file(row, 0)).await
    }

    async fn list(&mut self, file: StorageFileId) -> Result<Vec<FileVersion>, StoreError> {
        let read = |row: &Row| Ok(FileVersion { file: storage_file(row, 0)?, is_latest: column(row, 7)? });
        self.all(LIST, &[&file.0], read).await
    }

    async fn insert(
        &mut self,
        storage: StorageId,
        file: StorageFileId,
        object: StorageObjectId,
        media_type: Option<&str>,
        now: Timestamp,
    ) -> Result<VersionId, StoreError> {
        self.changed(REPLACE, &[&file.0, &now.as_millis()]).await?;
        let values: [Value<'_>; 5] = [&storage.0, &file.0, &object.0, &media_type, &now.as_millis()];
        let id = self.inserted(INSERT, &values).await?;
        self.check(Place { table: "storage_versions", row: 0 }.present("id", id.map(VersionId)))
    }

    async fn delete(&mut self, file: StorageFileId, version: VersionId) -> Result<(), StoreError> {
        self.changed(DELETE, &[&file.0, &version.0]).await?;
        self.changed(RESTORE, &[&file.0]).await.map(|_| ())
    }

    async fn list_replaced(
        &mut self,
        storage: StorageId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<(StorageFileId, VersionId, u64)>, StoreError> {
        let read = |row: &Row| {
            let version: i64 = column(row, 1)?;
            let place = Place { table: "storage_versions", row: version };
            let size = place.check("size", u64::try_from(column::<i64>(row, 2)?))?;
            Ok((StorageFileId(column(row, 0)?), VersionId(version), size))
        };
        self.all(LIST_REPLACED, &[&storage.0, &before.as_millis(), &i64::from(limit)], read).await
    }

    async fn object_of(&mut self, version: VersionId) -> Result<Option<StorageObject>, StoreError> {
        self.first(OBJECT_OF, &[&version.0], object).await
    }

    async fn find_object(
        &mut self,
        storage: StorageId,
        sha256: &[u8; 32],
    ) -> Result<Option<StorageObject>, StoreError> {
        self.first(FIND_OBJECT, &[&storage.0, &&sha256[..]], object).await
    }

    async fn insert_object(
        &mut self,
        storage: StorageId,
        object: &NewObject,
        now: Timestamp,
    ) -> Result<StorageObjectId, StoreError> {
        let place = Place { table: "storage_objects", row: 0 };
        let size = self.check(place.check("size", i64::try_from(object.size)))?;
        let (sha256, md5) = (&object.sha256[..], &object.md5[..]);
        let values: [Value<'_>; 6] = [&storage.0, &sha256, &md5, &size, &object.object_key, &now.as_millis()];
        let id = self.inserted(INSERT_OBJECT, &values).await?;
        self.check(place.present("id", id.map(StorageObjectId)))
    }

    async fn set_object_key(&mut self, object: StorageObjectId, object_key: &str) -> Result<(), StoreError> {
        self.changed(SET_OBJECT_KEY, &[&object.0, &object_key]).await.map(|_| ())
    }

    async fn delete_unused_object(&mut self, object: StorageObjectId) -> Result<Option<String>, StoreError> {
        self.first(DELETE_OBJECT, &[&object.0], |row| column(row, 0)).await
    }

    async fn list_objects(
        &mut self,
        storage: StorageId,
        after: StorageObjectId,
        limit: u32,
    ) -> Result<Vec<StorageObject>, StoreError> {
        self.all(LIST_OBJECTS, &[&storage.0, &after.0, &i64::from(limit)], object).await
    }

    async fn find_by_object_keys(&mut self, keys: &[String]) -> Result<Vec<String>, StoreError> {
        self.all(FIND_OBJECT_KEYS, &[&keys], |row| column(row, 0)).await
    }
}

/// A version from the seven columns that start at `from`: id, size, sha256, md5, media type, creation, object key.
pub(super) fn storage_file(row: &Row, from: usize) -> Result<StorageFile, StoreError> {
    let version: i64 = column(row, from)?;
    let place = Place { table: "storage_objects of storage_versions", row: version };
    Ok(StorageFile {
        version: VersionId(version),
        size: place.check("size", u64::try_from(column::<i64>(row, from + 1)?))?,
        sha256: place.check("sha256", column::<&[u8]>(row, from + 2)?.try_into())?,
        md5: place.check("md5", column::<&[u8]>(row, from + 3)?.try_into())?,
        media_type: column(row, from + 4)?,
        modified: time(column(row, from + 5)?),
        object_key: column(row, from + 6)?,
    })
}

fn object(row: &Row) -> Result<StorageObject, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "storage_objects", row: id };
    let content = NewObject {
        sha256: place.check("sha256", column::<&[u8]>(row, 1)?.try_into())?,
        md5: place.check("md5", column::<&[u8]>(row, 2)?.try_into())?,
        size: place.check("size", u64::try_from(column::<i64>(row, 3)?))?,
        object_key: column(row, 4)?,
    };
    Ok(StorageObject { id: StorageObjectId(id), content })
}
