//! Request files that were used.

use async_trait::async_trait;
use countersign_domain::ids::{DeviceId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{OfflineRequest, OfflineRequests};
use tokio_postgres::Row;

use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const INSERT: &str = "insert into offline_requests (site, request_id, digest, device, done_at)
    values ($1, $2, $3, $4, $5) on conflict do nothing";
const FIND: &str =
    "select request_id, digest, device, done_at from offline_requests where site = $1 and request_id = $2";
const COUNT: &str = "select count(*) from offline_requests where device = $1 and done_at >= $2";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, FIND, COUNT];

#[async_trait]
impl OfflineRequests for PgTx<'_> {
    async fn insert(&mut self, site: SiteId, request: &OfflineRequest) -> Result<bool, StoreError> {
        let OfflineRequest { id, digest, device, done_at } = request;
        let inserted =
            self.changed(INSERT, &[&site.0, id, &digest.as_slice(), &device.0, &done_at.as_millis()]).await?;
        Ok(inserted == 1)
    }

    async fn find(&mut self, site: SiteId, id: &str) -> Result<Option<OfflineRequest>, StoreError> {
        self.first(FIND, &[&site.0, &id], request).await
    }

    async fn count_since(&mut self, device: DeviceId, since: Timestamp) -> Result<u64, StoreError> {
        let count: Option<i64> = self.first(COUNT, &[&device.0, &since.as_millis()], |row| column(row, 0)).await?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }
}

fn request(row: &Row) -> Result<OfflineRequest, StoreError> {
    let digest = column::<Vec<u8>>(row, 1)?.try_into();
    Ok(OfflineRequest {
        id: column(row, 0)?,
        digest: Place { table: "offline_requests", row: 0 }.check("digest", digest)?,
        device: DeviceId(column(row, 2)?),
        done_at: time(column(row, 3)?),
    })
}
