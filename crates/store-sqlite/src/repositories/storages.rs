//! Storages: what they are called, where their bytes lie, and how much they may hold.

use async_trait::async_trait;
use countersign_domain::ids::{FolderId, SiteId, StorageId};
use countersign_domain::storage::{BackEnd, Bucket, Storage, StorageName};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Deleted, NewStorage, StorageSettings, Storages};
use rusqlite::{Row, params};

use crate::rows::{Place, all, changed, column, exists, first, inserted, time};
use crate::transaction::SqliteTx;

const INSERT: &str = "insert into storages
    (site, name, kind, directory, endpoint, region, bucket, prefix, versioned, quota, created_at)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) on conflict do nothing returning id";
const INSERT_ROOT: &str = "insert into storage_folders (storage, name, state, created_at) values (?1, '', 'root', ?2)";
const FIND: &str =
    "select s.id, s.name, s.kind, s.directory, s.endpoint, s.region, s.bucket, s.prefix, s.versioned, s.quota,
    s.used, s.created_at, f.id from storages s join storage_folders f on f.storage = s.id and f.state = 'root'
    where s.site = ?1 and s.name = ?2";
const LIST: &str =
    "select s.id, s.name, s.kind, s.directory, s.endpoint, s.region, s.bucket, s.prefix, s.versioned, s.quota,
    s.used, s.created_at, f.id from storages s join storage_folders f on f.storage = s.id and f.state = 'root'
    where s.site = ?1 order by s.name";
const FIND_BY_ID: &str =
    "select s.id, s.name, s.kind, s.directory, s.endpoint, s.region, s.bucket, s.prefix, s.versioned,
    s.quota, s.used, s.created_at, f.id from storages s join storage_folders f on f.storage = s.id and f.state = 'root'
    where s.id = ?1";
const SET_USED: &str = "update storages set used = ?2 where id = ?1";
const SET: &str = "update storages set versioned = ?2, quota = ?3 where id = ?1";
const FIND_CREDENTIALS: &str = "select sealed_credentials from storages where id = ?1";
const SET_CREDENTIALS: &str = "update storages set sealed_credentials = ?2 where id = ?1";
const IN_USE: &str = "select exists (select 1 from storage_folders where storage = ?1 and state <> 'root')
    or exists (select 1 from storage_files where storage = ?1)
    or exists (select 1 from storage_objects where storage = ?1)";
const DELETE_ROOT: &str = "delete from storage_folders where storage = ?1";
const DELETE: &str = "delete from storages where id = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    INSERT_ROOT,
    FIND,
    LIST,
    FIND_BY_ID,
    SET_USED,
    SET,
    FIND_CREDENTIALS,
    SET_CREDENTIALS,
    IN_USE,
    DELETE_ROOT,
    DELETE,
];

#[async_trait]
impl Storages for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        storage: &NewStorage,
        now: Timestamp,
    ) -> Result<Option<StorageId>, StoreError> {
        self.attempt(|c| {
            let place = Columns::of(&storage.back_end);
            let quota = quota(storage.settings)?;
            let values = params![
                site.0,
                storage.name.as_str(),
                storage.back_end.kind(),
                place.directory,
                place.endpoint,
                place.region,
                place.bucket,
                place.prefix,
                storage.settings.versioned,
                quota,
                now.as_millis()
            ];
            let Some(id) = inserted(c, INSERT, values)? else { return Ok(None) };
            changed(c, INSERT_ROOT, (id, now.as_millis()))?;
            Ok(Some(StorageId(id)))
        })
    }

    async fn find(&mut self, site: SiteId, name: &StorageName) -> Result<Option<Storage>, StoreError> {
        self.attempt(|c| first(c, FIND, (site.0, name.as_str()), storage))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Storage>, StoreError> {
        self.attempt(|c| all(c, LIST, [site.0], storage))
    }

    /// Nobody else writes while this unit does.
    async fn lock(&mut self, id: StorageId) -> Result<Option<Storage>, StoreError> {
        self.attempt(|c| first(c, FIND_BY_ID, [id.0], storage))
    }

    async fn set_used(&mut self, id: StorageId, used: u64) -> Result<(), StoreError> {
        self.attempt(|c| {
            let used = Place { table: "storages", row: id.0 }.check("used", i64::try_from(used))?;
            changed(c, SET_USED, (id.0, used)).map(|_| ())
        })
    }

    async fn set(&mut self, id: StorageId, settings: StorageSettings) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, SET, (id.0, settings.versioned, quota(settings)?))? > 0))
    }

    async fn credentials(&mut self, id: StorageId) -> Result<Option<Vec<u8>>, StoreError> {
        self.attempt(|c| Ok(first(c, FIND_CREDENTIALS, [id.0], |row| column(row, 0))?.flatten()))
    }

    async fn set_credentials(&mut self, id: StorageId, sealed: Option<&[u8]>) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, SET_CREDENTIALS, (id.0, sealed))? > 0))
    }

    async fn delete(&mut self, id: StorageId) -> Result<Deleted, StoreError> {
        self.attempt(|c| {
            if exists(c, IN_USE, [id.0])? {
                return Ok(Deleted::InUse);
            }
            changed(c, DELETE_ROOT, [id.0])?;
            Ok(if changed(c, DELETE, [id.0])? > 0 { Deleted::Yes } else { Deleted::Unknown })
        })
    }
}

/// The columns that say where bytes lie.
#[derive(Default)]
struct Columns<'a> {
    directory: Option<&'a str>,
    endpoint: Option<&'a str>,
    region: Option<&'a str>,
    bucket: Option<&'a str>,
    prefix: Option<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(back_end: &'a BackEnd) -> Self {
        match back_end {
            BackEnd::Managed => Self::default(),
            BackEnd::Directory(directory) => Self { directory: Some(directory), ..Self::default() },
            BackEnd::Bucket(Bucket { endpoint, region, bucket, prefix }) => Self {
                directory: None,
                endpoint: Some(endpoint),
                region: Some(region),
                bucket: Some(bucket),
                prefix: Some(prefix),
            },
        }
    }
}

fn quota(settings: StorageSettings) -> Result<Option<i64>, StoreError> {
    let place = Place { table: "storages", row: 0 };
    settings.quota.map(|quota| place.check("quota", i64::try_from(quota))).transpose()
}

fn storage(row: &Row<'_>) -> Result<Storage, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "storages", row: id };
    let text = |index: usize, name: &'static str| place.present(name, column::<Option<String>>(row, index)?);
    let back_end = match column::<String>(row, 2)?.as_str() {
        "managed" => BackEnd::Managed,
        "directory" => BackEnd::Directory(text(3, "directory")?),
        "s3" => BackEnd::Bucket(Bucket {
            endpoint: text(4, "endpoint")?,
            region: text(5, "region")?,
            bucket: text(6, "bucket")?,
            prefix: text(7, "prefix")?,
        }),
        _ => return place.present("kind", None),
    };
    let quota = column::<Option<i64>>(row, 9)?.map(|quota| place.check("quota", u64::try_from(quota)));
    Ok(Storage {
        id: StorageId(id),
        name: place.check("name", StorageName::new(column::<String>(row, 1)?))?,
        back_end,
        versioned: column(row, 8)?,
        quota: quota.transpose()?,
        used: place.check("used", u64::try_from(column::<i64>(row, 10)?))?,
        root: FolderId(column(row, 12)?),
        created_at: time(column(row, 11)?),
    })
}
