//! Keys and secrets of sites.

use async_trait::async_trait;
use countersign_domain::ids::{AuthorizationKeyId, SigningKeyId, SiteId, SiteSecretId};
use countersign_domain::keys::{AuthorizationKey, SecretPurpose, SigningKey, SiteSecret};
use countersign_domain::time::Timestamp;

use crate::StoreError;

/// Keys that check device tokens.
#[async_trait]
pub trait AuthorizationKeys: Send {
    /// Writes a key.
    async fn insert(&mut self, site: SiteId, spki: &[u8], now: Timestamp) -> Result<AuthorizationKeyId, StoreError>;

    /// All keys of a site that were ever uploaded, newest first.
    async fn list(&mut self, site: SiteId) -> Result<Vec<AuthorizationKey>, StoreError>;

    /// Sets the end of a key; `None` makes it endless again. `false`: the site has no such key.
    async fn set_end(
        &mut self,
        site: SiteId,
        key: AuthorizationKeyId,
        ends_at: Option<Timestamp>,
    ) -> Result<bool, StoreError>;
}

/// Key pairs that sign answers.
#[async_trait]
pub trait SigningKeys: Send {
    /// Writes a key pair; the private half comes sealed.
    async fn insert(
        &mut self,
        site: SiteId,
        spki: &[u8],
        sealed_private_key: &[u8],
        now: Timestamp,
    ) -> Result<SigningKeyId, StoreError>;

    /// All key pairs of a site, newest first.
    async fn list(&mut self, site: SiteId) -> Result<Vec<SigningKey>, StoreError>;

    /// Replaces the sealed form of a private half. `false`: the site has no such key pair.
    async fn reseal(&mut self, site: SiteId, key: SigningKeyId, sealed: &[u8]) -> Result<bool, StoreError>;
}

/// Secrets of sites.
#[async_trait]
pub trait SiteSecrets: Send {
    /// Writes a secret, sealed.
    async fn insert(
        &mut self,
        site: SiteId,
        purpose: SecretPurpose,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// All secrets of a site, newest first.
    async fn list(&mut self, site: SiteId) -> Result<Vec<SiteSecret>, StoreError>;

    /// Replaces the sealed form of a secret. `false`: the site has no such secret.
    async fn reseal(&mut self, site: SiteId, secret: SiteSecretId, sealed: &[u8]) -> Result<bool, StoreError>;

    /// Removes a secret: what was made with it is refused. `false`: the site has no such secret.
    async fn delete(&mut self, site: SiteId, secret: SiteSecretId) -> Result<bool, StoreError>;
}
