//! Whether the application may run: one pure function of what was signed, what has happened since, and the time.
//!
//! Every rule that lets an application run, or stops it, is in [`decide`], and nowhere else.

use super::{AwayPolicy, Reason, Timestamp, WhenAway, passage::Passage, view::License};

/// What holds for the license on this machine now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LicenseState {
    /// The application may run.
    Valid {
        /// The end of the license; `None`: it never ends.
        until: Option<Timestamp>,
    },
    /// The application may run for now, and should tell its user.
    Grace {
        /// The last moment at which it may.
        until: Timestamp,
        /// What must happen before.
        why: GraceReason,
    },
    /// The server was away, or was not asked, for too long. The next answer of the server makes the license valid again.
    GraceEnded {
        /// When it ended.
        at: Timestamp,
    },
    /// The license is over.
    Expired {
        /// Its end, if it is known.
        at: Option<Timestamp>,
    },
    /// The license is not valid yet.
    NotStarted {
        /// When it begins.
        at: Timestamp,
    },
    /// The producer has disabled the license, its product, or this device.
    Disabled,
    /// The license is not active on this machine any more.
    NotActive,
    /// The server has refused the last check for another reason.
    Refused {
        /// The code that it gave.
        code: String,
    },
    /// No seat is held: it was given back, has timed out without a check, or none was free.
    NoSeat,
    /// The clock shows a time before one that is known to have passed.
    ClockSetBack {
        /// The time that is known to have passed.
        trusted: Timestamp,
        /// What the clock shows.
        now: Timestamp,
    },
    /// The license that is kept here belongs to another machine.
    WrongMachine,
    /// What is kept here was altered, is damaged, or is signed by a key that is not pinned any more.
    CacheAltered,
    /// No license was activated here.
    NeverActivated,
}

/// Why an application runs although not all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GraceReason {
    /// The server was not asked, or cannot be.
    ServerAway,
    /// The license is past its end, and its own grace period lets it go on: a payment is due.
    PaymentDue,
}

impl LicenseState {
    /// Whether the application may run.
    #[must_use]
    pub fn may_run(&self) -> bool {
        matches!(self, Self::Valid { .. } | Self::Grace { .. })
    }
}

/// What is known of a license.
pub(crate) struct Known<'a> {
    pub(crate) license: &'a License,
    /// Whether the server is asked about it at all; it is not after an activation by file or by codes.
    pub(crate) is_online: bool,
    /// When the server was asked for the last answer that was verified, by this machine's own count of time; as are the ends of
    /// spans here.
    pub(crate) confirmed_at: Timestamp,
    /// What is known to have passed.
    pub(crate) passage: Passage,
    /// Since when the server cannot be asked; `None`: it answered last time.
    pub(crate) away_since: Option<Timestamp>,
    /// The code with which the server has refused the last check.
    pub(crate) ended: Option<&'a str>,
    /// When the timeout of the seat ends; `None`: none is held.
    pub(crate) seat_until: Option<Timestamp>,
    /// Until when the seat was borrowed. The server has named this date, so it is compared with all that is known of its time.
    pub(crate) borrowed_until: Option<Timestamp>,
}

/// Decides. A moment at which something ends still belongs to it, as on the server.
pub(crate) fn decide(known: &Known<'_>, now: Timestamp, policy: &AwayPolicy) -> LicenseState {
    let license = known.license;
    let passage = known.passage;
    if passage.is_set_back(now) {
        return LicenseState::ClockSetBack { trusted: passage.trusted(), now };
    }
    // Within the tolerance time never goes back: not that of dates, and not that of spans.
    let (at, own) = (now.max(passage.trusted()), now.max(passage.own()));
    if let Some(code) = known.ended {
        return ended_with(code, license);
    }
    if !license.is_enabled {
        return LicenseState::Disabled;
    }
    if !license.is_active {
        return LicenseState::NotActive;
    }
    if let Some(start) = license.starts.filter(|start| at < *start) {
        return LicenseState::NotStarted { at: start };
    }
    let last = license.last();
    if last.is_some_and(|last| at > last) || (license.ends.is_none() && license.is_expired) {
        return LicenseState::Expired { at: license.ends };
    }
    let seat_until = known.seat_until.filter(|_| license.seats.is_some());
    let borrowed_until = known.borrowed_until.filter(|_| seat_until.is_some());
    let is_borrowed = borrowed_until.is_some_and(|until| at <= until);
    let is_seated = is_borrowed || seat_until.is_some_and(|until| own <= until);
    if license.seats.is_some() && known.is_online && !is_seated {
        return LicenseState::NoSeat;
    }
    let confirmation = confirmation(known, own, policy);
    // A seat that was borrowed was borrowed to be away.
    match confirmation {
        Confirmation::Over { at } if !is_borrowed => return LicenseState::GraceEnded { at },
        Confirmation::Until(_) | Confirmation::Fresh | Confirmation::Over { .. } => {}
    }
    let payment_due = license.ends.filter(|end| at > *end).and(last);
    // Nor does grace outlast the seat, which only the server renews.
    let seat_until = seat_until.max(borrowed_until);
    let away_until = match confirmation {
        Confirmation::Until(until) => {
            let until = borrowed_until.map_or(until, |borrowed| borrowed.max(until));
            Some(seat_until.map_or(until, |seat| seat.min(until)))
        }
        Confirmation::Over { .. } => borrowed_until,
        Confirmation::Fresh => None,
    };
    match (payment_due, away_until) {
        (None, None) => LicenseState::Valid { until: license.ends },
        (Some(last), away) => {
            LicenseState::Grace { until: away.map_or(last, |away| away.min(last)), why: GraceReason::PaymentDue }
        }
        (None, Some(away)) => {
            LicenseState::Grace { until: last.map_or(away, |last| away.min(last)), why: GraceReason::ServerAway }
        }
    }
}

/// How well the last answer still holds.
#[derive(Clone, Copy)]
enum Confirmation {
    Fresh,
    Until(Timestamp),
    Over { at: Timestamp },
}

fn confirmation(known: &Known<'_>, own: Timestamp, policy: &AwayPolicy) -> Confirmation {
    let fresh_until = known.confirmed_at.plus(policy.confirmed_for);
    let is_fresh = known.away_since.is_none() && own <= fresh_until;
    if !known.is_online || is_fresh {
        return Confirmation::Fresh;
    }
    match policy.then {
        WhenAway::Grace(span) => {
            let until = known.confirmed_at.plus(span);
            if own <= until { Confirmation::Until(until) } else { Confirmation::Over { at: until } }
        }
        WhenAway::Stop => Confirmation::Over { at: known.away_since.map_or(fresh_until, |away| away.min(fresh_until)) },
    }
}

fn ended_with(code: &str, license: &License) -> LicenseState {
    match Reason::of(code) {
        Reason::Disabled => LicenseState::Disabled,
        Reason::Expired => LicenseState::Expired { at: license.ends },
        Reason::NotActive => LicenseState::NotActive,
        Reason::BorrowDate
        | Reason::BorrowNotAllowed
        | Reason::Clock
        | Reason::Credential
        | Reason::Limit
        | Reason::Login
        | Reason::NoSeat
        | Reason::NotEnoughUnits
        | Reason::NotStarted
        | Reason::VirtualMachine
        | Reason::Other => LicenseState::Refused { code: code.to_owned() },
    }
}

#[cfg(test)]
mod tests;
