//! Asking about a token (RFC 7662), and ending one before its time (RFC 7009).

use std::sync::Arc;

use countersign_crypto::Secret;
use countersign_domain::audit::Action;
use countersign_domain::ids::ApplicationId;
use countersign_domain::oauth::{Scope, Scopes};
use countersign_domain::text::ClientId;
use countersign_domain::time::Timestamp;

use super::bearer::AuthenticatedApplication;
use super::client::AuthenticatedClient;
use super::judging::{GoodToken, Refusal, Use, judge};
use crate::fault::takes_store_errors;
use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

/// Most tokens of one application that are revoked one by one at a time: every server keeps them in memory. Whoever has
/// more to revoke ends all tokens of the application, or of a credential, at once.
const REVOKED_TOKENS: u32 = 1000;

/// Who asks about a token.
pub enum Asker {
    /// A client that has proved itself; it learns about its own tokens, and with the scope for it about all.
    Client(AuthenticatedClient),
    /// An application with a token that has the scope for it.
    Bearer(AuthenticatedApplication),
}

impl Asker {
    fn may_see(&self, application: ApplicationId) -> bool {
        let (own, scopes) = match self {
            Self::Client(client) => (client.application(), client.client.application.scopes),
            Self::Bearer(bearer) => (bearer.application(), bearer.scopes()),
        };
        own == application || scopes.allows(Scope::Introspect)
    }
}

/// What is told about a token that is good now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveToken {
    /// `iss`.
    pub issuer: String,
    /// `aud`: whom it is meant for.
    pub audience: Vec<String>,
    /// `sub` and `client_id`.
    pub client_id: ClientId,
    /// What it may be used for now.
    pub scopes: Scopes,
    /// `jti`.
    pub id: String,
    /// `iat` and `nbf`.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires_at: Timestamp,
}

/// What is to be told about a token; `None` when it is not good now, or none of the caller's business.
///
/// # Errors
/// [`Fault`] when that could not be made certain.
pub async fn introspect(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    asker: &Asker,
    token: &Secret<String>,
) -> Result<Option<ActiveToken>, Fault> {
    let Ok(GoodToken { client, facts }) = judge(ctx, site, token, Use::Anywhere).await? else { return Ok(None) };
    if !asker.may_see(client.application.id) {
        return Ok(None);
    }
    let issuer = ctx.latest(site).oauth.issuer.to_string();
    Ok(Some(ActiveToken {
        audience: facts.audience.clone(),
        issuer,
        client_id: client.application.client_id.clone(),
        scopes: facts.scopes.and(client.application.scopes),
        id: facts.jti.clone(),
        issued_at: Timestamp::from_seconds(facts.issued_at),
        expires_at: Timestamp::from_seconds(facts.expires_at),
    }))
}

/// Why a token was not revoked. It is still good.
#[derive(Debug, thiserror::Error)]
pub enum RevokeTokenError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It was issued to another client.
    #[error("the token was issued to another client")]
    Foreign,
    /// Too many tokens of the application are revoked one by one.
    #[error("the application has {REVOKED_TOKENS} tokens that were revoked one by one")]
    TooMany,
}

takes_store_errors!(RevokeTokenError);

/// Ends a token of a client. One that is not good anyway is no error (RFC 7009 section 2.2).
///
/// # Errors
/// [`RevokeTokenError`] says why it is still good.
pub async fn revoke(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    client: &AuthenticatedClient,
    token: &Secret<String>,
) -> Result<(), RevokeTokenError> {
    let (owner, facts) = match judge(ctx, site, token, Use::Anywhere).await? {
        Ok(GoodToken { client, facts }) => (client, facts),
        Err(Refusal::Expired(_) | Refusal::Revoked(_) | Refusal::Bad(_)) => return Ok(()),
    };
    let application = owner.application.id;
    if application != client.application() {
        return Err(RevokeTokenError::Foreign);
    }
    let site = site.site.id;
    let jti = facts.jti.clone();
    // A little longer than it lives, so that no node forgets it while another one's clock still accepts the token.
    let ends_at = Timestamp::from_seconds(facts.expires_at.saturating_add(120));
    let action = Action::new("token.revoke", format!("{} {jti}", client.client_id()));
    ctx.change(site, action, move |tx| {
        Box::pin(async move {
            let now = tx.now().await?;
            if tx.spent_tokens().count_revoked(application, now).await? >= REVOKED_TOKENS {
                return Err(RevokeTokenError::TooMany);
            }
            tx.spent_tokens().revoke(site, application, &jti, ends_at).await?;
            Ok(())
        })
    })
    .await
}
