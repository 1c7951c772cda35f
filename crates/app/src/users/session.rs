//! A login for an hour: a signed token for user name and password, so that a program sends those once.
//!
//! Sessions are not stored. What ends one before its hour is looked up with each call: its user, the password, and the epoch
//! of the store.

use std::sync::Arc;

use countersign_crypto::encoding::{base64url_encode, hex_encode};
use countersign_crypto::jose::{SessionClaims, signing_input};
use countersign_crypto::random::random_array;
use countersign_crypto::{Algorithm, Compact, ProtectedHeader, Secret, constant_time_eq, sha256};
use countersign_domain::audit::{Actor, Channel};
use countersign_domain::oauth::TokenAlgorithm;
use countersign_domain::text::Username;
use countersign_domain::time::Timestamp;
use countersign_domain::user::User;
use countersign_store::StoreError;
use countersign_vault::SigningError;

use super::login::Operator;
use crate::fault::takes_store_errors;
use crate::oauth::{TokenKeyError, ensure_token_key};
use crate::signature_budget::Credential;
use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

/// How long a session lasts, in seconds: the protocol says 60 minutes.
pub const SESSION_SECONDS: u32 = 3600;
/// How far the clock of the node that gave it may be ahead, in seconds.
const CLOCK_SKEW: i64 = 30;

