//! Seats: a license or a feature that some devices use by turns. Who may have one now, and until when.

use std::time::Duration;

use super::rules::{Floating, Seats};
use crate::ids::{DeviceId, FeatureId, LicenseId};
use crate::time::Timestamp;

/// By how much a seat ends later than its holder was told: checks within it need no write.
pub const SEAT_SLACK: Duration = Duration::from_secs(1);
/// Minutes after which the seat of a silent device is free, where the rules name none.
const USUAL_TIMEOUT: u32 = 120;
/// Longest time for which a jump of the clock spares seats.
const LONGEST_SPARE: Duration = Duration::from_secs(30 * 24 * 3600);

/// What has seats: a license, or one of its features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatPool {
    /// The license.
    pub license: LicenseId,
    /// The feature; `None`: the license itself.
    pub feature: Option<FeatureId>,
}

/// A seat that a device holds, or held until its time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seat {
    /// The device.
    pub device: DeviceId,
    /// Since when.
    pub taken_at: Timestamp,
    /// When the device was heard of last. Checks within a second are not noted.
    pub seen_at: Timestamp,
    /// From when on it is free.
    pub ends_at: Timestamp,
    /// Until when it was borrowed.
    pub borrowed_until: Option<Timestamp>,
}

/// The last time that the clock behind a store has jumped forward by more than five minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClockJump {
    /// The last time before it.
    pub before: Timestamp,
    /// The first time after it.
    pub after: Timestamp,
}

/// What a device wants of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatWish {
    /// To use it now.
    Use,
    /// To keep it while it is away: until a time, or for as long as the rules allow.
    Borrow(Option<Timestamp>),
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatStep {
    /// Nothing: the device has a seat for long enough.
    Keep(Seat),
    /// Write the seat that it has with these times.
    Renew(Seat),
    /// Give it this one.
    Take(Seat),
}

/// Why a device gets no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SeatRefusal {
    /// Seats cannot be borrowed.
    #[error("seats cannot be borrowed")]
    BorrowNotAllowed,
    /// The seat cannot be borrowed until then.
    #[error("a seat cannot be borrowed until then")]
    BorrowUntilNotValid,
    /// All seats are taken.
    #[error("all seats are taken")]
    NoneFree,
    /// This server counts no seats of it.
    #[error("it has no seats here")]
    NoSeats,
}

impl SeatRefusal {
    const ALL: [Self; 4] = [Self::BorrowNotAllowed, Self::BorrowUntilNotValid, Self::NoneFree, Self::NoSeats];

    /// The word for it in lists and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BorrowNotAllowed => "borrow-not-allowed",
            Self::BorrowUntilNotValid => "borrow-until-not-valid",
            Self::NoneFree => "none-free",
            Self::NoSeats => "no-seats",
        }
    }

    /// The reason of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

impl SeatPool {
    /// The seats of a license itself.
    #[must_use]
    pub fn of(license: LicenseId) -> Self {
        Self { license, feature: None }
    }
}

impl Seat {
    /// Whether it is held, when all seats that end by a time are free.
    #[must_use]
    pub fn is_held(&self, ended_by: Timestamp) -> bool {
        self.ends_at > ended_by
    }

    /// Until when it is borrowed, while it is.
    #[must_use]
    pub fn borrowed(&self, now: Timestamp) -> Option<Timestamp> {
        self.borrowed_until.filter(|until| *until > now)
    }
}

impl Seats {
    /// Whether this server counts them.
    #[must_use]
    pub fn are_counted(&self) -> bool {
        self.floating == Floating::Cloud
    }

