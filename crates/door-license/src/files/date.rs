//! Dates of request files. Clients of one kind write them as HTTP does, those of another as ECMAScript does; a response has
//! the form of its request.

use countersign_domain::time::Timestamp;
use countersign_http_kit::http_time::HttpTime;
use http::HeaderValue;

/// A form of dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateForm {
    /// `Thu, 01 Jan 2026 00:00:00 GMT` (RFC 9110 section 5.6.7).
    Http,
    /// `Thu Jan 1 2026 00:00:00 GMT+0000`.
    Script,
}

/// Reads a date; `None` when it has neither form.
pub(crate) fn read(text: &str) -> Option<(Timestamp, DateForm)> {
    let value = HeaderValue::from_str(text).ok()?;
    if let Some(time) = HttpTime::parse(&value) {
        return Some((Timestamp::from_seconds(time.unix_seconds()), DateForm::Http));
    }
    script(text).map(|time| (time, DateForm::Script))
}

fn script(text: &str) -> Option<Timestamp> {
    let mut words = text.split_ascii_whitespace();
    let (_, month, day, year) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let (time, zone) = (words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?.checked_add(1)?;
    let day: u8 = day.parse().ok()?;
    let offset = zone.strip_prefix("GMT").filter(|offset| offset.is_ascii())?;
    let (hours, minutes) = match offset.len() {
        0 => ("+00", "00"),
        5 => offset.split_at_checked(3)?,
        6 => (offset.get(..3)?, offset.get(4..)?),
        _ => return None,
    };
    Timestamp::read_tolerantly(&format!("{year}-{month:02}-{day:02}T{time}{hours}:{minutes}"))
}

impl DateForm {
    /// A time in this form, in whole seconds.
    pub(crate) fn write(self, time: Timestamp) -> String {
        let http = HttpTime::from_unix_seconds(time.as_seconds()).header_value();
        let http = http.and_then(|value| value.to_str().map(str::to_owned).ok()).unwrap_or_default();
        match self {
            Self::Http => http,
            Self::Script => {
                let mut words = http.split([' ', ',']).filter(|word| !word.is_empty());
                let mut next = || words.next().unwrap_or_default();
                let (weekday, day, month, year, time) = (next(), next(), next(), next(), next());
                format!("{weekday} {month} {} {year} {time} GMT+0000", day.trim_start_matches('0'))
            }
        }
    }

    /// The same date a second earlier and later, and as it is: a client that looks at its clock twice signs one of them.
    pub(crate) fn near(text: &str) -> Vec<String> {
        let mut near = vec![text.to_owned()];
        if let Some((time, form @ Self::Http)) = read(text) {
            let second = std::time::Duration::from_secs(1);
            near.extend([form.write(time.plus(second)), form.write(time.minus(second))]);
        }
        near
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_mean_a_time_and_are_written_alike() {
        for (text, seconds) in [
            ("Thu, 01 Jan 2026 00:00:00 GMT", 1_767_225_600),
            ("Thu Jan 1 2026 00:00:00 GMT+0000", 1_767_225_600),
            ("Sun Nov 22 2026 23:59:59 GMT+0000", 1_795_391_999),
        ] {
            let (time, form) = read(text).unwrap();
            assert_eq!(time.as_seconds(), seconds, "{text}");
            assert_eq!(form.write(time), text);
        }
        for (text, seconds) in [
            ("Thu Jan 01 2026 01:30:00 GMT+0130", 1_767_225_600),
            ("Wed Dec 31 2025 19:00:00 GMT-05:00", 1_767_225_600),
            ("Thu Jan 1 2026 00:00:00 GMT", 1_767_225_600),
        ] {
            assert_eq!(read(text).map(|(time, _)| time.as_seconds()), Some(seconds), "{text}");
        }
        for text in
            ["", "now", "Thu Jan 1 2026", "Thu Foo 1 2026 00:00:00 GMT", "Thu Jan 1 2026 00:00:00 GMT+č00", "\n"]
        {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_date_has_its_neighbors() {
        let near = DateForm::near("Thu, 01 Jan 2026 00:00:00 GMT");
        let expected =
            ["Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:01 GMT", "Wed, 31 Dec 2025 23:59:59 GMT"];
        assert_eq!(near, expected);
        assert_eq!(DateForm::near("whenever"), ["whenever"]);
    }
}
