//! The time of commands that work without a server's context: the edge where the system clock is read.

use std::time::{SystemTime, UNIX_EPOCH};

use countersign_domain::time::Timestamp;

/// Now.
#[expect(clippy::disallowed_methods, reason = "the one place of this program that reads the system clock itself")]
pub(crate) fn now() -> Timestamp {
    // A clock before 1970 reads as 1970: what is made with it has expired already, and nobody accepts it.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
