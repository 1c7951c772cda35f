//! What telling something has in common: why it was not kept, and that the device was heard of.

use std::time::Duration;

use countersign_domain::device::KnownDevice;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::Tx;

use crate::Fault;
use crate::fault::takes_store_errors;
use crate::polling::Problem;

/// How far the time at which a device was last heard of may be behind: noting each time would double the writes.
const LAST_SEEN: Duration = Duration::from_secs(3600);

/// Why what a device told has not been taken.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Something is wrong with it; the poll says so.
    #[error("it was not taken: {0:?}")]
    Problem(Problem),
    /// The device tells too much; it is to wait.
    #[error("the device has logged too many events")]
    TooMany {
        /// How long it is to wait, in seconds.
        seconds: u32,
    },
}

takes_store_errors!(NotKept);

impl From<Problem> for NotKept {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Notes that a device was heard of, unless that was noted less than an hour ago. A time that lies ahead was noted while a
/// clock was wrong.
pub(super) async fn heard_of(tx: &mut dyn Tx, device: KnownDevice, now: Timestamp) -> Result<(), StoreError> {
    if now >= device.last_seen_at.plus(LAST_SEEN) || now < device.last_seen_at {
        tx.devices().set_last_seen(device.id, now).await?;
    }
    Ok(())
}
