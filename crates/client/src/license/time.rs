//! Moments, as licenses name them: UTC in milliseconds, written as ISO 8601 in answers and as IMF-fixdate in headers and files.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A moment in the years 1970 to 9999, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment so many milliseconds after the start of 1970. What is beyond 9999 becomes its end.
    #[must_use]
    pub fn from_millis(millis: u64) -> Self {
        Self(millis.min(LAST))
    }

    /// Milliseconds since the start of 1970.
    #[must_use]
    pub fn as_millis(self) -> u64 {
        self.0
    }

    /// A moment of the system's clock. What is before 1970 becomes its start.
    #[must_use]
    pub fn from_system(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_millis(u64::try_from(since.as_millis()).unwrap_or(LAST))
    }

    /// The same moment for the standard library.
    #[must_use]
    pub fn to_system(self) -> SystemTime {
        // The year 9999 is far from the end of every platform's clock.
        UNIX_EPOCH.checked_add(Duration::from_millis(self.0)).unwrap_or(UNIX_EPOCH)
    }

    /// The moment a span later, at most the end of 9999.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(LAST)))
    }

    /// The moment a span earlier, at least the start of 1970.
    pub(crate) fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(span.as_millis()).unwrap_or(LAST)))
    }

    /// The span since an earlier moment; nothing if that is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Reads `2031-05-06T00:00:00.000Z`, with or without a fraction of up to nine digits. Another time zone is refused.
    #[must_use]
    pub fn parse_iso(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let [hour, minute, second] = numbers(whole, ':', [2, 2, 2])?;
        let is_time = hour < 24 && minute < 60 && second < 60;
        let is_date = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        let is_fraction = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
        if !is_time || !is_date || !is_fraction {
            return None;
        }
        let days = days_before(year, month).checked_add(day.checked_sub(1)?)?;
        // The day must be one of its month.
        if civil(days) != (year, month, day) {
            return None;
        }
        let millis: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        let seconds = days * DAY + hour * 3600 + minute * 60 + second;
        Some(Self::from_millis(seconds * 1000 + millis))
    }

    /// Reads an HTTP date (RFC 9110 §5.6.7).
    #[must_use]
    pub fn parse_http(text: &str) -> Option<Self> {
        httpdate::parse_http_date(text).ok().map(Self::from_system)
    }

    /// `Thu, 01 Jan 2026 00:00:00 GMT`, in whole seconds.
    #[must_use]
    pub fn to_http(self) -> String {
        httpdate::fmt_http_date(self.to_system())
    }
}

/// `2031-05-06T00:00:00.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0 / 1000, self.0 % 1000);
        let (year, month, day) = civil(seconds / DAY);
        let (hour, minute, second) = (seconds % DAY / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

/// Three numbers of exactly so many digits.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut next = |length: usize| {
        let part = parts.next()?;
        let is_number = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { part.parse::<u64>().ok() } else { None }
    };
    let [first, second, third] = digits;
    let found = [next(first)?, next(second)?, next(third)?];
    parts.next().is_none().then_some(found)
}

/// Days from the start of 1970 to the start of a month, in the Gregorian calendar.
fn days_before(year: u64, month: u64) -> u64 {
    // Years that begin in March have the leap day at their end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    (year * 365 + leap_days + (month * 153 + 2) / 5).saturating_sub(DAYS_BEFORE_1970)
}

/// Year, month and day, so many days after the start of 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    let mut year = 1970 + days / 366;
    while year < 9999 && days_before(year + 1, 1) <= days {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days_before(year, *month) <= days).unwrap_or(1);
    (year, month, days.saturating_sub(days_before(year, month)) + 1)
}

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;
/// Days from March of the year 0 to 1970, in years that begin in March.
const DAYS_BEFORE_1970: u64 = 719_468;
/// The last millisecond of 9999.
const LAST: u64 = 253_402_300_799_999;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LAST, Timestamp};

    #[test]
    fn moments_are_read_and_written_in_one_form() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_772_366_400_007, "2026-03-01T12:00:00.007Z"),
            (LAST, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_string(), text);
            assert_eq!(Timestamp::parse_iso(text), Some(Timestamp::from_millis(millis)), "{text}");
        }
        for day in (0..2_932_896).step_by(97) {
            let at = Timestamp::from_millis(day * 86_400_000);
            assert_eq!(Timestamp::parse_iso(&at.to_string()), Some(at), "{at}");
        }
        let short = Timestamp::parse_iso("2026-03-01T12:00:00Z").unwrap();
        assert_eq!(Timestamp::parse_iso("2026-03-01T12:00:00.5Z"), Some(short.plus(Duration::from_millis(500))));
        assert_eq!(short.to_http(), "Sun, 01 Mar 2026 12:00:00 GMT");
        assert_eq!(Timestamp::parse_http("Sun, 01 Mar 2026 12:00:00 GMT"), Some(short));
    }

    #[test]
    fn what_is_no_moment_in_utc_is_refused() {
        for text in [
            "",
            "Z",
            "2026-03-01",
            "2026-03-01T12:00:00",
            "2026-03-01T12:00:00+01:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-03-00T00:00:00Z",
            "1969-12-31T00:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T12:60:00Z",
            "2026-03-01T12:00:00.Z",
            "2026-03-01T12:00:00.0000000000Z",
            "2026-3-1T12:00:00Z",
            "2026-03-01T12:00:00.1.2Z",
            "+026-03-01T12:00:00Z",
        ] {
            assert_eq!(Timestamp::parse_iso(text), None, "{text}");
        }
    }

    #[test]
    fn spans_do_not_leave_the_calendar() {
        let last = Timestamp::from_millis(u64::MAX);
        assert_eq!(last.plus(Duration::MAX), last);
        assert_eq!(Timestamp::from_millis(1).since(last), Duration::ZERO);
        assert_eq!(last.since(Timestamp::from_millis(LAST - 5)), Duration::from_millis(5));
    }
}
