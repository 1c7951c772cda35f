//! What is kept of a license between runs, and what becomes of it with each answer.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Timestamp,
    passage::{Passage, is_set_back},
    view::License,
};

/// A license as it is kept: the signed bytes, and what happened since.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) licensee: Licensee,
    pub(crate) signed: Signed,
    /// When the last answer that was verified was asked for, in milliseconds since 1970 as this machine counts them; as are all times
    /// here but those of loans.
    pub(crate) confirmed_at: u64,
    /// What is known to have passed.
    #[serde(flatten)]
    pub(crate) passage: Passage,
    pub(crate) away_since: Option<u64>,
    /// When the server has said last what holds, or that nothing does: files that were made until then are older.
    #[serde(default)]
    pub(crate) settled_at: Option<u64>,
    /// The code with which the server has refused the last check.
    pub(crate) ended: Option<String>,
    /// When the timeout of the seat ends; `None`: none is held.
    pub(crate) seat_until: Option<u64>,
    /// Until when the seat was borrowed, by the time of the server: so long it need not be asked.
    pub(crate) borrowed_until: Option<u64>,
    /// The same of seats of features, by their codes.
    #[serde(default)]
    pub(crate) feature_loans: BTreeMap<String, u64>,
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

    /// Whether both name the same license, however they were typed: what is signed has no letter case.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.text().to_lowercase() == other.text().to_lowercase()
    }
}

impl Entry {
    /// A license that is confirmed at the end of what has passed.
    pub(crate) fn new(licensee: Licensee, signed: Signed, passage: Passage) -> Self {
        Self {
            licensee,
            signed,
            confirmed_at: passage.own_at,
            passage,
            away_since: None,
            settled_at: None,
            ended: None,
            seat_until: None,
            borrowed_until: None,
            feature_loans: BTreeMap::new(),
        }
    }

    pub(crate) fn is_online(&self) -> bool {
        matches!(self.signed, Signed::Answer { .. })
    }

    /// Notes that the server has confirmed the license with an answer that was asked for so long ago. What that holds for began
    /// then, by the clock that will measure it; the server's own time, if it told one, is only known to have passed.
    ///
    /// A server and a clock that agree are right even when an earlier time was not: a clock that once ran ahead is
    /// forgiven. Where they do not agree, time goes only forward.
    pub(crate) fn confirmed(&mut self, now: Timestamp, took: Duration, server: Option<Timestamp>) {
        let agree = server.is_some_and(|server| !is_set_back(now, server) && !is_set_back(server, now));
        let passage = if agree { Passage::default().at(now) } else { self.passage.at(now) };
        self.passage = server.map_or(passage, |server| passage.told(server));
        self.confirmed_at = passage.own().minus(took).as_millis();
        self.away_since = None;
        self.ended = None;
        // Files are dated by the server: a clock that is fast makes none of them older.
        self.settled_at = Some(server.map_or(self.passage.trusted_at, Timestamp::as_millis));
    }

    /// Notes that the server has ended the license with a code, at the end of what has passed.
    pub(crate) fn end(&mut self, code: &str) {
        self.ended = Some(code.to_owned());
        self.settled_at = Some(self.passage.trusted_at);
    }

    /// Notes that the server cannot be asked, at the end of what has passed.
    pub(crate) fn away(&mut self, passage: Passage) {
        self.passage = passage;
        self.away_since.get_or_insert(passage.own_at);
    }

    /// Notes which seats licenses that were just confirmed hold. A check takes them; an activation says whether it did.
    pub(crate) fn seated(&mut self, licenses: &[License]) {
        let confirmed = Timestamp::from_millis(self.confirmed_at);
        let counted = || licenses.iter().filter_map(|license| license.seats);
        let is_held = counted().all(|seats| seats.held != Some(false));
        let until = counted().map(|seats| confirmed.plus(seats.timeout)).min();
        self.seat_until = until.filter(|_| is_held).map(Timestamp::as_millis);
        // A loan of one of them does not hold the others.
        let loans: Option<Vec<_>> = counted().map(|seats| seats.borrowed_until).collect();
        let loan = loans.and_then(|loans| loans.into_iter().min());
        self.borrowed_until = loan.filter(|_| is_held).map(Timestamp::as_millis);
        for feature in licenses.iter().flat_map(|license| &license.features) {
            if let Some(seats) = feature.seats {
                self.lent_feature(&feature.code, seats.borrowed_until);
            }
        }
    }

    /// Notes that the seat was lent by an answer that was asked for so long ago, at the end of what has passed. Nothing of an
    /// earlier loan holds on: the server has given that up.
    pub(crate) fn lent(&mut self, until: Timestamp, took: Duration, timeout: Duration) {
        self.seat_until = Some(self.passage.own().minus(took).plus(timeout).as_millis());
        self.borrowed_until = Some(until.as_millis());
    }

    /// Notes until when the seat of a feature is lent; `None`: it is not.
    pub(crate) fn lent_feature(&mut self, code: &str, until: Option<Timestamp>) {
        match until {
            Some(until) => self.feature_loans.insert(code.to_owned(), until.as_millis()),
            None => self.feature_loans.remove(code),
        };
    }

