//! Counting units: of a license or of one of its features (`docs/protocol/license.md`, "Consumption").

use std::time::Duration;

use super::lines::{Reader, Writer, words};
use crate::time::Timestamp;

/// Largest number of units, either way: clients read numbers as IEEE 754 doubles.
pub const UNITS_LIMIT: i64 = (1 << 53) - 1;

words! {
    /// How often a count begins anew, in periods from the first activation on, in UTC.
    ResetPeriod {
        /// Every hour.
        Hourly = "hourly",
        /// Every day.
        Daily = "daily",
        /// Every seven days.
        Weekly = "weekly",
        /// Every month.
        Monthly = "monthly",
        /// Every year.
        Annually = "annually",
    }
}

/// How many units may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Units {
    /// At most so many.
    AtMost(i64),
    /// Any number.
    Unlimited,
}

/// What may be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Metering {
    /// Units that may be used in a period.
    pub limit: Units,
    /// Units beyond the limit that may be used all the same; `None`: overage is off.
    pub overage: Option<Units>,
    /// Whether units can be given back.
    pub negative: bool,
    /// When the count begins anew; `None`: never.
    pub reset: Option<ResetPeriod>,
}

impl Default for Metering {
    fn default() -> Self {
        Self { limit: Units::AtMost(0), overage: None, negative: true, reset: None }
    }
}

/// What has been counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Meter {
    /// Units used in the period.
    pub total: i64,
    /// When that period began; `None`: before the first unit, or without periods.
    pub since: Option<Timestamp>,
}

/// Why units were not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ConsumptionRefusal {
    /// Fewer units are left.
    #[error("not enough units are left")]
    NotEnough,
    /// Units cannot be given back.
    #[error("units cannot be given back")]
    Negative,
}

impl Metering {
    /// What is counted at a time: nothing yet when a new period has begun since. Periods are counted from `anchor`, the
    /// first activation.
    #[must_use]
    pub fn at(&self, meter: Meter, anchor: Option<Timestamp>, now: Timestamp) -> Meter {
        let (Some(reset), Some(anchor)) = (self.reset, anchor) else { return meter };
        let begun = reset.begin(anchor, now);
        // What was counted while there were no periods belongs to the first one.
        let since = meter.since.unwrap_or(anchor);
        if begun <= since { meter } else { Meter { total: 0, since: Some(begun) } }
    }

    /// When the count begins anew next, after a time; `None`: never, or not before the first activation.
    #[must_use]
    pub fn begins_anew_at(&self, anchor: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        self.reset.zip(anchor).map(|(reset, anchor)| reset.next(anchor, now))
    }

    /// Counts units, which may be negative, at a time.
    ///
    /// # Errors
    /// [`ConsumptionRefusal`] says why nothing was counted.
    pub fn consume(
        &self,
        meter: Meter,
        units: i64,
        anchor: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Meter, ConsumptionRefusal> {
        if units < 0 && !self.negative {
            return Err(ConsumptionRefusal::Negative);
        }
        let current = self.at(meter, anchor, now);
        let total = current.total.checked_add(units).filter(|total| (-UNITS_LIMIT..=UNITS_LIMIT).contains(total));
        let total = total.ok_or(ConsumptionRefusal::NotEnough)?;
        // What is given back is always taken, also when the limit was lowered in the meantime.
        if units <= 0 || self.most().is_none_or(|most| total <= most) {
            return Ok(Meter { total, ..current });
        }
        Err(ConsumptionRefusal::NotEnough)
    }

    /// Units that can be counted beside a total; `None`: any number.
    #[must_use]
    pub fn left(&self, total: i64) -> Option<i64> {
        self.most().map(|most| most.saturating_sub(total).max(0))
    }

    /// The largest total that is accepted; `None`: any.
    fn most(&self) -> Option<i64> {
        match (self.limit, self.overage) {
            (Units::Unlimited, _) | (_, Some(Units::Unlimited)) => None,
            (Units::AtMost(limit), None) => Some(limit),
            (Units::AtMost(limit), Some(Units::AtMost(overage))) => Some(limit.saturating_add(overage)),
        }
    }

    pub(super) fn write(&self, to: &mut Writer) {
        let default = Self::default();
        to.put("units", &self.limit, &default.limit);
        to.put_some("overage", self.overage);
        to.put("negative-units", &self.negative, &default.negative);
        to.put_some("reset", self.reset);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let default = Self::default();
        Some(Self {
            limit: from.take("units", default.limit)?,
            overage: from.take_some("overage")?,
            negative: from.take("negative-units", default.negative)?,
            reset: from.take_some("reset")?,
        })
    }
}

/// In milliseconds.
const HOUR: i64 = 3_600_000;

impl ResetPeriod {
    /// When the period began that a time lies in.
    fn begin(self, anchor: Timestamp, now: Timestamp) -> Timestamp {
        let length = match self {
            Self::Hourly => HOUR,
            Self::Daily => 24 * HOUR,
            Self::Weekly => 7 * 24 * HOUR,
            Self::Monthly => return anchor.latest_of_months(1, now),
            Self::Annually => return anchor.latest_of_months(12, now),
        };
        let since = now.as_millis().saturating_sub(anchor.as_millis()).max(0);
        Timestamp::from_millis(anchor.as_millis().saturating_add(since - since % length))
    }

