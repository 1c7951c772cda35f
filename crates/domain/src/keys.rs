//! Keys of a site: those that check device tokens, and those that sign answers.

use std::time::Duration;

use crate::ids::{AuthorizationKeyId, SigningKeyId, SiteSecretId};
use crate::time::Timestamp;

/// How long a replaced authorization key goes on to verify tokens: devices in the field carry tokens made with it.
pub const AUTHORIZATION_KEY_GRACE: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long a new signing key is published before it signs: every node, and every device that asks, knows it by then.
pub const SIGNING_KEY_LEAD: Duration = Duration::from_secs(2);

/// Most signing keys that a site ever has: all of them are listed for those who keep old answers.
pub const SIGNING_KEYS: usize = 100;

/// Most keys of a site that verify at the same time: each one costs a verification for every faulty token.
pub const ACTIVE_AUTHORIZATION_KEYS: usize = 4;

/// A producer's public key that checks device tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationKey {
    /// Row id; part of every polling ID made with a token of this key.
    pub id: AuthorizationKeyId,
    /// DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
    pub spki: Vec<u8>,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// When it stops to verify, because another key took its place or it was revoked.
    pub ends_at: Option<Timestamp>,
}

impl AuthorizationKey {
    /// Whether this key verifies tokens at `now`.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }
}

/// A key pair that signs answers; the private half is sealed with the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// Row id.
    pub id: SigningKeyId,
    /// DER SubjectPublicKeyInfo of the public half.
    pub spki: Vec<u8>,
    /// Private half (PKCS#8), sealed.
    pub sealed_private_key: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The key that signs at `now`: the newest that has been published for [`SIGNING_KEY_LEAD`]. The only key of a site signs
/// at once. `keys` come newest first, as rows or loaded.
#[must_use]
pub fn signing_key_in_force<K>(keys: &[K], created_at: impl Fn(&K) -> Timestamp, now: Timestamp) -> Option<&K> {
    keys.iter().find(|key| created_at(key).plus(SIGNING_KEY_LEAD) <= now).or_else(|| keys.last())
}

/// What a secret of a site is for. Each purpose has a secret of its own, so that no value made for one is
/// ever accepted for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretPurpose {
    /// Signs confirmation codes of devices behind an air gap: a key pair (PKCS#8) on P-256. It is never replaced by itself,
    /// because applications are built with its public half.
    AirGap,
    /// Authenticates download URLs.
    DownloadUrls,
    /// Signs answers of the license door: a key pair (PKCS#8). It is never replaced by itself, because applications are built
    /// with its public half.
    LicenseAnswers,
    /// Seals polling IDs.
    PollingIds,
}

impl SecretPurpose {
    /// All purposes.
    pub const ALL: [Self; 4] = [Self::AirGap, Self::DownloadUrls, Self::LicenseAnswers, Self::PollingIds];

    /// Purposes of symmetric secrets. A site is created with one for each, and they are replaced together.
    pub const SYMMETRIC: [Self; 2] = [Self::DownloadUrls, Self::PollingIds];

    /// The word for this purpose in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AirGap => "air-gap",
            Self::DownloadUrls => "download-urls",
            Self::LicenseAnswers => "license-answers",
            Self::PollingIds => "polling-ids",
        }
    }

    /// The purpose of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == word)
    }
}

/// A secret of a site, sealed with the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteSecret {
    /// Row id.
    pub id: SiteSecretId,
    /// What it is for.
    pub purpose: SecretPurpose,
    /// 32 random bytes, or the key pair of [`SecretPurpose::AirGap`] or [`SecretPurpose::LicenseAnswers`]; sealed.
    pub sealed: Vec<u8>,
    /// When it was made; the newest is used to make, all to check.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_signing_key_is_known_before_it_signs() {
        let key = |id, created| SigningKey {
            id: SigningKeyId(id),
            spki: vec![],
            sealed_private_key: vec![],
            created_at: Timestamp::from_seconds(created),
        };
        let in_force = |keys: &[SigningKey], now| {
            signing_key_in_force(keys, |key| key.created_at, Timestamp::from_seconds(now)).map(|k| k.id.0)
        };
        let keys = [key(2, 1000), key(1, 500)];
        for (now, id) in [(1000, 1), (1001, 1), (1002, 2), (9999, 2)] {
            assert_eq!(in_force(&keys, now), Some(id), "at {now}");
        }
        assert_eq!(in_force(&keys[1..], 500), Some(1), "the first key signs at once");
        assert_eq!(in_force(&[key(2, 501), key(1, 500)], 500), Some(1));
        assert_eq!(in_force(&[], 500), None);
    }

    #[test]
    fn a_key_verifies_until_its_end() {
        let end = Timestamp::from_seconds(1000);
        let key = |ends_at| AuthorizationKey {
            id: AuthorizationKeyId(1),
            spki: vec![],
            created_at: Timestamp::from_seconds(0),
            ends_at,
        };
        assert!(key(None).is_active(end));
        assert!(key(Some(end)).is_active(Timestamp::from_millis(999_999)));
        assert!(!key(Some(end)).is_active(end));
    }
}
