//! Time, as something that the caller provides.

use std::time::SystemTime;

use super::Timestamp;

/// What tells the time: for the proofs of requests, and for how long a license lasts.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
    fn now(&self) -> Timestamp {
        Timestamp::from_system(SystemTime::now())
    }
}
