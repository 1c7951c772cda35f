//! What applications prove themselves with: secrets, and keys that sign assertions (RFC 7523).

use crate::ids::{ApplicationId, CredentialId};
use crate::text::CredentialLabel;
use crate::time::Timestamp;

/// Most credentials of an application that have not ended: each one is compared for every token.
pub const CREDENTIALS: usize = 20;

/// A credential of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Row id; tokens name the credential that they were given for.
    pub id: CredentialId,
    /// The application that it proves.
    pub application: ApplicationId,
    /// What people call it.
    pub label: CredentialLabel,
    /// What is compared.
    pub proof: CredentialProof,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it gives no tokens; `None`: until it is retired.
    pub ends_at: Option<Timestamp>,
    /// Whether the tokens that it has given are refused as well.
    pub tokens_revoked: bool,
    /// When it last gave a token, to the minute; `None`: it never did.
    pub last_used_at: Option<Timestamp>,
}

impl Credential {
    /// Whether it gives tokens at `now`.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        !self.tokens_revoked && self.ends_at.is_none_or(|end| now < end)
    }
}

/// What a credential is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialProof {
    /// Keyed digest of a generated secret, which was shown once and is kept nowhere.
    Secret([u8; 32]),
    /// Public key of the application, as a JWK (RFC 7517).
    PublicKey(String),
}

/// A credential that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// See [`Credential::label`].
    pub label: CredentialLabel,
    /// See [`Credential::proof`].
    pub proof: CredentialProof,
    /// See [`Credential::ends_at`].
    pub ends_at: Option<Timestamp>,
}
