//! One-time keys of devices behind an air gap.

use async_trait::async_trait;
use countersign_domain::ids::LicenseId;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{AirGapCode, AirGapCodes};
use tokio_postgres::Row;

use crate::rows::{Place, column};
use crate::transaction::PgTx;

const INSERT: &str = "insert into air_gap_codes (license, public_key, made_at) values ($1, $2, $3)";
const LIST: &str = "select id, public_key from air_gap_codes where license = $1 and made_at >= $2 order by made_at, id";
const DELETE: &str = "delete from air_gap_codes where license = $1 and id = $2";
const DELETE_BEFORE: &str = "delete from air_gap_codes where license = $1 and made_at < $2";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, LIST, DELETE, DELETE_BEFORE];

#[async_trait]
impl AirGapCodes for PgTx<'_> {
    async fn insert(&mut self, license: LicenseId, public_key: &[u8; 64], now: Timestamp) -> Result<(), StoreError> {
        self.changed(INSERT, &[&license.0, &public_key.as_slice(), &now.as_millis()]).await?;
        Ok(())
    }

    async fn list(&mut self, license: LicenseId, since: Timestamp) -> Result<Vec<AirGapCode>, StoreError> {
        self.all(LIST, &[&license.0, &since.as_millis()], code).await
    }

    async fn delete(&mut self, license: LicenseId, id: i64) -> Result<bool, StoreError> {
        Ok(self.changed(DELETE, &[&license.0, &id]).await? == 1)
    }

    async fn delete_before(&mut self, license: LicenseId, before: Timestamp) -> Result<u64, StoreError> {
        self.changed(DELETE_BEFORE, &[&license.0, &before.as_millis()]).await
    }
}

fn code(row: &Row) -> Result<AirGapCode, StoreError> {
    let id = column(row, 0)?;
    let public_key = column::<Vec<u8>>(row, 1)?.try_into();
    Ok(AirGapCode { id, public_key: Place { table: "air_gap_codes", row: id }.check("public_key", public_key)? })
}