    /// Until when the seat of the license, or of a feature, is lent, if it is.
    pub(crate) fn loan(&self, feature: Option<&str>) -> Option<Timestamp> {
        let until = feature.map_or(self.borrowed_until, |code| self.feature_loans.get(code).copied());
        until.map(Timestamp::from_millis)
    }

    /// Keeps what was noted of loans since an answer was asked for: it may have been made before them.
    pub(crate) fn keep_loans(&mut self, noted: &Self, asked: &Self) {
        if noted.borrowed_until != asked.borrowed_until {
            self.seat_until = self.seat_until.max(noted.seat_until);
            self.borrowed_until = noted.borrowed_until;
        }
        if noted.feature_loans != asked.feature_loans {
            self.feature_loans.clone_from(&noted.feature_loans);
        }
    }

    /// Notes that the seat was given back.
    pub(crate) fn unseated(&mut self) {
        (self.seat_until, self.borrowed_until) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Entry, Licensee, Passage, Signed, Timestamp};
    use crate::license::read;

    fn entry(now: Timestamp) -> Entry {
        let signed = Signed::Answer { body: String::new(), signature: String::new(), is_bundle: false };
        Entry::new(Licensee::Key("K".into()), signed, Passage::default().at(now))
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000).plus(Duration::from_secs(seconds))
    }

    /// Confirms at a time with an answer that took so long, by a server with its own time.
    fn confirmed(entry: &mut Entry, now: u64, took: u64, server: Option<u64>) {
        entry.confirmed(at(now), Duration::from_secs(took), server.map(at));
    }

    #[test]
    fn trusted_time_goes_back_only_when_server_and_clock_agree() {
        let mut entry = entry(at(0));
        entry.passage = entry.passage.at(at(90_000));
        assert_eq!(entry.passage.trusted(), at(90_000), "a clock that ran ahead");
        confirmed(&mut entry, 20, 0, None);
        assert_eq!(entry.passage.trusted(), at(90_000), "nobody else says so");
        confirmed(&mut entry, 20, 0, Some(5000));
        assert_eq!(entry.passage.trusted(), at(90_000), "they do not agree");
        confirmed(&mut entry, 20, 0, Some(40));
        assert_eq!((entry.passage.trusted(), entry.confirmed_at), (at(40), at(20).as_millis()));
        entry.away(entry.passage.at(at(50)));
        entry.away(entry.passage.at(at(60)));
        assert_eq!((entry.passage.trusted(), entry.away_since), (at(60), Some(at(50).as_millis())));
        confirmed(&mut entry, 70, 0, Some(70));
        assert_eq!(entry.away_since, None);
    }

    #[test]
    fn what_an_answer_holds_for_begins_when_it_was_asked_by_the_own_clock() {
        // The clock is 15 minutes slow, and the answer takes 20 seconds.
        let mut entry = entry(at(0));
        confirmed(&mut entry, 30, 20, Some(930));
        assert_eq!((entry.confirmed_at, entry.passage.own()), (at(10).as_millis(), at(30)));
        assert_eq!(entry.passage.trusted(), at(930));
        // It is as good without a server that tells its time.
        confirmed(&mut entry, 50, 10, None);
        assert_eq!((entry.confirmed_at, entry.passage.own()), (at(40).as_millis(), at(50)));
    }

    #[test]
    fn a_loan_of_one_license_of_a_bundle_holds_no_other() {
        let license = |id: u64, until: Option<Timestamp>| {
            let document = serde_json::json!({
                "id": id, "license_type": "perpetual", "product_details": {}, "is_floating_cloud": true,
                "floating_timeout": 60, "borrowed_until": until.map(|until| until.to_string()),
            });
            read::license("it", document.as_object().unwrap().clone()).unwrap()
        };
        let mut entry = entry(at(0));
        confirmed(&mut entry, 0, 0, None);
        entry.seated(&[license(1, Some(at(9000))), license(2, None)]);
        assert_eq!((entry.seat_until, entry.loan(None)), (Some(at(3600).as_millis()), None));
        entry.seated(&[license(1, Some(at(9000))), license(2, Some(at(8000)))]);
        assert_eq!((entry.seat_until, entry.loan(None)), (Some(at(3600).as_millis()), Some(at(8000))));
        // The next loan says all that holds.
        entry.lent(at(600), Duration::from_secs(20), Duration::from_secs(60));
        assert_eq!((entry.seat_until, entry.loan(None)), (Some(at(40).as_millis()), Some(at(600))));
        entry.unseated();
        assert_eq!((entry.seat_until, entry.loan(None)), (None, None));
    }

    #[test]
    fn a_fast_clock_makes_no_file_older() {
        let mut entry = entry(at(0));
        confirmed(&mut entry, 930, 0, Some(30));
        assert_eq!((entry.settled_at, entry.passage.trusted()), (Some(at(30).as_millis()), at(930)));
    }
}
