//! Times as bodies write them.

use countersign_domain::time::{Date, Timestamp};

/// `2031-05-06T00:00:00.000Z` (RFC 3339), always in this length.
pub(super) fn instant(time: Timestamp) -> String {
    let millis = time.as_millis().rem_euclid(DAY);
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z", time.date())
}

/// Milliseconds since 1970, as the event service writes times.
pub(super) fn millis(time: Timestamp) -> String {
    time.as_millis().to_string()
}

/// Milliseconds since 1970 of the midnight, in UTC, with which a day begins.
pub(super) fn midnight(day: Date) -> String {
    (day.end().as_millis().div_euclid(DAY) * DAY).to_string()
}

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_form() {
        let time = Timestamp::from_millis(1_767_225_599_874);
        assert_eq!((instant(time), millis(time)), ("2025-12-31T23:59:59.874Z".into(), "1767225599874".into()));
        assert_eq!(midnight(Date::parse("2026-01-01").unwrap()), "1767225600000");
        assert_eq!(midnight(Date::parse("1970-01-01").unwrap()), "0");
    }
}
