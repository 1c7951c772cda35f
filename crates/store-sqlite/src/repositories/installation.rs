//! The one row about the store itself.

use async_trait::async_trait;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Installation, InstallationRecord};

use crate::rows::{changed, column, first, inserted};
use crate::transaction::SqliteTx;

const FIND: &str = "select key_check, sealed_digest_key from installation where id = 1";
const INSERT: &str =
    "insert into installation (id, key_check, sealed_digest_key) values (1, ?1, ?2) on conflict do nothing";

const REPLACE: &str = "update installation set key_check = ?1, sealed_digest_key = ?2 where id = 1";
const EPOCH: &str = "select epoch from installation where id = 1";
const BEGIN_EPOCH: &str = "update installation set epoch = epoch + 1 where id = 1 returning epoch";
const JUMP_COUNTER: &str = "update change_counter set value = value + ?1 where id = 1";
/// A table without rows has no sequence yet: ids that were given out after the backup must not begin at 1 again.
const JUMP_UNUSED: &str = "insert into sqlite_sequence (name, seq) select name, 0 from sqlite_schema
    where type = 'table' and sql like '%autoincrement%' and name not in (select name from sqlite_sequence)";
const JUMP: &str = "update sqlite_sequence set seq = seq + ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[FIND, INSERT, REPLACE, EPOCH, BEGIN_EPOCH, JUMP_COUNTER, JUMP_UNUSED, JUMP];

#[async_trait]
impl Installation for SqliteTx<'_> {
    async fn find(&mut self) -> Result<Option<InstallationRecord>, StoreError> {
        self.attempt(|c| {
            first(c, FIND, [], |row| {
                Ok(InstallationRecord { key_check: column(row, 0)?, sealed_digest_key: column(row, 1)? })
            })
        })
    }

    async fn insert(&mut self, record: &InstallationRecord) -> Result<bool, StoreError> {
        let values = (&record.key_check, &record.sealed_digest_key);
        self.attempt(|c| Ok(changed(c, INSERT, values)? == 1))
    }

    async fn replace(&mut self, record: &InstallationRecord) -> Result<bool, StoreError> {
        let values = (&record.key_check, &record.sealed_digest_key);
        self.attempt(|c| Ok(changed(c, REPLACE, values)? == 1))
    }

    async fn epoch(&mut self) -> Result<Option<i64>, StoreError> {
        self.attempt(|c| first(c, EPOCH, [], |row| column(row, 0)))
    }

    async fn begin_epoch(&mut self, jump: i64) -> Result<Option<i64>, StoreError> {
        self.attempt(|c| {
            let Some(epoch) = inserted(c, BEGIN_EPOCH, [])? else { return Ok(None) };
            changed(c, JUMP_COUNTER, [jump])?;
            changed(c, JUMP_UNUSED, [])?;
            changed(c, JUMP, [jump])?;
            Ok(Some(epoch))
        })
    }

    async fn lower_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.attempt_with_time(|connection, time| time.lower(connection))
    }
}
