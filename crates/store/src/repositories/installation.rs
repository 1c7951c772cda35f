//! Facts about the store itself.

use async_trait::async_trait;
use countersign_domain::time::Timestamp;

use crate::StoreError;

/// What was written when the store was first used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationRecord {
    /// A known text sealed with the master key: a process with another key cannot open it.
    pub key_check: Vec<u8>,
    /// The key of keyed digests, sealed with the master key.
    pub sealed_digest_key: Vec<u8>,
}

/// The one row about the store itself.
#[async_trait]
pub trait Installation: Send {
    /// The row, or `None` in a store that was never used.
    async fn find(&mut self) -> Result<Option<InstallationRecord>, StoreError>;

    /// Writes the row once. `false`: another process was first.
    async fn insert(&mut self, record: &InstallationRecord) -> Result<bool, StoreError>;

    /// Replaces the row, when everything that is sealed was sealed anew. `false`: there is none yet.
    async fn replace(&mut self, record: &InstallationRecord) -> Result<bool, StoreError>;

    /// The number of the current epoch: 1, and one more after each restore. `None` in a store that was never used.
    async fn epoch(&mut self) -> Result<Option<i64>, StoreError>;

    /// Begins a new epoch and gives its number: every row id that is assigned from now on, and the change counter, is
    /// greater by `jump` than it would have been. What was given out after the backup that was restored is therefore never
    /// given out again. `None` in a store that was never used.
    async fn begin_epoch(&mut self, jump: i64) -> Result<Option<i64>, StoreError>;

    /// Takes the time of units back to what the machine's clock shows, when it is ahead of it, and gives the time that it was.
    /// `None` when it is not ahead, and in a database whose own clock tells the time. Seats whose holders were heard of in the
    /// time that is taken back are moved with it, so that they end as they would have. A process that has told units the later
    /// time goes on with that.
    async fn lower_time(&mut self) -> Result<Option<Timestamp>, StoreError>;
}
