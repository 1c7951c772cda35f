//! Points in time and calendar dates, in UTC. Nothing here reads a clock.

use jiff::civil;
use jiff::tz::TimeZone;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The latest accepted time, 9999-12-30: leaves room for adding spans without overflow.
    const LATEST_MS: i64 = 253_402_128_000_000;

    /// A time from milliseconds since 1970; values outside 1970 to 9999 are moved to the nearest end.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, Self::LATEST_MS))
    }

    /// A time from whole seconds since 1970, moved into range like [`Timestamp::from_millis`].
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_millis(seconds.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub fn as_seconds(self) -> i64 {
        self.0 / 1000
    }

    /// This time moved by a span, within the accepted range.
    #[must_use]
    pub fn plus(self, span: std::time::Duration) -> Self {
        Self::from_millis(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This time moved back by a span, within the accepted range.
    #[must_use]
    pub fn minus(self, span: std::time::Duration) -> Self {
        Self::from_millis(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Reads a time as devices write it: RFC 3339, `yyyy-MM-dd HH:mm:ss` or `yyyy-MM-ddTHH:mm:ss` (both in UTC), or
    /// milliseconds since 1970 in digits. `None` for anything else, and for times before 1970 or after 9999.
    #[must_use]
    pub fn read_tolerantly(text: &str) -> Option<Self> {
        let text = text.trim();
        let millis = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse().ok()?
        } else if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
            timestamp.as_millisecond()
        } else {
            let civil: civil::DateTime = text.parse().ok().filter(|_| text.len() >= "yyyy-MM-dd HH:mm:ss".len())?;
            civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()
        };
        (0..=Self::LATEST_MS).contains(&millis).then_some(Self(millis))
    }

    /// The latest of the times that lie a whole number of times so many months after this one, and not after `now`; this
    /// one itself when `now` is before it. A day that a month does not have is its last one.
    #[must_use]
    pub fn latest_of_months(self, months: i32, now: Self) -> Self {
        let utc = |time: Self| {
            let time = jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
            time.to_zoned(TimeZone::UTC).datetime()
        };
        let (first, current) = (utc(self), utc(now));
        let months = months.max(1);
        let passed = (i32::from(current.year()) - i32::from(first.year())) * 12 + i32::from(current.month())
            - i32::from(first.month());
        let after = |periods: i32| {
            let span = jiff::Span::new().try_months(i64::from(periods) * i64::from(months)).ok()?;
            Some(Self::from_millis(
                first.checked_add(span).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond(),
            ))
        };
        let periods = passed.max(0) / months;
        [periods, periods - 1]
            .into_iter()
            .filter(|periods| *periods >= 0)
            .filter_map(after)
            .find(|time| *time <= now)
            .unwrap_or(self)
    }

    /// The UTC calendar date of this time.
    #[must_use]
    pub fn date(self) -> Date {
        let timestamp = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Date(timestamp.to_zoned(TimeZone::UTC).date())
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339, in UTC.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => timestamp.fmt(f),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// A calendar date, read in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

/// A text that is not a date between 1970 and 9999.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a date; write it as 2026-03-01")]
pub struct DateError(String);

impl Date {
    /// Reads `YYYY-MM-DD`.
    ///
    /// # Errors
    /// [`DateError`] for anything else, and for years outside 1970 to 9999.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let date: civil::Date = text.parse().map_err(|_| DateError(text.to_owned()))?;
        if text.len() != 10 || date.year() < 1970 {
            return Err(DateError(text.to_owned()));
        }
        Ok(Self(date))
    }

    /// The date so many days later; the latest accepted one when that is beyond the calendar.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        self.plus(jiff::Span::new().try_days(days).ok())
    }

    /// The date so many months later, the last day of the month when it has no such day; the latest accepted one when that
    /// is beyond the calendar.
    #[must_use]
    pub fn plus_months(self, months: i32) -> Self {
        self.plus(jiff::Span::new().try_months(months).ok())
    }

    fn plus(self, span: Option<jiff::Span>) -> Self {
        let latest = Timestamp(Timestamp::LATEST_MS).date();
        span.and_then(|span| self.0.checked_add(span).ok()).map_or(latest, |date| Self(date).min(latest))
    }

    /// The last moment of this day, in UTC.
    #[must_use]
    pub fn end(self) -> Timestamp {
        let begin = self.0.to_zoned(TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_millisecond());
        Timestamp::from_millis(begin + 86_399_999)
    }

    /// `MM/DD/YYYY`, the form of dates in update items (`docs/protocol/device.md`).
    #[must_use]
    pub fn month_day_year(self) -> String {
        format!("{:02}/{:02}/{:04}", self.0.month(), self.0.day(), self.0.year())
    }
}

impl std::fmt::Display for Date {
    /// `YYYY-MM-DD`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_strictly_and_written_month_first() {
        assert_eq!(Date::parse("2026-03-01").map(Date::month_day_year), Ok("03/01/2026".to_owned()));
        for bad in ["", "03/01/2026", "2026-13-01", "2026-02-30", "1969-12-31", "2026-03-01T00:00:00", "20260301"] {
            assert!(Date::parse(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        let midnight = Timestamp::from_seconds(1_772_323_200);
        assert_eq!(midnight.date().to_string(), "2026-03-01");
        assert_eq!(Timestamp::from_millis(midnight.as_millis() - 1).date().to_string(), "2026-02-28");
        assert_eq!(midnight.to_string(), "2026-03-01T00:00:00Z");
    }

    #[test]
    fn devices_write_times_in_four_forms() {
        let expected = Timestamp::from_seconds(1_772_615_700);
        for text in [
            "2026-03-04T09:15:00Z",
            "2026-03-04T10:15:00+01:00",
            "2026-03-04T09:15:00.000Z",
            "2026-03-04 09:15:00",
            "2026-03-04T09:15:00",
            "1772615700000",
            " 2026-03-04 09:15:00 ",
        ] {
            assert_eq!(Timestamp::read_tolerantly(text), Some(expected), "{text:?}");
        }
        for text in ["", "yesterday", "2026-03-04", "-1", "1969-12-31T23:59:59Z", "99999999999999999999", "1e3"] {
            assert_eq!(Timestamp::read_tolerantly(text), None, "{text:?}");
        }
    }

    #[test]
    fn times_stay_in_range() {
        assert_eq!(Timestamp::from_millis(-5).as_millis(), 0);
        let latest = Timestamp::from_seconds(i64::MAX);
        assert_eq!(latest.plus(std::time::Duration::MAX), latest);
        assert_eq!(latest.date().to_string(), "9999-12-30");
    }
}
