//! Time, as something that the caller provides.

use std::time::{Duration, Instant, SystemTime};

use super::Timestamp;

/// What tells the time: for the proofs of requests, and for how long a license lasts.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// The same of a clock that nobody sets, if there is one: while a program runs, time passes by this one at least.
    fn steady(&self) -> Option<Instant> {
        None
    }
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
    fn now(&self) -> Timestamp {
        Timestamp::from_system(SystemTime::now())
    }

    #[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
    fn steady(&self) -> Option<Instant> {
        Some(Instant::now())
    }
}

/// A moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    steady: Option<Instant>,
}

impl Moment {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        Self { at: clock.now(), steady: clock.steady() }
    }

    /// What has passed since an earlier moment by the steady clock; nothing without one.
    pub(crate) fn steady_since(&self, earlier: &Self) -> Duration {
        let both = self.steady.zip(earlier.steady);
        both.map_or(Duration::ZERO, |(now, then)| now.saturating_duration_since(then))
    }

    /// What has passed since an earlier moment by the clock that shows more.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        self.at.since(earlier.at).max(self.steady_since(earlier))
    }
}
