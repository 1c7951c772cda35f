//! Adding logins, changing passwords, issuing access tokens.

use countersign_crypto::Secret;
use countersign_crypto::encoding::hex_encode;
use countersign_crypto::random::random_array;
use countersign_domain::audit::Action;
use countersign_domain::ids::{AccessTokenId, SiteId, UserId};
use countersign_domain::text::Username;
use countersign_domain::time::Timestamp;
use countersign_domain::user::{AccessToken, Role, User};
use countersign_store::repositories::NewUser;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Prefix of access tokens, as clients of the producer services know it.
const TOKEN_PREFIX: &str = "rna_";
/// Shortest accepted password, in characters (NIST SP 800-63B section 5.1.1.2 demands 8).
const PASSWORD_LENGTH: usize = 8;

/// Why a login was not added or changed.
#[derive(Debug, thiserror::Error)]
pub enum AddUserError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The password is too short.
    #[error("a password needs at least {PASSWORD_LENGTH} characters")]
    ShortPassword,
    /// HTTP Basic separates name and password with a colon.
    #[error("a user name must not contain a colon")]
    Colon,
    /// The name is taken.
    #[error("a user of that name exists in this site already")]
    Taken,
    /// No such user.
    #[error("this site has no user {0}; see: countersign user list")]
    Unknown(Username),
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No such token.
    #[error("this site has no access token {0}; see: countersign access-token list")]
    UnknownToken(AccessTokenId),
    /// No such user.
    #[error("this site has no user {0}")]
    UnknownUser(Username),
}

takes_store_errors!(AddUserError, TokenError);

/// A new access token. It is shown once; the store keeps its digest only.
pub struct IssuedToken(pub Secret<String>);

/// Adds a login.
///
/// # Errors
/// [`AddUserError`] says what to change.
pub async fn add(
    ctx: &Ctx,
    site: SiteId,
    username: Username,
    role: Role,
    password: Secret<String>,
) -> Result<UserId, AddUserError> {
    if username.as_str().contains(':') {
        return Err(AddUserError::Colon);
    }
    let password_hash = hash(ctx, password).await?;
    let (user, now) = (NewUser { username, role, password_hash }, ctx.now());
    ctx.change(site, Action::new("user.add", &user.username), move |tx| {
        Box::pin(async move { tx.users().insert(site, &user, now).await?.ok_or(AddUserError::Taken) })
    })
    .await
}

/// Adds a login, or sets the password of the one that is there. For provisioning that can be repeated.
///
/// # Errors
/// [`AddUserError`] as [`add`], but never `Taken`.
pub async fn find_or_add(
    ctx: &Ctx,
    site: SiteId,
    username: Username,
    role: Role,
    password: Secret<String>,
) -> Result<UserId, AddUserError> {
    let password_hash = hash(ctx, password).await?;
    let (user, now) = (NewUser { username, role, password_hash }, ctx.now());
    ctx.change(site, Action::new("user.provision", &user.username), move |tx| {
        Box::pin(async move {
            if let Some((found, _)) = tx.users().find(site, &user.username).await? {
                tx.users().set_password(found.id, &user.password_hash).await?;
                return Ok(found.id);
            }
            tx.users().insert(site, &user, now).await?.ok_or(AddUserError::Taken)
        })
    })
    .await
}

/// Sets the password of a login.
///
/// # Errors
/// [`AddUserError`] when there is no such user, or the password is too short.
pub async fn set_password(
    ctx: &Ctx,
    site: SiteId,
    username: Username,
    password: Secret<String>,
) -> Result<(), AddUserError> {
    let password_hash = hash(ctx, password).await?;
    ctx.change(site, Action::new("user.set-password", &username), move |tx| {
        Box::pin(async move {
            let found = tx.users().find(site, &username).await?;
            let (user, _) = found.ok_or(AddUserError::Unknown(username))?;
            tx.users().set_password(user.id, &password_hash).await?;
            Ok(())
        })
    })
    .await
}

/// All logins of a site, by name.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId) -> Result<Vec<User>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.users().list(site).await?) })).await
}

/// Issues an access token of 256 random bits with the rights of a user.
///
/// # Errors
/// [`TokenError::UnknownUser`] when the site has no such user.
pub async fn issue_token(
    ctx: &Ctx,
    site: SiteId,
    username: Username,
    ends_at: Option<Timestamp>,
) -> Result<IssuedToken, TokenError> {
    let token = Secret::new(format!("{TOKEN_PREFIX}{}", hex_encode(&random_array::<32>(ctx.rng()))));
    let (digest, now) = (ctx.parts.digests.digest(&token), ctx.now());
    ctx.change(site, Action::new("access-token.issue", &username), move |tx| {
        Box::pin(async move {
            let (user, _) = tx.users().find(site, &username).await?.ok_or(TokenError::UnknownUser(username))?;
            Ok::<_, TokenError>(tx.access_tokens().insert(user.id, &digest, ends_at, now).await?)
        })
    })
    .await?;
    Ok(IssuedToken(token))
}

/// All tokens of a site that were not revoked.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list_tokens(ctx: &Ctx, site: SiteId) -> Result<Vec<AccessToken>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.access_tokens().list(site).await?) })).await
}

/// Takes a token back; it is refused from now on.
///
/// # Errors
/// [`TokenError::UnknownToken`] when the site has no such token.
pub async fn revoke_token(ctx: &Ctx, site: SiteId, token: AccessTokenId) -> Result<(), TokenError> {
    ctx.change(site, Action::new("access-token.revoke", token), move |tx| {
        Box::pin(async move {
            let revoked = tx.access_tokens().revoke(site, token).await?;
            if revoked { Ok(()) } else { Err(TokenError::UnknownToken(token)) }
        })
    })
    .await
}

async fn hash(ctx: &Ctx, password: Secret<String>) -> Result<String, AddUserError> {
    if password.expose().chars().count() < PASSWORD_LENGTH {
        return Err(AddUserError::ShortPassword);
    }
    Ok(ctx.hash_password(password).await?)
}
