//! What a webhook is signed with, in the text forms of Standard Webhooks: `whsec_` for a key that both sides hold, `whsk_`
//! for an Ed25519 key pair whose public half (`whpk_`) is all that a receiver needs.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use crate::encoding::{base64_decode, base64_encode};
use crate::hmac::HmacKey;
use crate::random::{Rng, random_array};
use crate::secret::Secret;

/// A signing secret, its key prepared.
pub struct WebhookSecret {
    text: Secret<String>,
    kind: Kind,
}

pub(super) enum Kind {
    Hmac(Box<HmacKey>),
    Ed25519(Box<Ed25519KeyPair>),
}

/// The text is no signing secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a signing secret is whsec_ and {SHORTEST} to {LONGEST} bytes in base64, or whsk_ and an Ed25519 key pair in base64"
)]
pub struct WebhookSecretError;

impl WebhookSecret {
    /// Makes a secret of 32 random bytes for HMAC-SHA256.
    ///
    /// # Errors
    ///
    /// None: 32 bytes are a good key.
    pub fn generate_hmac(rng: &dyn Rng) -> Result<Self, WebhookSecretError> {
        Self::from_hmac_key(Secret::new(random_array::<SEED>(rng)).expose())
    }

    /// A secret of these bytes for HMAC-SHA256.
    ///
    /// # Errors
    ///
    /// [`WebhookSecretError`] if there are fewer than 24 or more than 64 of them.
    pub fn from_hmac_key(key: &[u8]) -> Result<Self, WebhookSecretError> {
        if !(SHORTEST..=LONGEST).contains(&key.len()) {
            return Err(WebhookSecretError);
        }
        let text = Secret::new([HMAC_PREFIX, &base64_encode(key)].concat());
        Ok(Self { text, kind: Kind::Hmac(Box::new(HmacKey::new(key))) })
    }

    /// The Ed25519 key pair that grows out of 32 random bytes (RFC 8032 section 5.1.5).
    ///
    /// # Errors
    ///
    /// [`WebhookSecretError`] if there are not 32 of them.
    pub fn from_ed25519_seed(seed: &[u8]) -> Result<Self, WebhookSecretError> {
        if seed.len() != SEED {
            return Err(WebhookSecretError);
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| WebhookSecretError)?;
        let bytes = Secret::new([seed, pair.public_key().as_ref()].concat());
        let text = Secret::new([ED25519_PREFIX, &base64_encode(bytes.expose())].concat());
        Ok(Self { text, kind: Kind::Ed25519(Box::new(pair)) })
    }

    /// Makes an Ed25519 key pair.
    ///
    /// # Errors
    ///
    /// [`WebhookSecretError`] if the library fails, which is not expected to happen.
    pub fn generate_ed25519(rng: &dyn Rng) -> Result<Self, WebhookSecretError> {
        Self::from_ed25519_seed(Secret::new(random_array::<SEED>(rng)).expose())
    }

    /// Reads a secret in its text form. An HMAC secret may also come without `whsec_`, as some tools show it.
    ///
    /// # Errors
    ///
    /// [`WebhookSecretError`] for anything else, also for a key pair whose halves do not belong together.
    pub fn parse(text: Secret<String>) -> Result<Self, WebhookSecretError> {
        if let Some(pair) = text.expose().strip_prefix(ED25519_PREFIX) {
            let bytes = Secret::new(base64_decode(pair).map_err(|_| WebhookSecretError)?);
            let (seed, public) = bytes.expose().split_at_checked(SEED).ok_or(WebhookSecretError)?;
            let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public).map_err(|_| WebhookSecretError)?;
            return Ok(Self { text, kind: Kind::Ed25519(Box::new(pair)) });
        }
        let key = text.expose().strip_prefix(HMAC_PREFIX).unwrap_or(text.expose());
        Self::from_hmac_key(Secret::new(base64_decode(key).map_err(|_| WebhookSecretError)?).expose())
    }

    /// The secret as its owner sees it.
    #[must_use]
    pub fn text(&self) -> &Secret<String> {
        &self.text
    }

    /// The public half of a key pair, as receivers configure it (`whpk_…`); `None` for a secret that both sides hold.
    #[must_use]
    pub fn public_text(&self) -> Option<String> {
        match &self.kind {
            Kind::Hmac(_) => None,
            Kind::Ed25519(pair) => Some([PUBLIC_PREFIX, &base64_encode(pair.public_key().as_ref())].concat()),
        }
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.kind
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

/// Bytes of an HMAC key (Standard Webhooks, "Signature scheme").
const SHORTEST: usize = 24;
const LONGEST: usize = 64;
/// Bytes of what an Ed25519 key pair grows out of, and of the HMAC keys that are made here.
const SEED: usize = 32;
const HMAC_PREFIX: &str = "whsec_";
const ED25519_PREFIX: &str = "whsk_";
const PUBLIC_PREFIX: &str = "whpk_";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRng;

    #[test]
    fn what_is_made_is_read_again_and_not_printed() {
        let made = WebhookSecret::generate_hmac(&SystemRng).unwrap();
        let read = WebhookSecret::parse(Secret::new(made.text().expose().clone())).unwrap();
        assert_eq!((read.text().expose(), read.public_text()), (made.text().expose(), None));
        let pair = WebhookSecret::generate_ed25519(&SystemRng).unwrap();
        let read = WebhookSecret::parse(Secret::new(pair.text().expose().clone())).unwrap();
        assert_eq!(read.public_text(), pair.public_text());
        assert!(pair.public_text().unwrap().starts_with("whpk_"));
        assert_eq!(format!("{read:?}"), "WebhookSecret(..)");
    }

    #[test]
    fn other_texts_are_no_secrets() {
        let pair = WebhookSecret::generate_ed25519(&SystemRng).unwrap();
        let mut mixed = base64_decode(pair.text().expose().strip_prefix(ED25519_PREFIX).unwrap()).unwrap();
        mixed[63] ^= 1;
        let mixed = format!("whsk_{}", base64_encode(&mixed));
        let short = format!("whsec_{}", base64_encode(&[7; 23]));
        let long = format!("whsec_{}", base64_encode(&[7; 65]));
        for text in ["", "whsec_", "whsec_!!", "whsk_", "whsk_AAAA", "hello", &mixed, &short, &long] {
            assert_eq!(WebhookSecret::parse(Secret::new(text.to_owned())).err(), Some(WebhookSecretError), "{text}");
        }
    }
}
