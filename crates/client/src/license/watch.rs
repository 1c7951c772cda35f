//! Watching time pass: what a client notes of it, and what it then says of a license that is kept.

use std::sync::PoisonError;

use super::{
    LicenseClient, LicenseError, LicenseState, Timestamp,
    clock::Moment,
    entry::Entry,
    passage::{Passage, slowed},
    state::{Known, decide},
    view::License,
};

/// What a client remembers of time while it runs.
pub(crate) struct Watch {
    looked: Moment,
    /// What had passed by this machine.
    own: Timestamp,
    /// The answer since which it was counted: another process may have a newer one.
    confirmed_at: u64,
}

impl LicenseClient {
    /// What has passed by now. While the program runs, that is as much as a clock says that nobody can set.
    pub(crate) fn passage(&self, entry: &Entry) -> Passage {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Moment::now(&*self.door.clock);
        // What needs no server could be put back from a copy: then the other note is later.
        let noted = if entry.is_online() { Ok(entry.passage) } else { self.remembered(Some(entry)) };
        let noted = noted.unwrap_or(entry.passage);
        let mut passage = noted.at(now.at);
        if noted.is_set_back(now.at) {
            // Nothing runs meanwhile, so nothing is counted: a clock that was ahead for a moment can be waited for.
            *watch = None;
            return passage;
        }
        if let Some(last) = watch.as_ref().filter(|last| last.confirmed_at == entry.confirmed_at) {
            passage = passage.at_least(last.own.plus(slowed(now.steady_since(&last.looked))));
        }
        *watch = Some(Watch { looked: now, own: passage.own(), confirmed_at: entry.confirmed_at });
        passage
    }

    /// Begins to count anew with an answer that is kept: the server may have forgiven a clock that ran ahead.
    pub(crate) fn watch_from(&self, now: Moment, entry: &Entry) {
        let watch = Watch { looked: now, own: entry.passage.own(), confirmed_at: entry.confirmed_at };
        *self.watch.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch);
    }

    /// Decides about each license of what is kept, by the code of its product, and notes that time has passed.
    pub(crate) fn states_of(&self, entry: &Entry) -> Result<Vec<(String, LicenseState)>, LicenseError> {
        let passage = self.passage(entry);
        let Ok(licenses) = self.licenses_of(entry) else {
            // It was verified before it was sealed, so the key that signed it is pinned no more.
            return Ok(vec![(String::new(), LicenseState::CacheAltered)]);
        };
        let at = |passage, now| {
            let decided = |license| decide(&known(license, entry, passage), now, &self.away);
            licenses.iter().map(decided).collect::<Vec<_>>()
        };
        let states = at(passage, self.now());
        // What is over stays over, whatever the clock shows next: a license that ends is noted at once.
        let has_ended = || {
            let before = at(entry.passage, entry.passage.own());
            states.iter().zip(before).any(|(state, before)| before.may_run() && !state.may_run())
        };
        if entry.passage.is_behind(&passage) || has_ended() {
            self.note(&entry.licensee, |entry| entry.passage = self.passage(entry))?;
        }
        Ok(licenses.into_iter().map(|license| license.product).zip(states).collect())
    }
}

/// What is known of a license that is kept.
fn known<'a>(license: &'a License, entry: &'a Entry, passage: Passage) -> Known<'a> {
    Known {
        license,
        is_online: entry.is_online(),
        confirmed_at: Timestamp::from_millis(entry.confirmed_at),
        passage,
        away_since: entry.away_since.map(Timestamp::from_millis),
        ended: entry.ended.as_deref(),
        seat_until: entry.seat_until.map(Timestamp::from_millis),
        borrowed_until: entry.borrowed_until.map(Timestamp::from_millis),
    }
}
