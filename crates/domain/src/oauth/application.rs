//! Applications: pipelines, services and programs that act in their own name.

use std::time::Duration;

use super::{Scopes, TokenAlgorithm};
use crate::ids::{ApplicationId, ProductId, SiteId};
use crate::licensing::Part;
use crate::storage::{StorageGrant, StorageName};
use crate::text::{ApplicationName, ClientId};
use crate::time::Timestamp;

/// Most applications of a site: all of them are kept in the memory of every server.
pub const APPLICATIONS: usize = 10_000;
/// Most grants of an application: each one is looked at for every file.
pub const GRANTS: usize = 100;
/// Most products that an application can be restricted to.
pub const PRODUCTS: usize = 100;

/// An application (RFC 6749 calls it a client).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Row id.
    pub id: ApplicationId,
    /// The site that it belongs to, and that its tokens are valid on.
    pub site: SiteId,
    /// Its public name in requests and tokens; made by us, so that it is never that of a user (RFC 9700 section 4.15).
    pub client_id: ClientId,
    /// What people call it.
    pub name: ApplicationName,
    /// What its tokens may be used for.
    pub scopes: Scopes,
    /// How its tokens are signed.
    pub algorithm: TokenAlgorithm,
    /// How long its tokens live.
    pub token_life: TokenLife,
    /// A service of the publisher that its tokens are meant for as well (`aud`), besides this server.
    pub audience: Option<String>,
    /// The storage that is meant when a request names none.
    pub default_storage: Option<StorageName>,
    /// What it may do in storages; empty: everything that its scopes allow, in every storage of the site.
    pub grants: Vec<StorageGrant>,
    /// The products that it may ask about on the license door; empty: all.
    pub products: Vec<ProductId>,
    /// The part of what the site has sold that it is limited to on the license door; `None`: it sees everything.
    pub part: Option<Part>,
    /// What it needs that newer clients do not.
    pub compatibility: Compatibility,
    /// Whether its credentials and tokens are refused.
    pub disabled: bool,
    /// Tokens carry this number; when it grows, all that were issued before are refused.
    pub token_generation: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An application that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApplication {
    /// See [`Application::client_id`].
    pub client_id: ClientId,
    /// See [`Application::name`].
    pub name: ApplicationName,
    /// See [`Application::scopes`].
    pub scopes: Scopes,
    /// See [`Application::algorithm`].
    pub algorithm: TokenAlgorithm,
    /// See [`Application::default_storage`].
    pub default_storage: Option<StorageName>,
}

/// What an application needs that newer clients do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compatibility {
    /// It gets tokens at the retired path `/oauth2/token`, whose answer has more members. On unless switched off.
    pub oauth2_path: bool,
    /// `scope` is an array in its tokens, as older services write it.
    pub scope_array: bool,
    /// Its assertions may name the token endpoint as their audience, or several audiences; otherwise only the issuer.
    pub endpoint_audience: bool,
}

impl Default for Compatibility {
    fn default() -> Self {
        Self { oauth2_path: true, scope_array: false, endpoint_audience: false }
    }
}

/// How long tokens of an application live: 60 seconds to 7 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenLife(u32);

/// A life that tokens cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tokens live 60 to 604800 seconds (7 days)")]
pub struct TokenLifeError;

impl TokenLife {
    /// The longest life of any token.
    pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
    /// Programs that fetch a new token only after this time, in seconds, break with a shorter life.
    pub const SHORTEST_FOR_ALL: u32 = 86_300;

    /// A life of so many seconds.
    ///
    /// # Errors
    /// [`TokenLifeError`] outside 60 seconds to 7 days.
    pub fn from_seconds(seconds: u32) -> Result<Self, TokenLifeError> {
        let allowed = (60..=604_800).contains(&seconds);
        if allowed { Ok(Self(seconds)) } else { Err(TokenLifeError) }
    }

    /// In seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.0
    }

    /// Whether programs are known that cannot live with it.
    #[must_use]
    pub fn is_short(self) -> bool {
        self.0 < Self::SHORTEST_FOR_ALL
    }
}

impl Default for TokenLife {
    /// One day.
    fn default() -> Self {
        Self(86_400)
    }
}

impl std::str::FromStr for TokenLife {
    type Err = TokenLifeError;

    /// Seconds in digits.
    fn from_str(text: &str) -> Result<Self, TokenLifeError> {
        text.parse().map_err(|_| TokenLifeError).and_then(Self::from_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_have_limits() {
        for good in [60, 86_299, 86_400, 604_800] {
            assert_eq!(TokenLife::from_seconds(good).map(TokenLife::seconds), Ok(good));
        }
        for bad in [0, 59, 604_801, u32::MAX] {
            assert_eq!(TokenLife::from_seconds(bad), Err(TokenLifeError));
        }
        assert!(TokenLife::from_seconds(86_299).unwrap().is_short() && !TokenLife::default().is_short());
        assert_eq!(u64::from("604800".parse::<TokenLife>().unwrap().seconds()), TokenLife::LONGEST.as_secs());
    }
}