    /// Minutes after which the seat of a silent device is free again.
    #[must_use]
    pub fn timeout_minutes(&self) -> u32 {
        if self.are_counted() && self.timeout == 0 { USUAL_TIMEOUT } else { self.timeout }
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout_minutes()) * 60)
    }

    /// Seats that end by this time are free now. That is now itself, except when a clock has jumped: seats that were held
    /// then are spared for one more timeout, so that their holders can come back.
    #[must_use]
    pub fn ended_by(&self, now: Timestamp, jump: Option<ClockJump>) -> Timestamp {
        match jump {
            Some(ClockJump { before, after })
                if after <= now && now < after.plus(self.timeout().min(LONGEST_SPARE)) =>
            {
                before
            }
            _ => now,
        }
    }

    /// When the seat of a device ends that is heard of now.
    #[must_use]
    pub fn end(&self, now: Timestamp) -> Timestamp {
        now.plus(self.timeout()).plus(SEAT_SLACK)
    }

    /// The seat of a device that is heard of now: the same, when it lasts for long enough. It is never shortened.
    #[must_use]
    pub fn renew(&self, seat: Seat, now: Timestamp) -> SeatStep {
        if seat.ends_at >= now.plus(self.timeout()) {
            return SeatStep::Keep(seat);
        }
        SeatStep::Renew(Seat { seen_at: now, ends_at: self.end(now), ..seat })
    }

    /// Decides about the wish of a device. `held` is the seat that it holds, and `in_use` the number of seats that are held.
    ///
    /// # Errors
    /// [`SeatRefusal`] says why it gets none.
    pub fn decide(
        &self,
        device: DeviceId,
        wish: SeatWish,
        held: Option<Seat>,
        in_use: u32,
        now: Timestamp,
    ) -> Result<SeatStep, SeatRefusal> {
        if !self.are_counted() {
            return Err(SeatRefusal::NoSeats);
        }
        let borrowed_until = match wish {
            SeatWish::Use => None,
            SeatWish::Borrow(until) => Some(self.borrow_until(until, now)?),
        };
        match (held, borrowed_until) {
            (Some(seat), None) => Ok(self.renew(seat, now)),
            (Some(seat), Some(until)) => {
                let ends_at = until.max(self.end(now));
                Ok(SeatStep::Renew(Seat { seen_at: now, ends_at, borrowed_until, ..seat }))
            }
            (None, _) if in_use >= self.users => Err(SeatRefusal::NoneFree),
            (None, until) => {
                let ends_at = self.end(now).max(until.unwrap_or(now));
                Ok(SeatStep::Take(Seat { device, taken_at: now, seen_at: now, ends_at, borrowed_until }))
            }
        }
    }

    fn borrow_until(&self, until: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, SeatRefusal> {
        let hours = self.borrow.ok_or(SeatRefusal::BorrowNotAllowed)?;
        let latest = now.plus(Duration::from_secs(u64::from(hours) * 3600));
        let until = until.unwrap_or(latest);
        if now < until && until <= latest { Ok(until) } else { Err(SeatRefusal::BorrowUntilNotValid) }
    }
}

/// A refusal that the producer can read about, coalesced: those of one device within an hour and for one reason are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeatDenial {
    /// What it wanted a seat of.
    pub pool: SeatPool,
    /// Who.
    pub device: DeviceId,
    /// Why it got none.
    pub reason: SeatRefusal,
    /// The first refusal of the hour.
    pub first_at: Timestamp,
    /// The last one that was noted; at most one is noted in a minute.
    pub last_at: Timestamp,
    /// How many were noted.
    pub times: u32,
}

impl SeatDenial {
    /// How long after one refusal the next one is not noted.
    const QUIET: Duration = Duration::from_secs(60);

    /// Whether a refusal for the same reason is not noted once more.
    #[must_use]
    pub fn covers(&self, now: Timestamp) -> bool {
        now >= self.last_at && now < self.last_at.plus(Self::QUIET)
    }

    /// The hour that a refusal is counted in: its first moment.
    #[must_use]
    pub fn hour(at: Timestamp) -> Timestamp {
        Timestamp::from_seconds(at.as_seconds() / 3600 * 3600)
    }
}

#[cfg(test)]
mod tests;
