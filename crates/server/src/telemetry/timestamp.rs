//! The time of a line: UTC, to the microsecond (RFC 3339).

use std::cell::RefCell;
use std::fmt;
use std::time::UNIX_EPOCH;

use countersign_domain::time::Timestamp;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use super::requests::digits;

/// Writes the time at which it is asked.
pub(super) struct Now;

impl FormatTime for Now {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let mut time = String::with_capacity(LENGTH);
        append_now(&mut time);
        writer.write_str(&time)
    }
}

/// Adds the time to a line. Date and time of the day are put into words once a second.
pub(super) fn append_now(line: &mut String) {
    #[expect(clippy::disallowed_methods, reason = "a log tells when something happened, whatever time a test plays")]
    let now = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    SECOND.with_borrow_mut(|(second, words)| {
        if *second != now.as_secs() || words.is_empty() {
            *second = now.as_secs();
            *words = Timestamp::from_seconds(i64::try_from(*second).unwrap_or(i64::MAX)).to_string();
            words.truncate("2026-11-22T03:00:00".len());
        }
        line.push_str(words);
    });
    line.push('.');
    digits(line, now.subsec_micros().into(), 6);
    line.push('Z');
}

/// Bytes of a time.
const LENGTH: usize = "2026-11-22T03:00:00.123456Z".len();

thread_local! {
    /// The second that was last put into words.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}
