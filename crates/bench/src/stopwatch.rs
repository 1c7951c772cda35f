//! The one place of this program where time is read and waited for: it measures, so it needs the real clock.

use std::time::{Duration, Instant};

use countersign_domain::time::Timestamp;
use countersign_store::Clock;

/// A moment from which time is counted.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins to count.
    pub(crate) fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
        Self(Instant::now())
    }

    /// The time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// The seconds since the start.
    pub(crate) fn seconds(self) -> f64 {
        self.elapsed().as_secs_f64()
    }
}

/// Waits: a measurement lasts as long as it lasts.
pub(crate) async fn pause(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "the load runs meanwhile, and nothing but time ends it")]
    tokio::time::sleep(time).await;
}

/// The system's clock, for rows that are written without the server.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "rows are stamped with the time at which they are written")]
        let now = std::time::SystemTime::now();
        let since_1970 = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
    }
}
