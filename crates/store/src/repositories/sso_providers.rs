//! OpenID providers of accounts.

use async_trait::async_trait;
use countersign_domain::ids::{AccountId, SiteId};
use countersign_domain::time::Timestamp;

use crate::StoreError;

/// A provider as it lies in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SsoProviderRow {
    /// What was laid down, as one text.
    pub settings: String,
    /// The client secret, sealed; `None`: there is none.
    pub sealed: Option<Vec<u8>>,
}

/// OpenID providers, at most one of an account.
#[async_trait]
pub trait SsoProviders: Send {
    /// Writes the provider of an account, or replaces it.
    async fn set(&mut self, account: AccountId, row: &SsoProviderRow, now: Timestamp) -> Result<(), StoreError>;

    /// The provider of an account.
    async fn find(&mut self, account: AccountId) -> Result<Option<SsoProviderRow>, StoreError>;

    /// The providers of a site, by account.
    async fn list(&mut self, site: SiteId) -> Result<Vec<(AccountId, SsoProviderRow)>, StoreError>;

    /// Replaces a sealed client secret. `false`: the account has no provider.
    async fn reseal(&mut self, account: AccountId, sealed: &[u8]) -> Result<bool, StoreError>;

    /// Removes the provider of an account. `false`: there is none.
    async fn delete(&mut self, account: AccountId) -> Result<bool, StoreError>;
}
