//! Applications, what they prove themselves with, and the keys that sign their tokens.

use async_trait::async_trait;
use countersign_domain::ids::{ApplicationId, CredentialId, SiteId, TokenKeyId};
use countersign_domain::oauth::{Application, Credential, NewApplication, NewCredential, TokenAlgorithm, TokenKey};
use countersign_domain::text::ClientId;
use countersign_domain::time::Timestamp;

use crate::StoreError;

/// Applications that get access tokens.
#[async_trait]
pub trait Applications: Send {
    /// Writes an application, with the usual life of tokens and without grants. `None`: the client ID is taken in this site.
    async fn insert(
        &mut self,
        site: SiteId,
        application: &NewApplication,
        now: Timestamp,
    ) -> Result<Option<ApplicationId>, StoreError>;

    /// An application by its client ID.
    async fn find(&mut self, site: SiteId, client_id: &ClientId) -> Result<Option<Application>, StoreError>;

    /// All applications of a site, oldest first.
    async fn list(&mut self, site: SiteId) -> Result<Vec<Application>, StoreError>;

    /// How many applications a site has.
    async fn count(&mut self, site: SiteId) -> Result<u64, StoreError>;

    /// Replaces what can be changed of an application: all but its row id, site, client ID and time. `false`: it is gone.
    async fn replace(&mut self, application: &Application) -> Result<bool, StoreError>;

    /// Removes an application with all that belongs to it. `false`: the site has no such application.
    async fn delete(&mut self, site: SiteId, application: ApplicationId) -> Result<bool, StoreError>;

    /// Counts up the token generations of all applications of a site, so that every token is refused.
    async fn advance_generations(&mut self, site: SiteId, by: i64) -> Result<(), StoreError>;
}

/// Secrets and public keys of applications.
#[async_trait]
pub trait Credentials: Send {
    /// Writes a credential.
    async fn insert(
        &mut self,
        application: ApplicationId,
        credential: &NewCredential,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError>;

    /// The credentials of all applications of a site, oldest first.
    async fn list(&mut self, site: SiteId) -> Result<Vec<Credential>, StoreError>;

    /// The credentials of an application, oldest first.
    async fn list_of(&mut self, application: ApplicationId) -> Result<Vec<Credential>, StoreError>;

    /// Sets the end of a credential, and whether the tokens that it has given are refused. `false`: the application has no
    /// such credential.
    async fn set_end(
        &mut self,
        application: ApplicationId,
        credential: CredentialId,
        ends_at: Option<Timestamp>,
        tokens_revoked: bool,
    ) -> Result<bool, StoreError>;

    /// Notes that a credential gave a token; an earlier time than the one that is known changes nothing.
    async fn note_use(&mut self, credential: CredentialId, at: Timestamp) -> Result<(), StoreError>;

    /// Removes a credential. `false`: the application has no such credential.
    async fn delete(&mut self, application: ApplicationId, credential: CredentialId) -> Result<bool, StoreError>;
}

/// Key pairs that sign tokens.
#[async_trait]
pub trait TokenKeys: Send {
    /// Writes a key pair; the private half comes sealed.
    async fn insert(
        &mut self,
        site: SiteId,
        algorithm: TokenAlgorithm,
        public_jwk: &str,
        sealed_private_key: &[u8],
        now: Timestamp,
    ) -> Result<TokenKeyId, StoreError>;

    /// All key pairs of a site, newest first.
    async fn list(&mut self, site: SiteId) -> Result<Vec<TokenKey>, StoreError>;

    /// Replaces the sealed form of a private half. `false`: the site has no such key pair.
    async fn reseal(&mut self, site: SiteId, key: TokenKeyId, sealed: &[u8]) -> Result<bool, StoreError>;

    /// Removes a key pair. `false`: the site has no such key pair.
    async fn delete(&mut self, site: SiteId, key: TokenKeyId) -> Result<bool, StoreError>;
}

/// What is remembered of single tokens until they would have expired: those that were revoked (RFC 7009), and assertions
/// that were used (RFC 7523 section 3).
#[async_trait]
pub trait SpentTokens: Send {
    /// Notes that a token is refused from now on. `false`: it was noted before.
    async fn revoke(
        &mut self,
        site: SiteId,
        application: ApplicationId,
        jti: &str,
        ends_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// The revoked tokens of a site that have not ended at `now`.
    async fn list_revoked(&mut self, site: SiteId, now: Timestamp) -> Result<Vec<(ApplicationId, String)>, StoreError>;

    /// How many of an application's tokens are revoked and have not ended at `now`.
    async fn count_revoked(&mut self, application: ApplicationId, now: Timestamp) -> Result<u32, StoreError>;

    /// Notes that an assertion was used, by the SHA-256 of its ID. `false`: it was used before.
    async fn use_assertion(
        &mut self,
        site: SiteId,
        application: ApplicationId,
        digest: &[u8; 32],
        ends_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Removes at most `limit` entries of each kind of a site that had ended before a time, and gives their number.
    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