/// A session, and what its user is told about it.
pub struct Session {
    /// The token.
    pub token: Secret<String>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Its ID; it may be logged.
    pub id: String,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum BeginSessionError {
    /// The signer has too much to do.
    #[error("the signer is busy")]
    Busy,
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No password was verified, and a session ends with the password that began it.
    #[error("a session needs a password")]
    NoPassword,
    /// The site's key that signs tokens could not be made.
    #[error(transparent)]
    Key(#[from] TokenKeyError),
}

/// Why a session token lets nobody in.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Its hour is over.
    #[error("the session has ended")]
    Expired,
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It is not good. Callers learn no more than that.
    #[error("the session token is not accepted: {0}")]
    Invalid(&'static str),
}

takes_store_errors!(BeginSessionError, SessionError);

/// Gives a session of a service to somebody who has logged in with a password; another password ends it, also one that came
/// after the login and before this. The first one of a site makes the key that signs.
///
/// # Errors
/// [`BeginSessionError`] says why not.
pub async fn begin_session(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    operator: &Operator,
    audience: &str,
) -> Result<Session, BeginSessionError> {
    let user = operator.user();
    if ctx.latest(site).oauth.signing_key(TokenAlgorithm::Rs256, ctx.now()).is_none() {
        let system = ctx.acting_as(Actor::of(Channel::System));
        ensure_token_key(&system, site.site.id, TokenAlgorithm::Rs256).await?;
    }
    // Another node or another login may have made it, so that this process has not heard of it yet.
    let has_key = |snapshot: &Arc<SiteSnapshot>| {
        snapshot.oauth.signing_key(TokenAlgorithm::Rs256, ctx.now()).map(|_| ()).ok_or(())
    };
    let (snapshot, _) = ctx.certainly(site, has_key).await?;
    let key = snapshot.oauth.signing_key(TokenAlgorithm::Rs256, ctx.now()).ok_or(Fault::Site)?;
    let password = operator.password().ok_or(BeginSessionError::NoPassword)?;
    let epoch = ctx.store().read::<_, StoreError, _>(|tx| Box::pin(async move { tx.installation().epoch().await }));
    let login = stands_for(ctx, epoch.await?, password);
    let issued_at = ctx.now().as_seconds();
    let expires_at = issued_at.saturating_add(i64::from(SESSION_SECONDS));
    let claims = SessionClaims {
        issuer: snapshot.oauth.issuer.to_string(),
        audience: audience.to_owned(),
        username: user.username.to_string(),
        site: snapshot.site.name.to_string(),
        issued_at,
        expires_at,
        id: base64url_encode(&random_array::<16>(&ctx.nonces)),
        user: user.id.0,
        login,
    };
    let unusable = |source| Fault::Key { what: format!("token key {}", key.id), source };
    let payload = claims.to_json().map_err(|error| unusable(Box::new(error)))?;
    let rsa = key.private.as_rsa().ok_or(Fault::Site)?;
    let input = Arc::new(signing_input(&ProtectedHeader::jwt().with_kid(&key.kid), &payload));
    // Users of a site must not fill the signer either.
    let _place = ctx.signature_budget.begin(Credential::Users(user.site)).ok_or(BeginSessionError::Busy)?;
    let signature = ctx.parts.signing.sign(rsa.clone(), input.clone()).await.map_err(|error| match error {
        SigningError::Busy => BeginSessionError::Busy,
        SigningError::Closed | SigningError::Failed => BeginSessionError::Fault(Fault::Signing(error)),
    })?;
    let token = Secret::new(Arc::unwrap_or_clone(input).into_compact(&signature));
    Ok(Session { token, expires_at: Timestamp::from_seconds(expires_at), id: claims.id })
}

/// Who a session of a service lets in.
///
/// # Errors
/// [`SessionError`] says why nobody.
pub async fn resume_session(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    token: &Secret<String>,
    audience: &str,
) -> Result<Operator, SessionError> {
    let now = ctx.now();
    let (snapshot, verified) = ctx.certainly(site, |snapshot| verify(snapshot, token.expose(), now)).await?;
    let claims = verified.map_err(SessionError::Invalid)?;
    if claims.issuer != *snapshot.oauth.issuer || claims.site != snapshot.site.name.as_str() {
        return Err(SessionError::Invalid("it is of another site"));
    }
    if claims.audience != audience {
        return Err(SessionError::Invalid("it is for another service"));
    }
    let life = claims.expires_at.saturating_sub(claims.issued_at);
    if claims.issued_at > now.as_seconds().saturating_add(CLOCK_SKEW) || life > i64::from(SESSION_SECONDS) {
        return Err(SessionError::Invalid("its times are impossible"));
    }
    if claims.expires_at <= now.as_seconds() {
        return Err(SessionError::Expired);
    }
    let gone = SessionError::Invalid("its user is gone, or has another password");
    let Ok(name) = Username::new(claims.username) else { return Err(gone) };
    match stored_login(ctx, snapshot.site.id, &name).await? {
        Some((user, login))
            if user.id.0 == claims.user && constant_time_eq(login.as_bytes(), claims.login.as_bytes()) =>
        {
            Ok(Operator::proved(user))
        }
        Some(_) | None => Err(gone),
    }
}

/// What does not change in the life of a token: form, key and signature. The key comes from the site, and with it the
/// algorithm; the token's word only chooses among those.
fn verify(snapshot: &Arc<SiteSnapshot>, token: &str, now: Timestamp) -> Result<SessionClaims, &'static str> {
    let unverified = Compact::parse(token).map_err(|_| "it is malformed")?;
    // No other kind of token of ours is taken for a session.
    if unverified.typ() != Some("JWT") {
        return Err("it is of another kind");
    }
    let key = unverified.kid().and_then(|kid| snapshot.oauth.accepted_key(kid, now));
    let key = key.filter(|key| key.algorithm == Algorithm::RS256).ok_or("no key of the site has its name")?;
    let payload = unverified.verify(Algorithm::RS256, &key.verifying).map_err(|_| "its signature does not verify")?;
    SessionClaims::read(&payload).ok().flatten().ok_or("its claims are not ours")
}

/// A user as the store has it now, and what stands for password and epoch in sessions.
async fn stored_login(
    ctx: &Ctx,
    site: countersign_domain::ids::SiteId,
    name: &Username,
) -> Result<Option<(User, String)>, StoreError> {
    let name = name.clone();
    let found = ctx.store().read::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let epoch = tx.installation().epoch().await?;
            Ok(tx.users().find(site, &name).await?.map(|found| (found, epoch)))
        })
    });
    let Some(((user, hash), epoch)) = found.await? else { return Ok(None) };
    let login = stands_for(ctx, epoch, &sha256(hash.as_bytes()));
    Ok(Some((user, login)))
}

/// What stands for a password, by the digest of its hash, and the epoch.
fn stands_for(ctx: &Ctx, epoch: Option<i64>, password: &[u8; 32]) -> String {
    let text = format!("session {} {}", epoch.unwrap_or_default(), hex_encode(password));
    base64url_encode(&ctx.parts.digests.digest(&Secret::new(text)))
}
