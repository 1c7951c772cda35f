//! The two key calls: uploading the key that checks device tokens, and reading the one that signs answers.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_app::keys;
use countersign_crypto::encoding::base64_encode;
use countersign_http_kit::body::{JSON_BODY_LIMIT, read_whole};
use countersign_http_kit::json::read_object;
use countersign_http_kit::security_headers;
use http::StatusCode;

use crate::Door;
use crate::auth::LoggedIn;
use crate::error::Error;
use crate::wire::{KeyAnswer, KeyUpload};

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
    State(door): State<Door>,
    login: LoggedIn,
    body: Body,
) -> Result<Response, Error> {
    let site = login.may_manage_updates()?;
    let bytes = read_whole(body, JSON_BODY_LIMIT).await?;
    let upload: KeyUpload = read_object(&bytes).map_err(Error::Malformed)?;
    let key = keys::upload(&door.ctx, site, &upload.public_key).await?;
    tracing::info!(key.id = %key, user = %login.operator.user().username, "an authorization key was uploaded");
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
pub(crate) async fn post_authorization_key(state: State<Door>, login: LoggedIn, body: Body) -> Result<Response, Error> {
    put_authorization_key(state, login, body).await
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
pub(crate) async fn find_authorization_key(State(door): State<Door>, login: LoggedIn) -> Result<Response, Error> {
    let now = door.ctx.now();
    let keys = keys::list_authorization_keys(&door.ctx, login.site.id).await?;
    let current = keys.into_iter().next().filter(|key| key.is_active(now));
    Ok(answer(&current.map(|key| key.spki).unwrap_or_default()))
}

/// Read the public key that verifies signed answers
///
/// The first call creates the key pair; that needs a role that may manage updates. The private half never leaves the
/// server.
#[utoipa::path(
    get, path = "/operations/api/updates/update-signing-key", tag = "Update keys",
    responses(
        (status = 200, description = "The public key", body = KeyAnswer),
        (status = 401, description = "The login is not valid", body = KeyAnswer),
        (status = 403, description = "There is no key yet, and the role may not create one", body = KeyAnswer)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn find_signing_key(State(door): State<Door>, login: LoggedIn) -> Result<Response, Error> {
    let existing = keys::list_signing_keys(&door.ctx, login.site.id).await?.into_iter().next();
    let key = match existing {
        Some(key) => key,
        None => keys::find_or_create_signing_key(&door.ctx, login.may_manage_updates()?.id).await?,
    };
    Ok(answer(&key.spki))
}

fn answer(spki: &[u8]) -> Response {
    let body = KeyAnswer { public_key: base64_encode(spki), error_message: String::new() };
    let mut response = Json(body).into_response();
    security_headers::private(response.headers_mut());
    response
}
