//! Trials, by product and device.

use async_trait::async_trait;
use countersign_domain::ids::{LicenseId, ProductId};
use countersign_domain::text::HardwareId;
use countersign_store::StoreError;
use countersign_store::repositories::Trials;
use rusqlite::params;

use crate::rows::{changed, column, first};
use crate::transaction::SqliteTx;

const INSERT: &str = "insert into trials (product, hardware, license) values (?1, ?2, ?3)";
const FIND: &str = "select license from trials where product = ?1 and hardware = ?2 order by id desc limit 1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, FIND];

#[async_trait]
impl Trials for SqliteTx<'_> {
    async fn insert(
        &mut self,
        product: ProductId,
        hardware: &HardwareId,
        license: LicenseId,
    ) -> Result<(), StoreError> {
        self.attempt(|c| changed(c, INSERT, params![product.0, hardware.as_str(), license.0]))?;
        Ok(())
    }

    async fn find(&mut self, product: ProductId, hardware: &HardwareId) -> Result<Option<LicenseId>, StoreError> {
        Ok(self
            .attempt(|c| first(c, FIND, params![product.0, hardware.as_str()], |row| column(row, 0).map(LicenseId)))?)
    }
}
