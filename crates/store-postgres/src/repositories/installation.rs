//! The one row about the store itself.

use async_trait::async_trait;
use countersign_store::StoreError;
use countersign_store::repositories::{Installation, InstallationRecord};

use crate::rows::column;
use crate::transaction::PgTx;

const FIND: &str = "select key_check, sealed_digest_key from installation where id = 1";
const INSERT: &str =
    "insert into installation (id, key_check, sealed_digest_key) values (1, $1, $2) on conflict do nothing";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[FIND, INSERT];

#[async_trait]
impl Installation for PgTx<'_> {
    async fn find(&mut self) -> Result<Option<InstallationRecord>, StoreError> {
        self.first(FIND, &[], |row| {
            Ok(InstallationRecord { key_check: column(row, 0)?, sealed_digest_key: column(row, 1)? })
        })
        .await
    }

    async fn insert(&mut self, record: &InstallationRecord) -> Result<bool, StoreError> {
        Ok(self.changed(INSERT, &[&record.key_check, &record.sealed_digest_key]).await? == 1)
    }
}
