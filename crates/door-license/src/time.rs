//! Times as this protocol writes them: UTC, milliseconds, `Z`.

use countersign_domain::time::{Date, Timestamp};

/// `2031-05-06T00:00:00.000Z`. Always in this length: a client drops what does not end with `Z`, and one signs its own
/// spelling of it.
pub(crate) fn instant(time: Timestamp) -> String {
    let millis = time.as_millis().rem_euclid(86_400_000);
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z", time.date())
}

/// The first moment of a day.
pub(crate) fn first_of(day: Date) -> String {
    format!("{day}T00:00:00.000Z")
}

/// The last moment of a day.
pub(crate) fn last_of(day: Date) -> String {
    format!("{day}T23:59:59.999Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_form() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_772_366_400_007, "2026-03-01T12:00:00.007Z"),
            (253_402_128_000_000, "9999-12-30T00:00:00.000Z"),
        ] {
            assert_eq!(instant(Timestamp::from_millis(millis)), text);
        }
        let day = Date::parse("2031-05-06").unwrap();
        assert_eq!(last_of(day), "2031-05-06T23:59:59.999Z");
        assert_eq!(instant(day.end()), last_of(day));
        assert_eq!(first_of(day), "2031-05-06T00:00:00.000Z");
    }
}
