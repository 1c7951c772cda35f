//! A clock for tests in the place of the database's, with the same promise to units.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use countersign_domain::time::Timestamp;
use countersign_store::Clock;

/// A clock that stands still when the one behind it is set back.
pub(crate) struct SteadyClock {
    clock: Arc<dyn Clock>,
    /// The latest time that was told, in milliseconds.
    latest: AtomicI64,
}

impl SteadyClock {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, latest: AtomicI64::new(0) }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let now = self.clock.now().as_millis();
        Timestamp::from_millis(self.latest.fetch_max(now, Ordering::SeqCst).max(now))
    }
}
