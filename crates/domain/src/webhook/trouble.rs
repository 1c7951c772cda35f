//! What is wrong with a receiver, and when it is given up.

use std::time::Duration;

use crate::ids::DeliveryId;
use crate::time::Timestamp;

/// For how long a receiver may fail without a single success.
const PATIENCE: Duration = Duration::from_secs(5 * 24 * 3600);
/// How far failures of two events must be apart: one bad event alone never ends a receiver.
const APART: Duration = Duration::from_secs(12 * 3600);
/// Failed attempts of one event after which somebody is told.
const FIRST_TROUBLE: u32 = 4;
/// First pause of a receiver that is too busy; it doubles with each failure in a row.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// Longest pause that it gets without asking.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What is wrong with a receiver: all attempts since some time have failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// What failed first.
    pub first: DeliveryId,
    /// Attempts that have failed in a row.
    pub failures: u32,
    /// Whether two events have failed half a day apart.
    pub is_lasting: bool,
    /// What people were told of it.
    pub told: Option<Notice>,
}

/// What people are told of a receiver in trouble, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Notice {
    /// An event has failed several times.
    Failing,
    /// The receiver will be given up when it goes on like this.
    NearEnd,
    /// It was given up.
    GivenUp,
}

impl Notice {
    /// The number for it in the store, from 1.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Failing => 1,
            Self::NearEnd => 2,
            Self::GivenUp => 3,
        }
    }

    /// What a number means; 0 means nothing.
    #[must_use]
    pub fn of_number(number: i64) -> Option<Self> {
        [Self::Failing, Self::NearEnd, Self::GivenUp].into_iter().find(|notice| notice.number() == number)
    }
}

impl Trouble {
    /// The trouble after one more failure: of a delivery, after so many of its own attempts. With it comes what people are
    /// to be told now, if anything.
    #[must_use]
    pub fn after(before: Option<Self>, delivery: DeliveryId, attempts: u32, now: Timestamp) -> (Self, Option<Notice>) {
        let mut trouble =
            before.unwrap_or(Self { since: now, first: delivery, failures: 0, is_lasting: false, told: None });
        trouble.failures = trouble.failures.saturating_add(1);
        trouble.is_lasting |= trouble.first != delivery && trouble.since.plus(APART) <= now;
        let is_after = |share: Duration| trouble.is_lasting && trouble.since.plus(share) <= now;
        let notice = if is_after(PATIENCE) {
            Some(Notice::GivenUp)
        } else if is_after(PATIENCE / 10 * 7) {
            Some(Notice::NearEnd)
        } else if attempts >= FIRST_TROUBLE {
            Some(Notice::Failing)
        } else {
            None
        };
        let news = notice.filter(|notice| Some(*notice) > trouble.told);
        trouble.told = trouble.told.max(notice);
        (trouble, news)
    }

    /// For how long a receiver that is too busy is left alone. What it asks for counts, if it is longer.
    #[must_use]
    pub fn pause(self, asked: Option<Duration>) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(10);
        let ours = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
        ours.max(asked.unwrap_or_default().min(super::schedule::LONGEST_WAIT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hours: i64) -> Timestamp {
        Timestamp::from_seconds(hours * 3600)
    }

    #[test]
    fn a_receiver_is_given_up_after_five_days_without_a_success() {
        let (one, two) = (DeliveryId(1), DeliveryId(2));
        let mut trouble = None;
        let mut fail = |delivery, attempts, at| {
            let (after, notice) = Trouble::after(trouble, delivery, attempts, hour(at));
            trouble = Some(after);
            notice
        };
        assert_eq!(fail(one, 1, 0), None);
        assert_eq!(fail(one, 4, 1), Some(Notice::Failing));
        assert_eq!(fail(one, 5, 2), None, "told once");
        assert_eq!(fail(one, 9, 130), None, "one event alone proves nothing");
        assert_eq!(fail(two, 1, 131), Some(Notice::GivenUp));
    }

    #[test]
    fn people_are_warned_before() {
        let (mut trouble, _) = Trouble::after(None, DeliveryId(1), 1, hour(0));
        (trouble, _) = Trouble::after(Some(trouble), DeliveryId(2), 1, hour(13));
        assert!(trouble.is_lasting);
        let (trouble, notice) = Trouble::after(Some(trouble), DeliveryId(2), 5, hour(84));
        assert_eq!(notice, Some(Notice::NearEnd));
        assert_eq!(Trouble::after(Some(trouble), DeliveryId(2), 6, hour(100)).1, None);
        assert_eq!(Trouble::after(Some(trouble), DeliveryId(3), 6, hour(120)).1, Some(Notice::GivenUp));
    }

    #[test]
    fn pauses_double_and_end() {
        let trouble =
            |failures| Trouble { since: hour(0), first: DeliveryId(1), failures, is_lasting: false, told: None };
        let pauses: Vec<_> = [1, 2, 4, 7, 100].map(|failures| trouble(failures).pause(None).as_secs()).into();
        assert_eq!(pauses, [5, 10, 40, 300, 300]);
        assert_eq!(trouble(1).pause(Some(Duration::from_secs(2))).as_secs(), 5);
        assert_eq!(trouble(1).pause(Some(Duration::from_secs(900))).as_secs(), 900);
        assert_eq!(trouble(1).pause(Some(Duration::MAX)).as_secs(), 86400);
        for notice in [Notice::Failing, Notice::NearEnd, Notice::GivenUp] {
            assert_eq!(Notice::of_number(notice.number()), Some(notice));
        }
    }
}
