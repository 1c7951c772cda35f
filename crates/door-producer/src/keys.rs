//! The key calls: the key that checks device tokens, and the ones that sign answers.

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use countersign_app::keys;
use countersign_http_kit::body::{JSON_BODY_LIMIT, read_whole};
use countersign_http_kit::json::read_object;
use http::StatusCode;
use http::request::Parts;

use crate::Door;
use crate::auth::{LoggedIn, Publisher};
use crate::error::Error;
use crate::refuse::KeyCallError;
use crate::reply;
use crate::wire::{KeyAnswer, KeyUpload, SigningKeyList};

/// A caller of a key call: refused in the shape of the key answers.
pub(crate) struct Caller<L>(L);

impl<L: FromRequestParts<Door, Rejection = Error>> FromRequestParts<Door> for Caller<L> {
    type Rejection = KeyCallError;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, KeyCallError> {
        Ok(Self(L::from_request_parts(parts, door).await?))
    }
}

/// Upload the key that checks device tokens
///
/// The key before it goes on to verify tokens for 30 days. Answers 200 with an empty body.
#[utoipa::path(
    put, path = "/operations/api/updates/update-authorization-key", tag = "Update keys",
    request_body = KeyUpload,
    responses(
        (status = 200, description = "The key is in force"),
        (status = 400, description = "Not an RSA public key, or too small", body = KeyAnswer),
        (status = 401, description = "The login is not valid", body = KeyAnswer),
        (status = 403, description = "The role may not manage updates", body = KeyAnswer)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn put_authorization_key(
    Caller(publisher): Caller<Publisher>,
    body: Body,
) -> Result<Response, KeyCallError> {
    let bytes = read_whole(body, JSON_BODY_LIMIT).await?;
    let upload: KeyUpload = read_object(&bytes).map_err(Error::Malformed)?;
    let key = keys::upload(&publisher.ctx, publisher.site.site(), &upload.public_key).await?;
    tracing::info!(key.id = %key, "an authorization key was uploaded");
    Ok(StatusCode::OK.into_response())
}

/// Upload the key that checks device tokens (another spelling of PUT)
#[utoipa::path(
    post, path = "/operations/api/updates/update-authorization-key", tag = "Update keys",
    request_body = KeyUpload,
    responses(
        (status = 200, description = "The key is in force"),
        (status = 400, description = "Not an RSA public key, or too small", body = KeyAnswer),
        (status = 401, description = "The login is not valid", body = KeyAnswer),
        (status = 403, description = "The role may not manage updates", body = KeyAnswer)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn post_authorization_key(caller: Caller<Publisher>, body: Body) -> Result<Response, KeyCallError> {
    put_authorization_key(caller, body).await
}

/// Read the key that checks device tokens
///
/// `publicKey` is empty when none was uploaded.
#[utoipa::path(
    get, path = "/operations/api/updates/update-authorization-key", tag = "Update keys",
    responses(
        (status = 200, description = "The current key", body = KeyAnswer),
        (status = 401, description = "The login is not valid", body = KeyAnswer)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn find_authorization_key(Caller(login): Caller<LoggedIn>) -> Result<Response, KeyCallError> {
    let now = login.ctx.now();
    let keys = keys::list_authorization_keys(&login.ctx, login.site_id()).await?;
    let current = keys.into_iter().next().filter(|key| key.is_active(now));
    Ok(reply::json(StatusCode::OK, KeyAnswer::of(&current.map(|key| key.spki).unwrap_or_default())))
}

/// Revoke all keys that check device tokens
///
/// At once: no device is let in until a new key is uploaded. Answers 200 with an empty body, also when there was none.
#[utoipa::path(
    delete, path = "/operations/api/updates/update-authorization-key", tag = "Update keys",
    responses(
        (status = 200, description = "No key is in force"),
        (status = 401, description = "The login is not valid", body = KeyAnswer),
        (status = 403, description = "The role may not manage updates", body = KeyAnswer)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn delete_authorization_keys(Caller(publisher): Caller<Publisher>) -> Result<Response, KeyCallError> {
    keys::revoke_all_authorization_keys(&publisher.ctx, publisher.site_id()).await?;
    tracing::info!("all authorization keys were revoked");
    Ok(StatusCode::OK.into_response())
}

/// Read the public key that verifies signed answers
///
/// The newest one, which signs from two seconds after it was made. The first call creates the key pair; that needs a role
/// that may manage updates. The private half never leaves the server.
#[utoipa::path(
    get, path = "/operations/api/updates/update-signing-key", tag = "Update keys",
    responses(
        (status = 200, description = "The public key", body = KeyAnswer),
        (status = 401, description = "The login is not valid", body = KeyAnswer),
        (status = 403, description = "There is no key yet, and the role may not create one", body = KeyAnswer)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn find_signing_key(Caller(login): Caller<LoggedIn>) -> Result<Response, KeyCallError> {
    let existing = keys::list_signing_keys(&login.ctx, login.site_id()).await?.into_iter().next();
    let key = match existing {
        Some(key) => key,
        None => {
            let publisher = login.publisher()?;
            keys::find_or_create_signing_key(&publisher.ctx, publisher.site_id()).await?
        }
    };
    Ok(reply::json(StatusCode::OK, KeyAnswer::of(&key.spki)))
}

/// Replace the key pair that signs answers
///
/// Answers with the new public key. It signs two seconds later; until then the key before it does.
#[utoipa::path(
    post, path = "/operations/api/updates/update-signing-key/rotate", tag = "Update keys",
    responses(
        (status = 200, description = "The new public key", body = KeyAnswer),
        (status = 401, description = "The login is not valid", body = KeyAnswer),
        (status = 403, description = "The role may not manage updates", body = KeyAnswer)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn rotate_signing_key(Caller(publisher): Caller<Publisher>) -> Result<Response, KeyCallError> {
    let key = keys::rotate_signing_key(&publisher.ctx, publisher.site_id()).await?;
    tracing::info!(key.id = %key.id, "the signing key was replaced");
    Ok(reply::json(StatusCode::OK, KeyAnswer::of(&key.spki)))
}

/// List all public keys that verify signed answers, newest first
///
/// Keys that have been replaced stay listed, for those who keep answers.
#[utoipa::path(
    get, path = "/operations/api/updates/update-signing-keys", tag = "Update keys",
    responses(
        (status = 200, description = "The public keys; none when none was ever made", body = SigningKeyList),
        (status = 401, description = "The login is not valid", body = KeyAnswer)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn list_signing_keys(Caller(login): Caller<LoggedIn>) -> Result<Response, KeyCallError> {
    let keys = keys::list_signing_keys(&login.ctx, login.site_id()).await?;
    Ok(reply::json(StatusCode::OK, SigningKeyList::new(&keys, login.ctx.now())))
}
