//! Times as HTTP writes them: whole seconds, between 1970 and 9999 (RFC 9110 §5.6.7).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;
use httpdate::HttpDate;

/// A point in time that an HTTP header can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HttpTime(HttpDate);

impl HttpTime {
    /// The time in whole seconds since 1970; times that HTTP cannot write become the nearest one that it can.
    pub fn from_unix_seconds(seconds: i64) -> Self {
        let seconds = u64::try_from(seconds).unwrap_or(0).min(LAST_SECOND);
        Self(HttpDate::from(UNIX_EPOCH + Duration::from_secs(seconds)))
    }

    /// Whole seconds since 1970.
    pub fn unix_seconds(&self) -> i64 {
        let since = SystemTime::from(self.0).duration_since(UNIX_EPOCH);
        i64::try_from(since.map_or(0, |since| since.as_secs())).unwrap_or(i64::MAX)
    }

    /// Reads a header value in any of the three forms that RFC 9110 §5.6.7 demands; `None` when it is in none.
    pub fn parse(value: &HeaderValue) -> Option<Self> {
        value.to_str().ok()?.parse().ok().map(Self)
    }

    /// The header value, in the preferred form: `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub fn header_value(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.0.to_string()).ok()
    }
}

impl From<SystemTime> for HttpTime {
    fn from(time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self::from_unix_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
    }
}

/// The last second of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_mean_the_same() {
        let time = HttpTime::from_unix_seconds(784_111_777);
        for form in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(HttpTime::parse(&HeaderValue::from_static(form)), Some(time), "{form}");
            assert_eq!(time.unix_seconds(), 784_111_777);
        }
        assert_eq!(time.header_value(), Some(HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT")));
    }

    #[test]
    fn impossible_times_neither_panic_nor_parse() {
        for seconds in [i64::MIN, -1, 0] {
            assert_eq!(HttpTime::from_unix_seconds(seconds), HttpTime::from_unix_seconds(0));
        }
        let last = HttpTime::from_unix_seconds(i64::MAX);
        assert_eq!(last.header_value(), Some(HeaderValue::from_static("Fri, 31 Dec 9999 23:59:59 GMT")));
        assert_eq!(HttpTime::from(UNIX_EPOCH - Duration::from_secs(5)), HttpTime::from_unix_seconds(0));
        for text in [
            "",
            "yesterday",
            "0",
            "Sun, 06 Nov 0000 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Thu, 01 Jan 1969 00:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun Nov 06 08:49:37 19944",
            "Sun, 06 Nov 1994 08:49:60 GMT",
        ] {
            assert_eq!(HttpTime::parse(&HeaderValue::from_static(text)), None, "{text}");
        }
    }
}
