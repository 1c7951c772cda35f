//! Licenses on devices.

use async_trait::async_trait;
use countersign_domain::ids::{DeviceId, LicenseId};
use countersign_domain::licensing::Activation;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Activations, Page};
use tokio_postgres::Row;

use crate::rows::{column, time};
use crate::transaction::PgTx;

const INSERT: &str =
    "insert into activations (license, device, activated_at) values ($1, $2, $3) on conflict do nothing";
const FIND: &str = "select license, device, activated_at from activations where license = $1 and device = $2";
const LIST_ON_DEVICE: &str = "select license, device, activated_at from activations where device = $1 order by license";
const LIST_OF_LICENSE: &str = "select license, device, activated_at from activations
    where license = $1 and device > $2 order by device limit $3";
const DELETE: &str = "delete from activations where license = $1 and device = $2";
const COUNT: &str = "update licenses set activations = activations + $2 where id = $1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, FIND, LIST_ON_DEVICE, LIST_OF_LICENSE, DELETE, COUNT];

#[async_trait]
impl Activations for PgTx<'_> {
    async fn insert(&mut self, license: LicenseId, device: DeviceId, now: Timestamp) -> Result<bool, StoreError> {
        let inserted = self.changed(INSERT, &[&license.0, &device.0, &now.as_millis()]).await? == 1;
        if inserted {
            self.changed(COUNT, &[&license.0, &1_i64]).await?;
        }
        Ok(inserted)
    }

    async fn find(&mut self, license: LicenseId, device: DeviceId) -> Result<Option<Activation>, StoreError> {
        self.first(FIND, &[&license.0, &device.0], activation).await
    }

    async fn list_on_device(&mut self, device: DeviceId) -> Result<Vec<Activation>, StoreError> {
        self.all(LIST_ON_DEVICE, &[&device.0], activation).await
    }

    async fn list_of_license(&mut self, license: LicenseId, page: Page) -> Result<Vec<Activation>, StoreError> {
        self.all(LIST_OF_LICENSE, &[&license.0, &page.after, &i64::from(page.limit)], activation).await
    }

    async fn delete(&mut self, license: LicenseId, device: DeviceId) -> Result<bool, StoreError> {
        let deleted = self.changed(DELETE, &[&license.0, &device.0]).await? == 1;
        if deleted {
            self.changed(COUNT, &[&license.0, &-1_i64]).await?;
        }
        Ok(deleted)
    }
}

fn activation(row: &Row) -> Result<Activation, StoreError> {
    Ok(Activation {
        license: LicenseId(column(row, 0)?),
        device: DeviceId(column(row, 1)?),
        activated_at: time(column(row, 2)?),
    })
}
