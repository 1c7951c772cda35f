//! Symmetric secrets of a site in their order of time: which one makes, and which ones still check.

use std::time::Duration;

use countersign_domain::ids::SiteSecretId;
use countersign_domain::keys::{SIGNING_KEY_LEAD, SecretPurpose, SiteSecret, signing_key_in_force};
use countersign_domain::time::Timestamp;

use crate::downloads::LONGEST_URL_LIFE;
use crate::polling::POLLING_ID_LIFE;

/// How much longer a replaced secret checks than anything lives that was made with it: nodes learn of the new one at
/// different moments, and their clocks differ.
const SPARE: Duration = Duration::from_secs(60);

/// A secret in the form in which it is used.
struct Timed<K> {
    id: SiteSecretId,
    key: K,
    created_at: Timestamp,
    /// From when on nothing that it has made is accepted; `None`: it makes things now, or will.
    ends_at: Option<Timestamp>,
}

/// The secrets of one purpose, newest first.
pub(crate) struct TimedKeys<K>(Vec<Timed<K>>);

impl<K> TimedKeys<K> {
    /// From rows of one purpose, newest first, each with its opened form.
    pub(super) fn new(opened: Vec<(&SiteSecret, K)>) -> Self {
        let mut keys: Vec<Timed<K>> = Vec::with_capacity(opened.len());
        for (row, key) in opened {
            let ends_at = keys.last().map(|newer| end_of_one_before(newer.created_at, row.purpose));
            keys.push(Timed { id: row.id, key, created_at: row.created_at, ends_at });
        }
        Self(keys)
    }

    /// The secret that makes things now: the newest that every node knows.
    pub(crate) fn in_force(&self, now: Timestamp) -> Option<&K> {
        signing_key_in_force(&self.0, |timed| timed.created_at, now).map(|timed| &timed.key)
    }

    /// Which secret makes things now: what is remembered of them is only good as long as it is the same.
    pub(crate) fn id_in_force(&self, now: Timestamp) -> Option<SiteSecretId> {
        signing_key_in_force(&self.0, |timed| timed.created_at, now).map(|timed| timed.id)
    }

    /// The secrets whose things are accepted now.
    pub(crate) fn accepted(&self, now: Timestamp) -> impl Iterator<Item = &K> {
        self.accepted_until(now).map(|(key, _)| key)
    }

    /// The secrets whose things are accepted now, each with the moment from which on they are not, if there will be one.
    pub(crate) fn accepted_until(&self, now: Timestamp) -> impl Iterator<Item = (&K, Option<Timestamp>)> {
        let accepted = self.0.iter().filter(move |timed| timed.ends_at.is_none_or(|end| now < end));
        accepted.map(|timed| (&timed.key, timed.ends_at))
    }
}

/// When a secret ends that another one of the same purpose has replaced: when the last thing made with it has.
pub(crate) fn end_of_one_before(newer_made_at: Timestamp, purpose: SecretPurpose) -> Timestamp {
    let life = match purpose {
        SecretPurpose::DownloadUrls => LONGEST_URL_LIFE,
        // Applications keep what it has signed for as long as they like.
        SecretPurpose::AirGap | SecretPurpose::LicenseAnswers => Duration::MAX,
        SecretPurpose::PollingIds => POLLING_ID_LIFE,
    };
    newer_made_at.plus(SIGNING_KEY_LEAD).plus(life).plus(SPARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_secret_makes_things_when_it_is_known_and_an_old_one_ends_when_they_have() {
        let row = |id, created| SiteSecret {
            id: SiteSecretId(id),
            purpose: SecretPurpose::PollingIds,
            sealed: Vec::new(),
            created_at: Timestamp::from_seconds(created),
        };
        let rows = [row(2, 10_000), row(1, 500)];
        let keys = TimedKeys::new(rows.iter().map(|row| (row, row.id.0)).collect());
        let at = Timestamp::from_seconds;
        for (now, makes, accepted) in [
            (10_000, 1, &[2, 1][..]),
            (10_001, 1, &[2, 1]),
            (10_002, 2, &[2, 1]),
            (13_661, 2, &[2, 1]),
            // 2 seconds of lead, an hour of life, a minute to spare.
            (13_662, 2, &[2]),
        ] {
            assert_eq!(keys.in_force(at(now)), Some(&makes), "at {now}");
            assert_eq!(keys.accepted(at(now)).copied().collect::<Vec<_>>(), accepted, "at {now}");
        }
    }
}
