//! What a license does, told once more: small, slow, and without anything of the program's own rules.

use std::collections::BTreeSet;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A license as a producer lays it down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Laid {
    pub(crate) devices: u32,
    /// Transfers; `None`: any number.
    pub(crate) transfers: Option<u32>,
    /// Days from the first activation; `None`: no end.
    pub(crate) days: Option<i64>,
    /// Hours of grace.
    pub(crate) grace: i64,
    pub(crate) units: i64,
    pub(crate) overage: i64,
    pub(crate) negative: bool,
    /// Hours of a period.
    pub(crate) period: Option<i64>,
}

/// A license with what has become of it.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) laid: Laid,
    pub(crate) enabled: bool,
    pub(crate) active: BTreeSet<usize>,
    pub(crate) moved: u32,
    /// The last device.
    last: Option<usize>,
    /// How often one was released that was not made up for by an activation.
    vacant: u32,
    first: Option<i64>,
    /// Accepted units with their times.
    counted: Vec<(i64, i64)>,
}

/// What comes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Done,
    Units(i64),
    Disabled,
    Expired,
    Full,
    NotHere,
    NotActive,
    NotEnough,
    NotNegative,
    TooOften,
}

impl Reference {
    pub(crate) fn new(laid: Laid) -> Self {
        let (active, counted) = (BTreeSet::new(), Vec::new());
        Self { laid, enabled: true, active, moved: 0, last: None, vacant: 0, first: None, counted }
    }

    /// The last moment, if there is one: the end of a day.
    pub(crate) fn end(&self) -> Option<i64> {
        let (first, days) = (self.first?, self.laid.days?);
        Some((first / DAY + days + 1) * DAY - 1)
    }

    fn over(&self, now: i64) -> bool {
        // A whole day after the last one has begun before the grace period matters.
        self.end().is_some_and(|end| now > end + self.laid.grace * HOUR)
    }

    pub(crate) fn activate(&mut self, device: usize, now: i64) -> Said {
        if !self.enabled {
            return Said::Disabled;
        }
        if self.active.contains(&device) {
            return Said::Done;
        }
        if self.over(now) {
            return Said::Expired;
        }
        if self.active.len() >= self.laid.devices as usize {
            return Said::Full;
        }
        let moves = self.vacant > 0 && self.last.is_some_and(|last| last != device);
        if moves && self.laid.transfers.is_some_and(|most| self.moved >= most) {
            return Said::TooOften;
        }
        self.moved += u32::from(moves);
        self.last = Some(device);
        self.vacant = self.vacant.saturating_sub(1);
        self.first = self.first.or(Some(now));
        self.active.insert(device);
        Said::Done
    }

    pub(crate) fn release(&mut self, device: usize) -> Said {
        if !self.active.remove(&device) {
            return Said::NotHere;
        }
        self.vacant += 1;
        Said::Done
    }

    fn here(&self, device: usize) -> Result<(), Said> {
        match (self.enabled, self.active.is_empty(), self.active.contains(&device)) {
            (false, _, _) => Err(Said::Disabled),
            (true, true, _) => Err(Said::NotActive),
            (true, false, false) => Err(Said::NotHere),
            (true, false, true) => Ok(()),
        }
    }

    pub(crate) fn check(&self, device: usize) -> Said {
        self.here(device).err().unwrap_or(Said::Done)
    }

    /// The sum of what was counted in the period that a time lies in.
    pub(crate) fn total(&self, now: i64) -> i64 {
        let begun = match (self.laid.period, self.first) {
            (Some(hours), Some(first)) => first + (now - first) / (hours * HOUR) * (hours * HOUR),
            _ => i64::MIN,
        };
        self.counted.iter().filter(|(at, _)| *at >= begun).map(|(_, units)| units).sum()
    }

    pub(crate) fn consume(&mut self, device: usize, units: i64, now: i64) -> Said {
        if let Err(said) = self.here(device) {
            return said;
        }
        if self.over(now) {
            return Said::Expired;
        }
        if units < 0 && !self.laid.negative {
            return Said::NotNegative;
        }
        let total = self.total(now) + units;
        if units > 0 && total > self.laid.units + self.laid.overage {
            return Said::NotEnough;
        }
        self.counted.push((now, units));
        Said::Units(total)
    }
}
