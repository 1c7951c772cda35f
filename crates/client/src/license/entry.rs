//! What is kept of a license between runs, and what becomes of it with each answer.

use serde::{Deserialize, Serialize};

use super::{Timestamp, state::is_set_back, view::License};

/// A license as it is kept: the signed bytes, and what happened since.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) licensee: Licensee,
    pub(crate) signed: Signed,
    /// The last answer that was verified, in milliseconds since 1970; as are all times here.
    pub(crate) confirmed_at: u64,
    /// The latest time that is known to have passed.
    pub(crate) trusted_at: u64,
    pub(crate) away_since: Option<u64>,
    /// The code with which the server has refused the last check.
    pub(crate) ended: Option<String>,
    pub(crate) seat_until: Option<u64>,
    /// Until when the seat was borrowed: so long the server need not be asked.
    pub(crate) borrowed_until: Option<u64>,
}

/// By what a license is named in calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Licensee {
    Key(String),
    User(String),
}

/// The bytes that prove a license, with their signatures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Signed {
    /// An answer with its header; an array of licenses for a bundle.
    Answer { body: String, signature: String, is_bundle: bool },
    /// A response or refresh file, decoded. Its signatures are inside.
    File { text: String },
    /// The same for a bundle.
    BundleFile { text: String },
    /// A policy, and the code that confirms it for this machine and key.
    AirGap { policy: String, confirmation: String },
}

impl Licensee {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Key(text) | Self::User(text) => text,
        }
    }
}

impl Entry {
    /// A license that was activated now.
    pub(crate) fn new(licensee: Licensee, signed: Signed, now: Timestamp) -> Self {
        let now = now.as_millis();
        Self {
            licensee,
            signed,
            confirmed_at: now,
            trusted_at: now,
            away_since: None,
            ended: None,
            seat_until: None,
            borrowed_until: None,
        }
    }

    pub(crate) fn is_online(&self) -> bool {
        matches!(self.signed, Signed::Answer { .. })
    }

    /// Notes that a time has passed.
    pub(crate) fn passed(&mut self, at: Timestamp) {
        self.trusted_at = self.trusted_at.max(at.as_millis());
    }

    /// Notes that the server has confirmed the license: at a time of this clock, and at the server's own time if it told one.
    ///
    /// A server and a clock that agree are right even when an earlier time was not: a clock that once ran ahead is
    /// forgiven. Where they do not agree, time goes only forward.
    pub(crate) fn confirmed(&mut self, now: Timestamp, server: Option<Timestamp>) {
        let later = server.map_or(now, |server| server.max(now));
        let agree = server.is_some_and(|server| !is_set_back(now, server) && !is_set_back(server, now));
        self.trusted_at = if agree { later.as_millis() } else { later.as_millis().max(self.trusted_at) };
        self.confirmed_at = self.trusted_at;
        self.away_since = None;
        self.ended = None;
    }

    /// Notes that the server cannot be asked.
    pub(crate) fn away(&mut self, now: Timestamp) {
        self.passed(now);
        self.away_since.get_or_insert(now.as_millis());
    }

    /// Notes which seats licenses that were just confirmed hold. A check takes them; an activation says whether it did.
    pub(crate) fn seated(&mut self, licenses: &[License]) {
        let confirmed = Timestamp::from_millis(self.confirmed_at);
        let counted = || licenses.iter().filter_map(|license| license.seats);
        let until = counted().map(|seats| {
            let end = confirmed.plus(seats.timeout);
            seats.borrowed_until.map_or(end, |borrowed| borrowed.max(end))
        });
        let is_held = counted().all(|seats| seats.held != Some(false));
        self.seat_until = until.min().filter(|_| is_held).map(Timestamp::as_millis);
        self.borrowed_until = counted().filter_map(|seats| seats.borrowed_until).min().map(Timestamp::as_millis);
    }

    /// Notes that the seat was given back.
    pub(crate) fn unseated(&mut self) {
        (self.seat_until, self.borrowed_until) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Entry, Licensee, Signed, Timestamp};

    #[test]
    fn trusted_time_goes_back_only_when_server_and_clock_agree() {
        let at = |seconds| Timestamp::from_millis(1_000_000_000).plus(Duration::from_secs(seconds));
        let signed = Signed::Answer { body: String::new(), signature: String::new(), is_bundle: false };
        let mut entry = Entry::new(Licensee::Key("K".into()), signed, at(0));
        entry.passed(at(90_000));
        assert_eq!(entry.trusted_at, at(90_000).as_millis(), "a clock that ran ahead");
        entry.passed(at(10));
        entry.confirmed(at(20), None);
        assert_eq!(entry.trusted_at, at(90_000).as_millis(), "nobody else says so");
        entry.confirmed(at(20), Some(at(5000)));
        assert_eq!(entry.trusted_at, at(90_000).as_millis(), "they do not agree");
        entry.confirmed(at(20), Some(at(40)));
        assert_eq!((entry.trusted_at, entry.confirmed_at), (at(40).as_millis(), at(40).as_millis()));
        entry.away(at(50));
        entry.away(at(60));
        assert_eq!((entry.trusted_at, entry.away_since), (at(60).as_millis(), Some(at(50).as_millis())));
        entry.confirmed(at(70), Some(at(70)));
        assert_eq!(entry.away_since, None);
    }
}
