//! The one row about the store itself.

use async_trait::async_trait;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Installation, InstallationRecord};

use crate::rows::column;
use crate::transaction::PgTx;

const FIND: &str = "select key_check, sealed_digest_key from installation where id = 1";
const INSERT: &str =
    "insert into installation (id, key_check, sealed_digest_key) values (1, $1, $2) on conflict do nothing";

const REPLACE: &str = "update installation set key_check = $1, sealed_digest_key = $2 where id = 1";
const EPOCH: &str = "select epoch from installation where id = 1";
const BEGIN_EPOCH: &str = "update installation set epoch = epoch + 1 where id = 1 returning epoch";
const JUMP_COUNTER: &str = "update change_counter set value = value + $1 where id = 1";
/// Not undone by a rollback, which does no harm: ids have gaps.
const JUMP: &str = "select setval(format('%I.%I', schemaname, sequencename)::regclass, coalesce(last_value, 0) + $1)
    from pg_sequences where schemaname = current_schema()";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[FIND, INSERT, REPLACE, EPOCH, BEGIN_EPOCH, JUMP_COUNTER, JUMP];

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

    async fn replace(&mut self, record: &InstallationRecord) -> Result<bool, StoreError> {
        Ok(self.changed(REPLACE, &[&record.key_check, &record.sealed_digest_key]).await? == 1)
    }

    async fn epoch(&mut self) -> Result<Option<i64>, StoreError> {
        self.first(EPOCH, &[], |row| column(row, 0)).await
    }

    async fn begin_epoch(&mut self, jump: i64) -> Result<Option<i64>, StoreError> {
        let Some(epoch) = self.inserted(BEGIN_EPOCH, &[]).await? else { return Ok(None) };
        self.changed(JUMP_COUNTER, &[&jump]).await?;
        self.rows(JUMP, &[&jump]).await?;
        Ok(Some(epoch))
    }

    async fn lower_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        // The database has a clock of its own, and no memory of it.
        Ok(None)
    }
}
