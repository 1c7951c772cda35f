//! Producer logins and their tokens.

use async_trait::async_trait;
use countersign_domain::ids::{AccessTokenId, SiteId, UserId};
use countersign_domain::text::Username;
use countersign_domain::time::Timestamp;
use countersign_domain::user::{AccessToken, Role, User};

use crate::StoreError;

/// A login that is about to be written.
#[derive(Clone)]
pub struct NewUser {
    /// Login name.
    pub username: Username,
    /// What the user may do.
    pub role: Role,
    /// argon2id hash in PHC form.
    pub password_hash: String,
}

/// Producer logins.
#[async_trait]
pub trait Users: Send {
    /// Writes a login. `None`: the name is taken in this site.
    async fn insert(&mut self, site: SiteId, user: &NewUser, now: Timestamp) -> Result<Option<UserId>, StoreError>;

    /// A login and its password hash, by name.
    async fn find(&mut self, site: SiteId, username: &Username) -> Result<Option<(User, String)>, StoreError>;

    /// All logins of a site, by name.
    async fn list(&mut self, site: SiteId) -> Result<Vec<User>, StoreError>;

    /// Replaces a password hash. `false`: no such user.
    async fn set_password(&mut self, user: UserId, password_hash: &str) -> Result<bool, StoreError>;
}

/// Long-lived tokens of producers, kept as keyed digests.
#[async_trait]
pub trait AccessTokens: Send {
    /// Writes a token's digest.
    async fn insert(
        &mut self,
        user: UserId,
        digest: &[u8; 32],
        ends_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The user of a token that has not ended at `now`, in this site only.
    async fn find_user(&mut self, site: SiteId, digest: &[u8; 32], now: Timestamp) -> Result<Option<User>, StoreError>;

    /// All tokens of a site that were not revoked, those that have ended included, newest first.
    async fn list(&mut self, site: SiteId) -> Result<Vec<AccessToken>, StoreError>;

    /// Removes a token, so that it is never found again. `false`: the site has no such token.
    async fn revoke(&mut self, site: SiteId, token: AccessTokenId) -> Result<bool, StoreError>;
}
