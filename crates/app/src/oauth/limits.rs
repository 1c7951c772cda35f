//! Failed attempts of clients to prove themselves.
//!
//! A limit never stands between a client and its token: the credential is judged first, and a good one is accepted whatever
//! has failed before.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_domain::ids::SiteId;
use countersign_domain::time::Timestamp;
use quick_cache::sync::Cache;

use crate::failure_limit::FailureLimit;

/// Failures of one pair of ID and secret after which it is told to wait.
const FAILURES: u32 = 5;
/// How long, and within which time failures are counted.
const WAIT: Duration = Duration::from_secs(600);
/// Pairs that are known at once, about 3 MB. Beyond that those are forgotten that have not failed for longest.
const PAIRS: usize = 20_000;
/// Failures under one ID from one address within a minute after which the store is no longer asked for each one.
const GUESSES: u32 = 60;

/// A pair of ID and secret, by its digests.
pub(super) type Pair = (SiteId, [u8; 32], [u8; 32]);
/// Who guesses: site, SHA-256 of the client ID, address.
pub(super) type Guesser = (SiteId, [u8; 32], IpAddr);

/// Failures of all clients of a process.
pub(crate) struct ClientLimits {
    pairs: Cache<Pair, Arc<Mutex<Failed>>>,
    /// Limits nothing that anybody sees.
    pub(super) guesses: FailureLimit<Guesser>,
}

struct Failed {
    since: Timestamp,
    failures: u32,
    blocked_until: Timestamp,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self { pairs: Cache::new(PAIRS), guesses: FailureLimit::new(GUESSES) }
    }
}

impl ClientLimits {
    /// Notes a failure of a pair. When it has failed too often, tells how long it is to wait, in seconds.
    pub(super) fn note(&self, pair: &Pair, now: Timestamp) -> Option<u32> {
        let fresh = || {
            let failed = Failed { since: now, failures: 0, blocked_until: Timestamp::EPOCH };
            Ok::<_, std::convert::Infallible>(Arc::new(Mutex::new(failed)))
        };
        let Ok(failed) = self.pairs.get_or_insert_with(pair, fresh);
        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
        if now < failed.blocked_until {
            let left = failed.blocked_until.as_millis().saturating_sub(now.as_millis());
            return Some(u32::try_from(left.div_euclid(1000) + i64::from(left % 1000 != 0)).unwrap_or(u32::MAX));
        }
        if failed.blocked_until > Timestamp::EPOCH || failed.since.plus(WAIT) <= now {
            *failed = Failed { since: now, failures: 0, blocked_until: Timestamp::EPOCH };
        }
        failed.failures += 1;
        if failed.failures == FAILURES {
            failed.blocked_until = now.plus(WAIT);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_failure_of_a_pair_waits_for_ten_minutes() {
        let limits = ClientLimits::default();
        let pair = |secret| (SiteId(1), [1; 32], [secret; 32]);
        let at = Timestamp::from_seconds;
        for _ in 0..5 {
            assert_eq!(limits.note(&pair(1), at(1000)), None);
        }
        assert_eq!(limits.note(&pair(1), at(1000)), Some(600));
        assert_eq!(limits.note(&pair(1), Timestamp::from_millis(1_599_001)), Some(1));
        assert_eq!(limits.note(&pair(2), at(1000)), None, "another secret is another pair");
        for _ in 0..5 {
            assert_eq!(limits.note(&pair(1), at(1600)), None, "all five are free again");
        }
        assert_eq!(limits.note(&pair(1), at(1600)), Some(600));
    }

    #[test]
    fn failures_long_ago_do_not_count() {
        let limits = ClientLimits::default();
        let pair = (SiteId(1), [1; 32], [1; 32]);
        for second in 0..20 {
            assert_eq!(limits.note(&pair, Timestamp::from_seconds(second * 200)), None);
        }
    }
}
