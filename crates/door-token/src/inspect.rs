//! Asking about a token (RFC 7662), and revoking one (RFC 7009).

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_app::oauth::{self, ActiveToken, Asker};
use countersign_crypto::Secret;
use countersign_domain::audit::{Actor, Channel};
use countersign_domain::oauth::Scope;
use countersign_http_kit::security_headers;
use http::{HeaderMap, StatusCode, Uri};

use crate::error::{Error, Scheme};
use crate::form::{Form, has_credentials};
use crate::reply;
use crate::site::Site;
use crate::wire::{ActiveMembers, Audience, ErrorBody, InspectForm, Introspection};
use crate::{Door, auth, client};

/// Ask about a token
///
/// The caller proves itself like at the token endpoint, or with an access token that has the scope `tokens.introspect`. It
/// learns about its own tokens, and with that scope about those of the whole site. Of a token that is expired, revoked,
/// unknown or somebody else's only `"active": false` is told.
#[utoipa::path(
    post, path = "/connect/introspect", tag = "Tokens",
    request_body(content = InspectForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What is known of the token", body = Introspection),
        (status = 400, description = "There is no token in the form", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller's token lacks the scope", body = ErrorBody),
        (status = 429, description = "This ID and secret have failed too often", body = ErrorBody)
    ),
    security(("client" = []), ("application" = ["tokens.introspect"]))
)]
pub(crate) async fn introspect(
    State(door): State<Door>,
    site: Site,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Error> {
    let form = Form::receive(&headers, body).await?;
    if has_credentials(uri.query()) {
        return Err(Error::CredentialsInQuery);
    }
    let asker = match client::proof(&headers, &form, Scheme::Protected) {
        Ok((proof, _)) => {
            let client = oauth::authenticate_client(&door.ctx, &site.snapshot, proof, site.client).await;
            // 401 however the client proves itself.
            Asker::Client(client.map_err(|error| Error::Client(error, Scheme::Protected))?)
        }
        Err(Error::NoCredentials(scheme)) => {
            let Some(token) = auth::bearer_token(&headers)? else { return Err(Error::NoCredentials(scheme)) };
            let bearer = oauth::authenticate_bearer(&door.ctx, &site.snapshot, Some(&token)).await?;
            if !bearer.may(Scope::Introspect) {
                return Err(Error::Scope(Scope::Introspect.as_str()));
            }
            Asker::Bearer(bearer)
        }
        Err(error) => return Err(error),
    };
    let token = form.secret("token").ok_or(Error::MissingParameter("token"))?;
    let found = oauth::introspect(&door.ctx, &site.snapshot, &asker, &token).await?;
    Ok(reply::private_json(StatusCode::OK, Introspection { active: found.is_some(), token: found.map(members) }))
}

fn members(token: ActiveToken) -> ActiveMembers {
    let client_id = token.client_id.as_str().to_owned();
    ActiveMembers {
        scope: token.scopes.to_string(),
        sub: client_id.clone(),
        client_id,
        token_type: "Bearer",
        exp: token.expires_at.as_seconds(),
        iat: token.issued_at.as_seconds(),
        nbf: token.issued_at.as_seconds(),
        aud: match <[String; 1]>::try_from(token.audience) {
            Ok([one]) => Audience::One(one),
            Err(several) => Audience::Several(several),
        },
        iss: token.issuer,
        jti: token.id,
    }
}

/// Revoke a token
///
/// The client proves itself like at the token endpoint, and revokes one of its own tokens; it is refused everywhere within a
/// second. A token that is not good anyway is no error.
#[utoipa::path(
    post, path = "/connect/revocation", tag = "Tokens",
    request_body(content = InspectForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token is refused from now on"),
        (status = 400, description = "Wrong credentials, no token, or a token of another client", body = ErrorBody),
        (status = 401, description = "Wrong credentials with HTTP Basic", body = ErrorBody),
        (status = 429, description = "This ID and secret have failed too often", body = ErrorBody),
        (status = 503, description = "The token is still good; `Retry-After` says when to try again", body = ErrorBody)
    ),
    security((), ("client" = []))
)]
pub(crate) async fn revoke(
    State(door): State<Door>,
    site: Site,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Error> {
    let form = Form::receive(&headers, body).await?;
    if has_credentials(uri.query()) {
        return Err(Error::CredentialsInQuery);
    }
    let (proof, scheme) = client::proof(&headers, &form, Scheme::Body)?;
    let client = oauth::authenticate_client(&door.ctx, &site.snapshot, proof, site.client).await;
    let client = client.map_err(|error| Error::Client(error, scheme))?;
    let token: Secret<String> = form.secret("token").ok_or(Error::MissingParameter("token"))?;
    let actor = Actor { channel: Channel::TokenDoor, name: client.client_id().to_string() };
    oauth::revoke(&door.ctx.acting_as(actor), &site.snapshot, &client, &token).await?;
    let mut response = StatusCode::OK.into_response();
    security_headers::private(response.headers_mut());
    Ok(response)
}