    /// When the period begins that comes after it.
    fn next(self, anchor: Timestamp, now: Timestamp) -> Timestamp {
        // The longest that a period can be: no second one begins within it.
        let longest = match self {
            Self::Hourly => HOUR,
            Self::Daily => 24 * HOUR,
            Self::Weekly => 7 * 24 * HOUR,
            Self::Monthly => 31 * 24 * HOUR,
            Self::Annually => 366 * 24 * HOUR,
        };
        self.begin(anchor, self.begin(anchor, now).plus(Duration::from_millis(longest.unsigned_abs())))
    }
}

impl std::fmt::Display for Units {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(units) => units.fmt(f),
            Self::Unlimited => f.write_str("unlimited"),
        }
    }
}

impl std::str::FromStr for Units {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "unlimited" {
            return Ok(Self::Unlimited);
        }
        let units = text.parse().ok().filter(|units| (0..=UNITS_LIMIT).contains(units));
        units.map(Self::AtMost).ok_or_else(|| "write a number of units, or `unlimited`".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::read_tolerantly(text).unwrap()
    }

    #[test]
    fn units_are_counted_up_to_limit_and_overage() {
        use ConsumptionRefusal::{Negative, NotEnough};
        let ten = Metering { limit: Units::AtMost(10), ..Metering::default() };
        let over = Metering { overage: Some(Units::AtMost(3)), ..ten };
        let endless = Metering { overage: Some(Units::Unlimited), ..ten };
        let forward = Metering { negative: false, ..ten };
        for (metering, total, units, expected) in [
            (ten, 0, 10, Ok(10)),
            (ten, 9, 2, Err(NotEnough)),
            (ten, 10, 0, Ok(10)),
            (ten, 10, -1, Ok(9)),
            (ten, 0, -5, Ok(-5)),
            (ten, 20, -1, Ok(19)),
            (forward, 5, -1, Err(Negative)),
            (over, 10, 3, Ok(13)),
            (over, 10, 4, Err(NotEnough)),
            (endless, 10, 1_000, Ok(1_010)),
            (endless, UNITS_LIMIT, 1, Err(NotEnough)),
            (ten, 0, i64::MIN, Err(NotEnough)),
        ] {
            let counted = metering.consume(Meter { total, since: None }, units, None, Timestamp::EPOCH);
            assert_eq!(counted.map(|meter| meter.total), expected, "{metering:?} {total} {units}");
        }
    }

    #[test]
    fn a_count_begins_anew_with_its_period() {
        let anchor = at("2026-01-31T10:30:00Z");
        for (reset, now, begun) in [
            (ResetPeriod::Hourly, "2026-01-31T11:29:59Z", "2026-01-31T10:30:00Z"),
            (ResetPeriod::Hourly, "2026-01-31T11:30:00Z", "2026-01-31T11:30:00Z"),
            (ResetPeriod::Daily, "2026-02-03T10:29:59Z", "2026-02-02T10:30:00Z"),
            (ResetPeriod::Weekly, "2026-02-14T10:30:00Z", "2026-02-14T10:30:00Z"),
            (ResetPeriod::Monthly, "2026-02-28T10:29:59Z", "2026-01-31T10:30:00Z"),
            (ResetPeriod::Monthly, "2026-02-28T10:30:00Z", "2026-02-28T10:30:00Z"),
            (ResetPeriod::Monthly, "2026-03-31T10:29:59Z", "2026-02-28T10:30:00Z"),
            (ResetPeriod::Annually, "2028-01-31T10:29:59Z", "2027-01-31T10:30:00Z"),
            (ResetPeriod::Annually, "2026-01-01T00:00:00Z", "2026-01-31T10:30:00Z"),
        ] {
            assert_eq!(reset.begin(anchor, at(now)), at(begun), "{reset} at {now}");
            let next = reset.next(anchor, at(now));
            let before = next.minus(Duration::from_millis(1));
            assert_eq!((reset.begin(anchor, before), reset.begin(anchor, next)), (at(begun), next), "{reset} at {now}");
        }
        let daily = Metering { limit: Units::AtMost(5), reset: Some(ResetPeriod::Daily), ..Metering::default() };
        let full = daily.consume(Meter::default(), 5, Some(anchor), anchor).unwrap();
        assert!(daily.consume(full, 1, Some(anchor), at("2026-02-01T10:29:59Z")).is_err());
        let next = at("2026-02-01T10:30:00Z");
        assert_eq!(daily.consume(full, 2, Some(anchor), next), Ok(Meter { total: 2, since: Some(next) }));
    }
}
