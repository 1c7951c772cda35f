//! Uploads that were refused a moment ago.

use async_trait::async_trait;
use countersign_domain::ids::SiteId;
use countersign_domain::storage::StorageName;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{RefusedUploads, UploadKey};

use crate::rows::{changed, column, first, removed, time};
use crate::transaction::SqliteTx;

const INSERT: &str = "insert into refused_uploads (site, client, storage, path, ends_at) values (?1, ?2, ?3, ?4, ?5)
    on conflict (site, client, storage, path) do update set ends_at = max(ends_at, excluded.ends_at)";
const FIND: &str = "select ends_at from refused_uploads where site = ?1 and client = ?2 and storage = ?3 and path = ?4";
const COUNT: &str = "select count(*) from refused_uploads where site = ?1 and client = ?2 and ends_at > ?3";
const DELETE: &str = "delete from refused_uploads where site = ?1 and client = ?2 and storage = ?3 and path = ?4";
const DELETE_BEFORE: &str = "delete from refused_uploads where (site, client, storage, path) in
    (select site, client, storage, path from refused_uploads where site = ?1 and ends_at < ?2 order by ends_at limit ?3)";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, FIND, COUNT, DELETE, DELETE_BEFORE];

#[async_trait]
impl RefusedUploads for SqliteTx<'_> {
    async fn insert(&mut self, site: SiteId, upload: &UploadKey, until: Timestamp) -> Result<(), StoreError> {
        let values = (site.0, &upload.client, storage(upload), upload.path.as_str(), until.as_millis());
        self.attempt(|c| changed(c, INSERT, values).map(|_| ()))
    }

    async fn find(&mut self, site: SiteId, upload: &UploadKey) -> Result<Option<Timestamp>, StoreError> {
        let values = (site.0, &upload.client, storage(upload), upload.path.as_str());
        self.attempt(|c| first(c, FIND, values, |row| column(row, 0).map(time)))
    }

    async fn count(&mut self, site: SiteId, client: &str, after: Timestamp) -> Result<u64, StoreError> {
        let count =
            self.attempt(|c| first(c, COUNT, (site.0, client, after.as_millis()), |row| column::<i64>(row, 0)))?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    async fn delete(&mut self, site: SiteId, upload: &UploadKey) -> Result<(), StoreError> {
        let values = (site.0, &upload.client, storage(upload), upload.path.as_str());
        self.attempt(|c| changed(c, DELETE, values).map(|_| ()))
    }

    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.attempt(|c| removed(c, DELETE_BEFORE, (site.0, before.as_millis(), limit)))
    }
}

/// The storage as the request named it: empty when it named none.
fn storage(upload: &UploadKey) -> &str {
    upload.storage.as_ref().map_or("", StorageName::as_str)
}
