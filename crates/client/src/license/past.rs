//! What a machine remembers beside its license and after it: the request whose response is on its way, how much time has
//! passed, and which codes were given back. So what was let go, or has ended, does not come back with an old file or code.

use serde::{Deserialize, Serialize};

use super::{
    LicenseClient, LicenseError,
    cache::Kind,
    entry::{Entry, Licensee, Signed},
    offline::fault,
    passage::Passage,
};

/// What is remembered.
#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Past {
    #[serde(flatten)]
    pub(crate) pending: Option<Pending>,
    /// As it is noted beside the license, so that it is known when that is gone.
    #[serde(default)]
    pub(crate) passage: Passage,
    /// Marks of confirmation codes, oldest first.
    #[serde(default)]
    given_back: Vec<String>,
}

/// What was asked for in a file whose response is on its way.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) id: String,
    pub(crate) licensee: Licensee,
}

impl Past {
    /// Notes that a code was given back. The marks of a few are kept: each is of a code that the producer has made.
    pub(crate) fn give_back(&mut self, mark: String) {
        self.given_back.push(mark);
        let excess = self.given_back.len().saturating_sub(MAX_GIVEN_BACK);
        self.given_back.drain(..excess);
    }

    pub(crate) fn was_given_back(&self, mark: &str) -> bool {
        self.given_back.iter().any(|known| known == mark)
    }
}

impl LicenseClient {
    /// What is remembered; nothing when that cannot be used.
    pub(crate) fn past(&self) -> Result<Past, LicenseError> {
        usable(self.cache.read(Kind::Request))
    }

    /// What was asked for last.
    pub(crate) fn pending(&self) -> Result<Pending, LicenseError> {
        let past: Option<Past> = self.cache.read(Kind::Request)?;
        past.and_then(|past| past.pending).ok_or_else(|| fault("no request was made on this machine"))
    }

    /// Changes what is remembered.
    pub(crate) fn update_past(&self, change: impl FnOnce(&mut Past)) -> Result<(), LicenseError> {
        self.cache.update(Kind::Request, &*self.door.pause, &*self.door.rng, |kept| {
            let mut past = usable(kept)?;
            change(&mut past);
            Ok((past != Past::default()).then_some(past))
        })
    }

    /// Remembers what has passed, as it was just noted beside the license: where something is remembered already, and for
    /// licenses that are activated again without the server.
    pub(crate) fn remember(&self, noted: Passage, is_online: bool) -> Result<(), LicenseError> {
        match self.cache.read::<Past>(Kind::Request) {
            Ok(None) | Err(_) if is_online => Ok(()),
            Ok(Some(past)) if past.passage == noted => Ok(()),
            Ok(_) | Err(_) => self.update_past(|past| past.passage = noted),
        }
    }

    /// What was known to have passed, beside a license that is kept and after one that is gone: the later counts.
    pub(crate) fn remembered(&self, kept: Option<&Entry>) -> Result<Passage, LicenseError> {
        let past = self.past()?.passage;
        Ok(kept.map_or(past, |kept| kept.passage.later(past)))
    }

    /// Forgets what was asked for, as a license is let go. What has passed is known on only if a code could bring the license back
    /// without a new answer of the server, or if nobody knows what was kept.
    pub(crate) fn close_past(&self) -> Result<(), LicenseError> {
        let is_over = matches!(self.kept(), Ok(Some(kept)) if !matches!(kept.signed, Signed::AirGap { .. }));
        self.update_past(|past| {
            past.pending = None;
            if is_over {
                past.passage = Passage::default();
            }
        })
    }
}

/// What was read, or nothing when it cannot be used.
fn usable(read: Result<Option<Past>, LicenseError>) -> Result<Past, LicenseError> {
    match read {
        Ok(past) => Ok(past.unwrap_or_default()),
        Err(LicenseError::WrongMachine { .. } | LicenseError::CacheAltered { .. }) => Ok(Past::default()),
        Err(error) => Err(error),
    }
}

/// More codes than one machine gives back.
const MAX_GIVEN_BACK: usize = 100;

#[cfg(test)]
mod tests {
    use super::{Licensee, MAX_GIVEN_BACK, Past, Pending};

    #[test]
    fn the_marks_of_the_last_codes_are_kept() {
        let mut past = Past::default();
        for code in 0..=MAX_GIVEN_BACK {
            past.give_back(code.to_string());
        }
        assert!(!past.was_given_back("0") && past.was_given_back("1"));
        assert!(past.was_given_back(&MAX_GIVEN_BACK.to_string()));
    }

    #[test]
    fn a_request_that_was_kept_alone_is_read() {
        let kept = r#"{"id":"7","licensee":{"Key":"K"}}"#;
        let past: Past = serde_json::from_str(kept).unwrap();
        let pending = Pending { id: "7".to_owned(), licensee: Licensee::Key("K".to_owned()) };
        assert!(past == Past { pending: Some(pending), ..Past::default() });
        let empty = serde_json::to_string(&Past::default()).unwrap();
        assert!(serde_json::from_str::<Past>(&empty).unwrap() == Past::default());
    }
}
