//! Who an access token lets in (RFC 6750).

use std::sync::Arc;

use countersign_crypto::Secret;
use countersign_domain::ids::{ApplicationId, CredentialId, ProductId, SiteId};
use countersign_domain::licensing::Part;
use countersign_domain::oauth::{Application, Scope, Scopes};
use countersign_domain::storage::{StorageGrant, StorageName};
use countersign_domain::text::ClientId;

use super::judging::{GoodToken, Refusal, TokenProblem, Use, judge};
use super::state::Client;
use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

/// An application that presented a good access token of a site. It is nobody on any other site.
#[derive(Clone)]
pub struct AuthenticatedApplication {
    client: Arc<Client>,
    credential: CredentialId,
    scopes: Scopes,
}

impl AuthenticatedApplication {
    /// The site that the token is good for.
    #[must_use]
    pub fn site(&self) -> SiteId {
        self.client.application.site
    }

    /// Row id of the application.
    #[must_use]
    pub fn application(&self) -> ApplicationId {
        self.client.application.id
    }

    /// Public name of the application.
    #[must_use]
    pub fn client_id(&self) -> &ClientId {
        &self.client.application.client_id
    }

    /// The secret or key that the token was given for.
    #[must_use]
    pub fn credential(&self) -> CredentialId {
        self.credential
    }

    /// What the token may be used for: what it was given for, as far as the application still has it.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// Whether the token may be used for something.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.allows(scope)
    }

    /// What the application may do in storages; empty: all that the scopes allow, in every storage.
    #[must_use]
    pub fn grants(&self) -> &[StorageGrant] {
        &self.client.application.grants
    }

    /// The storage that is meant when a request names none.
    #[must_use]
    pub fn default_storage(&self) -> Option<&StorageName> {
        self.client.application.default_storage.as_ref()
    }

    /// The products that the application may ask about; empty: all.
    #[must_use]
    pub fn products(&self) -> &[ProductId] {
        &self.client.application.products
    }

    /// The part of what the site has sold that the application is limited to; `None`: it sees everything.
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        self.client.application.part
    }
}

impl std::fmt::Debug for AuthenticatedApplication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuthenticatedApplication({}, {})", self.client_id(), self.scopes)
    }
}

/// To whom a token belonged that was good once. It lets nobody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenOwner {
    /// The site of the application.
    pub site: SiteId,
    /// Row id of the application.
    pub application: ApplicationId,
    /// Public name of the application.
    pub client_id: ClientId,
    /// The storage that is meant when a request names none.
    pub default_storage: Option<StorageName>,
}

impl TokenOwner {
    fn of(application: &Application) -> Self {
        Self {
            site: application.site,
            application: application.id,
            client_id: application.client_id.clone(),
            default_storage: application.default_storage.clone(),
        }
    }
}

/// Why nobody is let in.
#[derive(Debug, thiserror::Error)]
pub enum BearerError {
    /// The token is ours and has expired.
    #[error("the access token has expired")]
    Expired {
        /// Whose it was.
        owner: TokenOwner,
    },
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The token is not good.
    #[error("the access token is not accepted: {0}")]
    Invalid(TokenProblem),
    /// There is no token.
    #[error("there is no access token")]
    Missing,
    /// The token is ours and was revoked, alone or with others.
    #[error("the access token was revoked")]
    Revoked {
        /// Whose it was.
        owner: TokenOwner,
    },
}

/// Judges an access token that came with a request.
///
/// # Errors
/// [`BearerError`] says what is wrong; [`BearerError::Expired`] and [`BearerError::Revoked`] also to whom the token belonged.
pub async fn authenticate_bearer(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    token: Option<&Secret<String>>,
) -> Result<AuthenticatedApplication, BearerError> {
    let token = token.ok_or(BearerError::Missing)?;
    match judge(ctx, site, token, Use::Here).await? {
        Ok(GoodToken { client, facts }) => {
            let scopes = facts.scopes.and(client.application.scopes);
            Ok(AuthenticatedApplication { client, credential: facts.credential, scopes })
        }
        Err(Refusal::Expired(client)) => Err(BearerError::Expired { owner: TokenOwner::of(&client.application) }),
        Err(Refusal::Revoked(client)) => Err(BearerError::Revoked { owner: TokenOwner::of(&client.application) }),
        Err(Refusal::Bad(problem)) => Err(BearerError::Invalid(problem)),
    }
}
