//! The login: user name and password in, a token for an hour out, in every place where a client may look for it.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_app::users::{self, Credentials, SESSION_SECONDS};
use countersign_http_kit::body::read_whole;
use countersign_http_kit::security_headers;
use http::header::{ACCEPT, ALLOW, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::credentials::Login;
use crate::error::Error;
use crate::site::Site;
use crate::wire::{ErrorBody, TokenAnswer};
use crate::{AUDIENCE, Door, credentials, reply};

/// Log in
///
/// Send user name and password with the scheme `Basic` or `Fno`. The token is good for 60 minutes; send it as
/// `Authorization: Bearer` with the other calls. It stands in the body, in several members because clients look for it under
/// different names, and in the header `Authorization` of the answer. Who prefers `text/plain` gets the bare token.
#[utoipa::path(
    post, path = "/notifications/api/v1/authenticate", tag = "Login",
    responses(
        (status = 200, description = "The token", content(
            (TokenAnswer = "application/json"), (String = "text/plain")
        )),
        (status = 400, description = "Several Authorization headers, or one that is too long", body = ErrorBody),
        (status = 401, description = "User name and password are missing or wrong", body = ErrorBody),
        (status = 413, description = "The body, which is ignored, is too long", body = ErrorBody),
        (status = 421, description = "The request leads to no site", body = ErrorBody),
        (status = 429, description = "Too many failures under this name; `Retry-After` says when to try again", body = ErrorBody),
        (status = 503, description = "Too much to do, or the store cannot be used", body = ErrorBody)
    ),
    security(("password" = []))
)]
pub(crate) async fn authenticate(
    State(door): State<Door>,
    site: Site,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Error> {
    // Some clients send one; there is nothing in it for us.
    read_whole(body, BODY_LIMIT).await?;
    let Login { username, password } = credentials::read(&headers)?;
    let credentials = Credentials::Password { username, password };
    let operator = users::login_from(&door.ctx, site.snapshot.site(), credentials, site.client).await?;
    let session = users::begin_session(&door.ctx, &site.snapshot, &operator, AUDIENCE).await?;
    tracing::debug!(user = operator.user().username.as_str(), token.id = session.id, "a session began");
    let token = session.token.expose();
    let mut response = if prefers_text(&headers) {
        let mut response = token.clone().into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        security_headers::private(response.headers_mut());
        response
    } else {
        let mut further = BTreeMap::new();
        further.extend(door.ctx.token_name().map(|name| (name.as_str(), token.as_str())));
        further.retain(|name, _| !TOKEN_NAMES.contains(name));
        reply::private_json(
            StatusCode::OK,
            TokenAnswer {
                token,
                token_type: "Bearer",
                expires_in: SESSION_SECONDS,
                expires_at: session.expires_at.as_seconds(),
                access_token: token,
                jwt: token,
                further,
            },
        )
    };
    if let Ok(mut value) = HeaderValue::try_from(format!("Bearer {token}")) {
        value.set_sensitive(true);
        response.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(response)
}

/// Ask what the login takes
#[utoipa::path(
    options, path = "/notifications/api/v1/authenticate", tag = "Login",
    responses((status = 204, description = "`Allow` lists the methods"))
)]
pub(crate) async fn options() -> Response {
    (StatusCode::NO_CONTENT, [(ALLOW, HeaderValue::from_static("POST, OPTIONS"))]).into_response()
}

/// Whether a caller would rather have text than JSON (RFC 9110 section 12.5.1).
fn prefers_text(headers: &HeaderMap) -> bool {
    let ranges = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    let ranges: Vec<(String, f32)> = ranges.take(ACCEPTED).filter_map(range).collect();
    // The most specific range decides.
    let quality = |names: &[&str]| {
        let found = names.iter().find_map(|name| ranges.iter().find(|(range, _)| range == name));
        found.map_or(0.0, |(_, quality)| *quality)
    };
    quality(&["text/plain", "text/*"]) > quality(&["application/json", "application/*", "*/*"])
}

fn range(text: &str) -> Option<(String, f32)> {
    let mut parts = text.split(';');
    let name = parts.next()?.trim().to_ascii_lowercase();
    let quality = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok());
    Some((name, quality.unwrap_or(1.0)))
}

/// Members that hold the token anyway.
const TOKEN_NAMES: [&str; 3] = ["token", "access_token", "jwt"];
/// Longest body that is read and ignored, in bytes.
const BODY_LIMIT: usize = 4096;
/// Media ranges of `Accept` that are looked at.
const ACCEPTED: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_given_to_those_who_prefer_it() {
        let prefers =
            |accept: &'static str| prefers_text(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]));
        assert!(!prefers_text(&HeaderMap::new()));
        for accept in
            ["text/plain", "Text/Plain", "text/*", "text/plain, */*;q=0.5", "application/json;q=0.8, text/plain"]
        {
            assert!(prefers(accept), "{accept}");
        }
        for accept in [
            "*/*",
            "application/json",
            "application/json, text/plain, */*",
            "text/plain;q=0.1, application/json",
            "text/html",
            "",
            "text/plain;q=0",
        ] {
            assert!(!prefers(accept), "{accept}");
        }
    }
}
