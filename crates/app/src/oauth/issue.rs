//! Giving an access token to a client that has proved itself. Nothing is stored.

use std::collections::HashSet;
use std::sync::Arc;

use countersign_crypto::encoding::base64url_encode;
use countersign_crypto::jose::{AccessTokenClaims, signing_input};
use countersign_crypto::random::random_array;
use countersign_crypto::{ProtectedHeader, Secret};
use countersign_domain::oauth::Scopes;
use countersign_domain::storage::StorageName;
use countersign_domain::time::Timestamp;
use countersign_vault::SigningError;

use super::client::AuthenticatedClient;
use super::published::api_identifier;
use super::state::ActiveTokenKey;
use crate::signature_budget::Credential;
use crate::{Ctx, Fault};

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRequest {
    /// Names of scopes; `None`: all that the application has.
    pub scope: Option<String>,
    /// Whom the token is meant for (RFC 8707); empty: all that the application's tokens are meant for.
    pub resources: Vec<String>,
}

/// A token, and what its client is told about it.
pub struct IssuedToken {
    /// The token.
    pub access_token: Secret<String>,
    /// How long it lives, in seconds.
    pub expires_in: u32,
    /// When it was issued, to the second.
    pub issued_at: Timestamp,
    /// What it may be used for.
    pub scopes: Scopes,
    /// Its ID; it may be logged.
    pub id: String,
}

/// Why a client that is known got no token.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The signer has too much to do.
    #[error("the signer is busy")]
    Busy,
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A scope is unknown, or the application does not have it.
    #[error("a scope is unknown or not the application's")]
    Scope,
    /// A resource is not one that the application's tokens may be meant for.
    #[error("the application has no tokens for this resource")]
    Target,
}

/// Gives a token.
///
/// # Errors
/// [`IssueError`] says why not.
pub async fn issue(ctx: &Ctx, client: &AuthenticatedClient, request: &TokenRequest) -> Result<IssuedToken, IssueError> {
    let application = &client.client.application;
    let state = &client.snapshot.oauth;
    let scopes = match &request.scope {
        None => application.scopes,
        Some(names) => {
            let asked = Scopes::parse(names).map_err(|_| IssueError::Scope)?;
            if asked.is_empty() || !application.scopes.contains(asked) {
                return Err(IssueError::Scope);
            }
            asked
        }
    };
    let own = api_identifier(&state.issuer);
    let mut audience: Vec<String> = application.audience.iter().cloned().chain([own]).collect();
    if !request.resources.is_empty() {
        let known = |resource: &String| audience.contains(resource) || **resource == *state.issuer;
        if !request.resources.iter().all(known) {
            return Err(IssueError::Target);
        }
        // Some name one twice; a token says it once (RFC 8707 section 2).
        let mut named = HashSet::new();
        audience = request.resources.iter().filter(|resource| named.insert(*resource)).cloned().collect();
    }
    let now = ctx.now();
    let issued_at = now.as_seconds();
    let life = application.token_life.seconds();
    let id = base64url_encode(&random_array::<16>(&ctx.nonces));
    let claims = AccessTokenClaims {
        issuer: state.issuer.to_string(),
        client_id: application.client_id.as_str().to_owned(),
        audience,
        issued_at,
        expires_at: issued_at.saturating_add(i64::from(life)),
        id: id.clone(),
        scopes: scopes.names().into_iter().map(str::to_owned).collect(),
        scope_array: application.compatibility.scope_array,
        default_storage: application.default_storage.as_ref().map(StorageName::to_string),
        site: client.snapshot.site.name.to_string(),
        credential: client.credential().0,
        generation: application.token_generation,
    };
    // The first application with an algorithm made the key; so there is one.
    let key = state.signing_key(application.algorithm, now).ok_or(Fault::Site)?;
    let access_token = sign(ctx, client, key, &claims).await?;
    ctx.note_use(client);
    let issued_at = Timestamp::from_seconds(issued_at);
    Ok(IssuedToken { access_token, expires_in: life, issued_at, scopes, id })
}

async fn sign(
    ctx: &Ctx,
    client: &AuthenticatedClient,
    key: &ActiveTokenKey,
    claims: &AccessTokenClaims,
) -> Result<Secret<String>, IssueError> {
    let payload = claims.to_json().map_err(|error| unusable(key, error))?;
    let header = ProtectedHeader::access_token(key.algorithm).with_kid(&key.kid);
    let input = Arc::new(signing_input(&header, &payload));
    let signature = match key.private.as_rsa() {
        Some(rsa) => {
            // Those of other clients must not wait behind all of one.
            let _place =
                ctx.signature_budget.begin(Credential::Application(client.application())).ok_or(IssueError::Busy)?;
            ctx.parts.signing.sign(rsa.clone(), input.clone()).await.map_err(|error| match error {
                SigningError::Busy => IssueError::Busy,
                SigningError::Closed | SigningError::Failed => IssueError::Fault(Fault::Signing(error)),
            })?
        }
        // Some 0.03 ms, less than the way to another thread and back.
        None => key.private.sign(input.as_bytes()).map_err(|error| unusable(key, error))?.into(),
    };
    Ok(Secret::new(Arc::unwrap_or_clone(input).into_compact(&signature)))
}

fn unusable(key: &ActiveTokenKey, source: impl std::error::Error + Send + Sync + 'static) -> IssueError {
    IssueError::Fault(Fault::Key { what: format!("token key {}", key.id), source: Box::new(source) })
}
