//! What the seats of a license do, told once more: small, slow, and without anything of the program's own rules. Times are
//! milliseconds.

use std::collections::BTreeMap;

const MINUTE: i64 = 60_000;

/// A license as a producer lays it down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Laid {
    pub(crate) users: usize,
    /// Minutes.
    pub(crate) timeout: i64,
    /// Hours; `None`: seats are not borrowed.
    pub(crate) borrow: Option<i64>,
}

/// The time of the store, and how it has jumped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time {
    shown: i64,
    pub(crate) now: i64,
    /// Whether jumps are noticed: by a store that has no clock of its own.
    notices: bool,
    jump: Option<(i64, i64)>,
}

/// The seats of one license.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) laid: Laid,
    /// By client: when the seat ends, and until when the client was told that it has it.
    pub(crate) seats: BTreeMap<usize, Held>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) end: i64,
    pub(crate) told: i64,
}

/// What comes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Done,
    Full,
    Until(i64),
    NotBorrowed,
    NotUntilThen,
}

impl Time {
    pub(crate) fn new(now: i64, notices: bool) -> Self {
        Self { shown: now, now, notices, jump: None }
    }

    /// The clock shows another time, and somebody looks.
    pub(crate) fn show(&mut self, shown: i64) {
        let now = self.now.max(shown);
        if self.notices && shown - self.shown > 5 * MINUTE && now - self.now > 5 * MINUTE {
            self.jump = Some((self.now, now));
        }
        (self.shown, self.now) = (shown, now);
    }

    pub(crate) fn shown(&self) -> i64 {
        self.shown
    }
}

impl Reference {
    pub(crate) fn new(laid: Laid) -> Self {
        Self { laid, seats: BTreeMap::new() }
    }

    /// What is held now: what has ended is gone.
    pub(crate) fn pass(&mut self, time: Time) {
        let timeout = self.laid.timeout * MINUTE;
        self.seats.retain(|_, held| {
            let spared = time.jump.is_some_and(|(before, after)| held.end > before && time.now < after + timeout);
            held.end > time.now || spared
        });
    }

    pub(crate) fn check(&mut self, client: usize, now: i64) -> Said {
        let told = now + self.laid.timeout * MINUTE;
        let fresh = Held { end: told + 1000, told };
        let is_full = self.seats.len() >= self.laid.users;
        match self.seats.get_mut(&client) {
            Some(held) if held.end >= told => held.told = held.told.max(told),
            Some(held) => *held = Held { told: held.told.max(told), ..fresh },
            None if is_full => return Said::Full,
            None => drop(self.seats.insert(client, fresh)),
        }
        Said::Done
    }

    /// Borrows for so many milliseconds, or for as long as it goes.
    pub(crate) fn borrow(&mut self, client: usize, wanted: Option<i64>, now: i64) -> Said {
        let Some(hours) = self.laid.borrow else { return Said::NotBorrowed };
        let most = hours * 60 * MINUTE;
        let span = wanted.unwrap_or(most);
        if span <= 0 || span > most {
            return Said::NotUntilThen;
        }
        if !self.seats.contains_key(&client) && self.seats.len() >= self.laid.users {
            return Said::Full;
        }
        let least = now + self.laid.timeout * MINUTE + 1000;
        self.seats.insert(client, Held { end: least.max(now + span), told: now + span });
        Said::Until(now + span)
    }

    /// A device that is activated anew gets a seat if one is free.
    pub(crate) fn move_in(&mut self, client: usize, now: i64) {
        self.seats.remove(&client);
        self.check(client, now);
    }
}
