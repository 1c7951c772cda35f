//! People and jobs that administer a site, and what they may do.

use crate::ids::{AccessTokenId, SiteId, UserId};
use crate::text::Username;
use crate::time::Timestamp;

/// A producer's login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Row id.
    pub id: UserId,
    /// The site that the login belongs to and is valid on.
    pub site: SiteId,
    /// Login name, unique in the site.
    pub username: Username,
    /// What the user may do.
    pub role: Role,
}

/// A long-lived token of a producer. What it is made of is kept nowhere: it was shown once, to whoever asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Row id: the token's name when it is listed or revoked.
    pub id: AccessTokenId,
    /// Login name of the user that the token stands for.
    pub username: Username,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused; `None`: only when it is revoked.
    pub ends_at: Option<Timestamp>,
}

/// What a user may do. Each role may do all that the roles before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Read products, packages, updates and public keys.
    Viewer,
    /// Publish releases, and manage updates and update keys.
    Publisher,
    /// Everything in the site, users included.
    Admin,
}

impl Role {
    /// The word for this role in commands, answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Publisher => "publisher",
            Self::Admin => "admin",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Viewer, Self::Publisher, Self::Admin].into_iter().find(|role| role.as_str() == word)
    }

    /// Whether this role may configure who is told of changes, and what is sent again.
    #[must_use]
    pub fn may_configure_notifications(self) -> bool {
        self >= Self::Publisher
    }

    /// Whether this role may upload and create update keys, and publish.
    #[must_use]
    pub fn may_manage_updates(self) -> bool {
        self >= Self::Publisher
    }
}
