//! How long something lasts from the first activation on (`docs/protocol/license.md`, "License types and validity").

use crate::time::Date;

/// A number of days, months or years, as policies write it: `35d`, `4m`, `2y`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Validity {
    count: u16,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Unit {
    Days,
    Months,
    Years,
}

/// A text that is no such number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a duration; write days, months or years as 35d, 4m or 2y")]
pub struct ValidityError(String);

impl Validity {
    /// So many days.
    #[must_use]
    pub fn days(count: u16) -> Self {
        Self { count, unit: Unit::Days }
    }

    /// The last day of something that begins on a day and lasts so long; the latest date when that is beyond the calendar.
    #[must_use]
    pub fn last_day_from(self, first: Date) -> Date {
        match self.unit {
            Unit::Days => first.plus_days(i32::from(self.count)),
            Unit::Months => first.plus_months(i32::from(self.count)),
            Unit::Years => first.plus_months(i32::from(self.count).saturating_mul(12)),
        }
    }
}

impl std::fmt::Display for Validity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = match self.unit {
            Unit::Days => 'd',
            Unit::Months => 'm',
            Unit::Years => 'y',
        };
        write!(f, "{}{unit}", self.count)
    }
}

impl std::str::FromStr for Validity {
    type Err = ValidityError;

    fn from_str(text: &str) -> Result<Self, ValidityError> {
        let refused = || ValidityError(text.to_owned());
        let unit = match text.bytes().last() {
            Some(b'd') => Unit::Days,
            Some(b'm') => Unit::Months,
            Some(b'y') => Unit::Years,
            _ => return Err(refused()),
        };
        let digits = text.get(..text.len() - 1).ok_or_else(refused)?;
        let count = digits.parse().ok().filter(|count| *count > 0 && digits.bytes().all(|b| b.is_ascii_digit()));
        Ok(Self { count: count.ok_or_else(refused)?, unit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_counted_in_the_calendar() {
        for (text, first, last) in [
            ("35d", "2026-03-01", "2026-04-05"),
            ("1m", "2026-01-31", "2026-02-28"),
            ("4m", "2026-11-30", "2027-03-30"),
            ("2y", "2024-02-29", "2026-02-28"),
            ("65535y", "2026-03-01", "9999-12-30"),
        ] {
            let validity: Validity = text.parse().unwrap();
            assert_eq!(validity.to_string(), text);
            assert_eq!(validity.last_day_from(Date::parse(first).unwrap()).to_string(), last, "{text}");
        }
        for bad in ["", "d", "0d", "-1d", "+1d", "1w", "1.5y", "65536d", " 1d", "1 d", "ä"] {
            assert!(bad.parse::<Validity>().is_err(), "{bad:?}");
        }
    }
}
