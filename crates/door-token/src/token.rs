//! The token endpoint (RFC 6749 section 3.2), under all the paths at which SDKs ask.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use countersign_app::oauth::{self, AuthenticatedClient, IssuedToken, TokenRequest};
use countersign_domain::time::Timestamp;
use countersign_http_kit::http_time::HttpTime;
use http::{HeaderMap, StatusCode, Uri};

use crate::Door;
use crate::client;
use crate::error::{Error, Scheme};
use crate::form::{Form, has_credentials};
use crate::reply;
use crate::site::Site;
use crate::wire::{ErrorBody, OldTokenAnswer, TokenAnswer, TokenForm};

/// Get an access token
///
/// For an application's ID and secret (in the form or with HTTP Basic), or for an assertion that it has signed. Tokens that
/// were given before stay good. Wrong credentials in the form are answered with 400, with Basic with 401; after five failures
/// of the same ID and secret the pair is told to wait for ten minutes.
#[utoipa::path(
    post, path = "/connect/token", tag = "Tokens",
    request_body(content(
        (TokenForm = "application/x-www-form-urlencoded"), (TokenForm = "multipart/form-data")
    )),
    responses(
        (status = 200, description = "The token", body = TokenAnswer),
        (status = 400, description = "Wrong credentials, or a request that cannot be granted", body = ErrorBody),
        (status = 401, description = "Wrong credentials with HTTP Basic", body = ErrorBody),
        (status = 408, description = "The body did not come in time", body = ErrorBody),
        (status = 413, description = "The body is longer than 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is no form", body = ErrorBody),
        (status = 421, description = "The request leads to no site", body = ErrorBody),
        (status = 429, description = "This ID and secret have failed too often; `Retry-After` says when to try again", body = ErrorBody),
        (status = 503, description = "Too much to do, or the store cannot be used; `Retry-After` says when to try again", body = ErrorBody)
    ),
    security((), ("client" = []))
)]
pub(crate) async fn issue(
    State(door): State<Door>,
    site: Site,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Error> {
    let token = grant(&door, &site, &uri, &headers, body).await?;
    Ok(answer(&token))
}

/// Get an access token at the path of a product
///
/// The same as `/connect/token`: SDKs of products ask under the path of their own.
#[utoipa::path(
    post, path = "/{version}/{product}/connect/token", tag = "Tokens",
    params(
        ("version" = String, Path, description = "Version of the product's calls", example = "v4.0"),
        ("product" = String, Path, description = "Any product", example = "words")
    ),
    request_body(content(
        (TokenForm = "application/x-www-form-urlencoded"), (TokenForm = "multipart/form-data")
    )),
    responses(
        (status = 200, description = "The token", body = TokenAnswer),
        (status = 400, description = "Wrong credentials, or a request that cannot be granted", body = ErrorBody),
        (status = 401, description = "Wrong credentials with HTTP Basic", body = ErrorBody),
        (status = 404, description = "The version is not one like v4.0", body = ErrorBody),
        (status = 429, description = "This ID and secret have failed too often", body = ErrorBody)
    ),
    security((), ("client" = []))
)]
pub(crate) async fn issue_for_product(
    State(door): State<Door>,
    Path((version, product)): Path<(String, String)>,
    site: Site,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Error> {
    if !is_version(&version) || !is_product(&product) {
        return Err(Error::Route);
    }
    let token = grant(&door, &site, &uri, &headers, body).await?;
    Ok(answer(&token))
}

/// Get an access token at the retired path
///
/// Older SDKs ask here, and demand the additional members of the answer. `countersign app set` can switch the path off for
/// an application.
#[utoipa::path(
    post, path = "/oauth2/token", tag = "Tokens",
    request_body(content(
        (TokenForm = "application/x-www-form-urlencoded"), (TokenForm = "multipart/form-data")
    )),
    responses(
        (status = 200, description = "The token", body = OldTokenAnswer),
        (status = 400, description = "Wrong credentials, or a request that cannot be granted", body = ErrorBody),
        (status = 401, description = "Wrong credentials with HTTP Basic", body = ErrorBody),
        (status = 429, description = "This ID and secret have failed too often", body = ErrorBody)
    ),
    security((), ("client" = []))
)]
pub(crate) async fn issue_at_old_path(
    State(door): State<Door>,
    site: Site,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Error> {
    let (client, request) = prove(&door, &site, &uri, &headers, body).await?;
    if !client.may_use_oauth2_path() {
        return Err(Error::OldPath);
    }
    let token = oauth::issue(&door.ctx, &client, &request).await?;
    log(&client, &token);
    let expires = token.issued_at.as_seconds().saturating_add(i64::from(token.expires_in));
    Ok(reply::private_json(
        StatusCode::OK,
        OldTokenAnswer {
            access_token: token.access_token.expose(),
            token_type: "bearer",
            expires_in: token.expires_in,
            refresh_token: "",
            client_id: client.client_id().as_str(),
            refresh_token_life: "0",
            issued: http_date(token.issued_at),
            expires: http_date(Timestamp::from_seconds(expires)),
        },
    ))
}

async fn grant(door: &Door, site: &Site, uri: &Uri, headers: &HeaderMap, body: Body) -> Result<IssuedToken, Error> {
    let (client, request) = prove(door, site, uri, headers, body).await?;
    let token = oauth::issue(&door.ctx, &client, &request).await?;
    log(&client, &token);
    Ok(token)
}

/// Who asks, and for what.
async fn prove(
    door: &Door,
    site: &Site,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<(AuthenticatedClient, TokenRequest), Error> {
    let form = Form::receive(headers, body).await?;
    if has_credentials(uri.query()) {
        return Err(Error::CredentialsInQuery);
    }
    check_grant(&form)?;
    let (proof, scheme) = client::proof(headers, &form, Scheme::Body)?;
    let client = oauth::authenticate_client(&door.ctx, &site.snapshot, proof, site.client).await;
    let client = client.map_err(|error| Error::Client(error, scheme))?;
    let resources = form.all("resource").map(str::to_owned).collect();
    Ok((client, TokenRequest { scope: form.get("scope").map(str::to_owned), resources }))
}

fn check_grant(form: &Form) -> Result<(), Error> {
    match form.get("grant_type") {
        None => Err(Error::MissingParameter("grant_type")),
        Some("client_credentials") => Ok(()),
        // One SDK sends this without a token that it never got.
        Some("refresh_token") if form.get("refresh_token").is_none() => Err(Error::MissingParameter("refresh_token")),
        Some(_) => Err(Error::Grant),
    }
}

/// Tokens and secrets are never logged; their names are.
fn log(client: &AuthenticatedClient, token: &IssuedToken) {
    tracing::debug!(
        client.id = client.client_id().as_str(),
        credential.id = %client.credential(),
        token.id = token.id,
        "a token was issued"
    );
}

fn answer(token: &IssuedToken) -> Response {
    reply::private_json(
        StatusCode::OK,
        TokenAnswer {
            access_token: token.access_token.expose(),
            token_type: "Bearer",
            expires_in: token.expires_in,
            scope: token.scopes.to_string(),
        },
    )
}

fn http_date(time: Timestamp) -> String {
    let value = HttpTime::from_unix_seconds(time.as_seconds()).header_value();
    value.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// `v` and two numbers with a dot between them.
pub(crate) fn is_version(text: &str) -> bool {
    let digits = |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = text.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    numbers.is_some_and(|(major, minor)| digits(major) && digits(minor))
}

/// Lower-case letters and digits.
pub(crate) fn is_product(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}
