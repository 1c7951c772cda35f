//! One-time keys of devices behind an air gap.

use async_trait::async_trait;
use countersign_domain::ids::LicenseId;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{AirGapCode, AirGapCodes};
use rusqlite::{Row, params};

use crate::rows::{Place, all, changed, column};
use crate::transaction::SqliteTx;

const INSERT: &str = "insert into air_gap_codes (license, public_key, made_at) values (?1, ?2, ?3)";
const LIST: &str = "select id, public_key from air_gap_codes where license = ?1 and made_at >= ?2 order by made_at, id";
const DELETE: &str = "delete from air_gap_codes where license = ?1 and id = ?2";
const DELETE_BEFORE: &str = "delete from air_gap_codes where license = ?1 and made_at < ?2";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, LIST, DELETE, DELETE_BEFORE];

#[async_trait]
impl AirGapCodes for SqliteTx<'_> {
    async fn insert(&mut self, license: LicenseId, public_key: &[u8; 64], now: Timestamp) -> Result<(), StoreError> {
        self.attempt(|c| changed(c, INSERT, params![license.0, public_key.as_slice(), now.as_millis()]))?;
        Ok(())
    }

    async fn list(&mut self, license: LicenseId, since: Timestamp) -> Result<Vec<AirGapCode>, StoreError> {
        self.attempt(|c| all(c, LIST, params![license.0, since.as_millis()], code))
    }

    async fn delete(&mut self, license: LicenseId, id: i64) -> Result<bool, StoreError> {
        Ok(self.attempt(|c| changed(c, DELETE, params![license.0, id]))? == 1)
    }

    async fn delete_before(&mut self, license: LicenseId, before: Timestamp) -> Result<u64, StoreError> {
        let deleted = self.attempt(|c| changed(c, DELETE_BEFORE, params![license.0, before.as_millis()]))?;
        Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
    }
}

fn code(row: &Row<'_>) -> Result<AirGapCode, StoreError> {
    let id = column(row, 0)?;
    let public_key = column::<Vec<u8>>(row, 1)?.try_into();
    Ok(AirGapCode { id, public_key: Place { table: "air_gap_codes", row: id }.check("public_key", public_key)? })
}
