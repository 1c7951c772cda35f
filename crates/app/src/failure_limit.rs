//! Counts what fails, and says when one caller has failed too often. Whatever succeeds is not limited by this.

use std::hash::Hash;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_domain::time::Timestamp;
use quick_cache::sync::Cache;

/// Time within which failures are counted unless somebody says otherwise, and for which a caller may be turned away.
const WINDOW: Duration = Duration::from_secs(60);
/// Callers that are known at once, about 2 MB. Beyond that those are forgotten who have not failed for longest.
const CALLERS: usize = 10_000;

/// Failures of many callers.
pub(crate) struct FailureLimit<K> {
    window: Duration,
    failures: AtomicU32,
    callers: Cache<K, Arc<Mutex<Counted>>>,
    turned_away: AtomicU64,
}

/// Failures since the first of them.
struct Counted {
    since: Timestamp,
    failures: u32,
}

impl<K: Clone + Eq + Hash> FailureLimit<K> {
    /// Allows each caller so many failures within a minute.
    pub(crate) fn new(failures: u32) -> Self {
        Self::within(WINDOW, failures)
    }

    /// Allows each caller so many failures within a time.
    pub(crate) fn within(window: Duration, failures: u32) -> Self {
        let (failures, callers) = (AtomicU32::new(failures), Cache::new(CALLERS));
        Self { window, failures, callers, turned_away: AtomicU64::new(0) }
    }

    /// Allows so many from now on.
    pub(crate) fn allow(&self, failures: u32) {
        self.failures.store(failures, Ordering::Relaxed);
    }

    /// How long a caller is to wait, in seconds, if it has failed too often.
    pub(crate) fn wait(&self, caller: &K, now: Timestamp) -> Option<u32> {
        let counted = self.callers.get(caller)?;
        let counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
        let left = counted.left(self.window, now)?;
        if counted.failures < self.failures.load(Ordering::Relaxed) {
            return None;
        }
        self.turned_away.fetch_add(1, Ordering::Relaxed);
        Some(u32::try_from(left.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// Notes a failure.
    pub(crate) fn note(&self, caller: &K, now: Timestamp) {
        let fresh = || Ok::<_, std::convert::Infallible>(Arc::new(Mutex::new(Counted { since: now, failures: 0 })));
        let Ok(counted) = self.callers.get_or_insert_with(caller, fresh);
        let mut counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.left(self.window, now).is_none() {
            *counted = Counted { since: now, failures: 0 };
        }
        counted.failures = counted.failures.saturating_add(1);
    }

    /// How often a caller was told to wait.
    pub(crate) fn turned_away(&self) -> u64 {
        self.turned_away.load(Ordering::Relaxed)
    }
}

impl Counted {
    /// What is left of the time in which these failures count. A clock that was set back ends it.
    fn left(&self, window: Duration, now: Timestamp) -> Option<Duration> {
        let passed = now.as_millis().checked_sub(self.since.as_millis())?;
        window.checked_sub(Duration::from_millis(u64::try_from(passed).ok()?)).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_waits_until_its_first_failure_is_a_minute_old() {
        let limit = FailureLimit::new(3);
        let at = |seconds: i64| Timestamp::from_millis(1_000_000 + seconds * 1000);
        for second in 0..3 {
            assert_eq!(limit.wait(&"one", at(second)), None);
            limit.note(&"one", at(second));
        }
        assert_eq!(limit.wait(&"one", at(20)), Some(41));
        assert_eq!(limit.wait(&"other", at(20)), None);
        assert_eq!(limit.wait(&"one", at(60)), None);
        limit.note(&"one", at(60));
        assert_eq!(limit.wait(&"one", at(61)), None, "old failures do not count");
        assert_eq!(limit.turned_away(), 1);
    }

    #[test]
    fn another_limit_counts_what_has_failed_already() {
        let limit = FailureLimit::new(3);
        let now = Timestamp::from_millis(1_000_000);
        limit.note(&"one", now);
        limit.note(&"one", now);
        limit.allow(2);
        assert_eq!(limit.wait(&"one", now), Some(61));
        limit.allow(4);
        assert_eq!(limit.wait(&"one", now), None);
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let limit = FailureLimit::new(1);
        limit.note(&"one", Timestamp::from_millis(1_000_000_000));
        assert_eq!(limit.wait(&"one", Timestamp::from_millis(5)), None);
    }

    #[test]
    fn the_table_is_bounded() {
        let limit = FailureLimit::new(1);
        for caller in 0..3 * CALLERS {
            limit.note(&caller, Timestamp::from_millis(0));
        }
        assert!(limit.callers.len() <= CALLERS);
    }
}
