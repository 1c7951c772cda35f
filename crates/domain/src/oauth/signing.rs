//! How tokens are signed, and how long the keys for it are kept.

use std::time::Duration;

use super::TokenLife;
use crate::ids::{SiteId, TokenKeyId};
use crate::time::Timestamp;

/// Most token keys that a site has at a time. Replaced ones are removed when their last token has expired.
pub const TOKEN_KEYS: usize = 50;

/// How long a new token key is published before it signs: readers of tokens may keep the published keys for so long.
pub const TOKEN_KEY_LEAD: Duration = Duration::from_secs(300);

/// How much longer a replaced key verifies than its last token lives: clocks of nodes differ.
const SPARE: Duration = Duration::from_secs(120);

/// How tokens are signed (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenAlgorithm {
    /// RSA-2048 with SHA-256: every reader of tokens knows it (RFC 9068 section 2.1 demands it).
    #[default]
    Rs256,
    /// ECDSA on P-256 with SHA-256: some ten times cheaper to make, and shorter.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl TokenAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// The name in JOSE headers, keys, commands and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// A key pair that signs tokens; the private half is sealed with the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenKey {
    /// Row id.
    pub id: TokenKeyId,
    /// The site whose tokens it signs.
    pub site: SiteId,
    /// With which algorithm, and no other.
    pub algorithm: TokenAlgorithm,
    /// The public half as a JWK (RFC 7517).
    pub public_jwk: String,
    /// Private half (PKCS#8), sealed.
    pub sealed_private_key: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// When a token key ends that another one of its algorithm has replaced: when the last token that it has signed has.
#[must_use]
pub fn end_of_key_before(newer_made_at: Timestamp) -> Timestamp {
    newer_made_at.plus(TOKEN_KEY_LEAD).plus(TokenLife::LONGEST).plus(SPARE)
}
