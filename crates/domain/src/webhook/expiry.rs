//! When it is told that a license ends: some time before its last day, and after it.

use std::fmt;
use std::str::FromStr;

use crate::time::Date;

/// Most notices of a site: each is looked for every day.
const NOTICES: usize = 8;
/// Earliest notice, in days before the last one.
const EARLIEST: u16 = 366;

/// How many days before its last one it is told that a license expires soon, most first. Each is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiryNotices(Vec<u16>);

/// What is told of a license that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryStage {
    /// Its last day has passed.
    Expired,
    /// It has so many days left.
    Expiring(u16),
}

impl ExpiryNotices {
    /// Everything that is told, the earliest first.
    pub fn stages(&self) -> impl Iterator<Item = ExpiryStage> {
        self.0.iter().copied().map(ExpiryStage::Expiring).chain([ExpiryStage::Expired])
    }
}

impl Default for ExpiryNotices {
    /// A month, a week and a day before.
    fn default() -> Self {
        Self(vec![30, 7, 1])
    }
}

impl fmt::Display for ExpiryNotices {
    /// Days with commas between them, or `none`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        let days: Vec<_> = self.0.iter().map(u16::to_string).collect();
        f.write_str(&days.join(","))
    }
}

impl FromStr for ExpiryNotices {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hint = || format!("write at most {NOTICES} numbers of days from 0 to {EARLIEST}, such as 30,7,1, or none");
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let read = |word: &str| word.trim().parse().ok().filter(|days| *days <= EARLIEST).ok_or_else(hint);
        let mut days: Vec<u16> = text.split(',').map(read).collect::<Result<_, _>>()?;
        days.sort_unstable_by(|one, other| other.cmp(one));
        days.dedup();
        if days.len() > NOTICES { Err(hint()) } else { Ok(Self(days)) }
    }
}

impl ExpiryStage {
    /// A number for it in the store: days that are left.
    #[must_use]
    pub fn number(self) -> i32 {
        match self {
            Self::Expired => -1,
            Self::Expiring(days) => days.into(),
        }
    }

    /// Today it is told of licenses whose last day is before this one.
    #[must_use]
    pub fn before(self, today: Date) -> Date {
        today.plus_days(self.number() + 1)
    }

    /// Licenses that end by this day are not told of where nobody has looked before today.
    #[must_use]
    pub fn passed_over(self, today: Date) -> Date {
        match self {
            Self::Expired => today.plus_days(-1),
            Self::Expiring(days) => today.plus_days(i32::from(days) - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_read_in_any_order() {
        for (text, shown) in [("1, 30,7,7", "30,7,1"), ("none", "none"), ("0", "0"), ("366", "366")] {
            let read: ExpiryNotices = text.parse().unwrap();
            assert_eq!(read.to_string(), shown);
            assert_eq!(shown.parse(), Ok(read));
        }
        for bad in ["", "7,", "-1", "367", "week", "1,2,3,4,5,6,7,8,9"] {
            assert!(bad.parse::<ExpiryNotices>().is_err(), "{bad:?}");
        }
        assert_eq!(ExpiryNotices::default().to_string(), "30,7,1");
    }

    #[test]
    fn a_license_is_told_of_on_the_first_day_of_its_notice() {
        let day = |text: &str| Date::parse(text).unwrap();
        let today = day("2026-03-01");
        // With a last day of 2026-03-08 there are seven days left.
        assert_eq!(ExpiryStage::Expiring(7).before(today), day("2026-03-09"));
        assert_eq!(ExpiryStage::Expiring(7).passed_over(today), day("2026-03-07"));
        assert_eq!(ExpiryStage::Expired.before(today), today);
        assert_eq!(ExpiryStage::Expired.passed_over(today), day("2026-02-28"));
    }
}
