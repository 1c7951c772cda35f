//! How much time has passed, as far as a machine can tell whose clock anybody can set.
//!
//! Time is counted as the clock goes forward; where it goes back, counting goes on from where it was. So a clock that is set back a
//! little wins nothing, also when that is done again and again: all of it adds up between what is counted and what the clock
//! shows, until that is more than clocks differ.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// What is known to have passed: times in milliseconds since 1970. Kept between runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Passage {
    /// The latest time that is known to have passed, by whatever has told one.
    pub(crate) trusted_at: u64,
    /// The time that was counted by the clock of this machine alone. Spans are measured in it, because the clock of the server may
    /// show another time.
    pub(crate) own_at: u64,
    /// What the clock has shown last.
    pub(crate) seen_at: u64,
}

impl Passage {
    /// What is known when the clock shows a time. One that is set back too far is not taken: nothing runs by it.
    pub(crate) fn at(self, now: Timestamp) -> Self {
        if self.is_set_back(now) {
            return self;
        }
        let gone = slowed(now.since(Timestamp::from_millis(self.seen_at)));
        let own_at = now.max(self.own().plus(gone)).as_millis();
        Self { trusted_at: self.trusted_at.max(own_at), own_at, seen_at: now.as_millis() }
    }

    /// The same, when so much has passed by this machine in any case.
    pub(crate) fn at_least(self, own: Timestamp) -> Self {
        let own_at = self.own_at.max(own.as_millis());
        Self { trusted_at: self.trusted_at.max(own_at), own_at, ..self }
    }

    /// What is known by this and another note together.
    pub(crate) fn later(self, other: Self) -> Self {
        let newer = if other.own_at > self.own_at { other } else { self };
        Self { trusted_at: self.trusted_at.max(other.trusted_at), ..newer }
    }

    /// The same, after somebody whose word is good has told a time.
    pub(crate) fn told(self, at: Timestamp) -> Self {
        Self { trusted_at: self.trusted_at.max(at.as_millis()), ..self }
    }

    /// Whether a clock shows less than has passed, by more than clocks differ.
    pub(crate) fn is_set_back(&self, now: Timestamp) -> bool {
        is_set_back(now, self.trusted())
    }

    pub(crate) fn trusted(&self) -> Timestamp {
        Timestamp::from_millis(self.trusted_at)
    }

    pub(crate) fn own(&self) -> Timestamp {
        Timestamp::from_millis(self.own_at)
    }

    /// Whether this, which was noted, is worth noting anew after `later`: a minute has passed, or the clock was set back.
    pub(crate) fn is_behind(&self, later: &Self) -> bool {
        let is_due = |noted: u64, now: u64| now > noted.saturating_add(NOTED_EVERY);
        later.seen_at < self.seen_at || is_due(self.own_at, later.own_at) || is_due(self.trusted_at, later.trusted_at)
    }
}

/// Whether a clock shows less than a time, by more than clocks differ.
pub(crate) fn is_set_back(now: Timestamp, than: Timestamp) -> bool {
    than.since(now) > CLOCK_TOLERANCE
}

/// Time as it is counted once a clock was set back. Clocks go wrong by less than a thousandth; without this, the corrections of
/// many years would stop a license that is never confirmed by a server.
pub(crate) fn slowed(span: Duration) -> Duration {
    span.saturating_sub(span / 1000)
}

/// The server takes a clock that is 15 minutes slow, and so must this client, or a license that was just confirmed would not
/// hold; one more minute is for the way. Clocks that are set over the network move back by less.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(16 * 60);
/// How long the time on the disk may lag behind, in milliseconds.
const NOTED_EVERY: u64 = 60_000;

#[cfg(test)]
mod tests {
    use super::{Passage, Timestamp};

    fn minute(minutes: u64) -> Timestamp {
        Timestamp::from_millis((1_000_000 + minutes) * 60_000)
    }

    #[test]
    fn steps_back_add_up_until_they_are_too_many() {
        let start = Passage::default().at(minute(0));
        assert_eq!((start.trusted(), start.own()), (minute(0), minute(0)));
        let back = start.at(minute(30)).at(minute(20));
        assert_eq!((back.trusted(), back.own(), back.is_set_back(minute(20))), (minute(30), minute(30), false));
        // It goes on from there, less a thousandth.
        let on = back.at(minute(30));
        assert_eq!(on.own_at, minute(40).as_millis() - 600);
        assert!(!on.is_set_back(minute(25)) && on.is_set_back(minute(23)));
        // What is too far back is not taken, and does no harm.
        assert_eq!(on.at(minute(20)), on);
        assert_eq!(on.at(minute(20)).at(minute(60)).own_at, minute(70).as_millis() - 600 - 1800);
    }

    #[test]
    fn corrections_of_a_clock_are_forgotten_with_time() {
        let corrected = Passage::default().at(minute(10)).at(minute(0));
        assert_eq!(corrected.own(), minute(10));
        assert_eq!(corrected.at(minute(20_000)).own(), minute(20_000));
    }

    #[test]
    fn a_step_back_is_noted_at_once_and_time_each_minute() {
        let noted = Passage::default().at(minute(10));
        let is_behind = |now| noted.is_behind(&noted.at(now));
        assert!(!is_behind(minute(10)) && !is_behind(minute(11)) && is_behind(minute(12)));
        assert!(is_behind(Timestamp::from_millis(minute(10).as_millis() - 1)));
    }
}
