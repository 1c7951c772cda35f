//! What requests consist of beside their proof: members of a query, or of a body, and fallbacks for paths and methods.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use countersign_http_kit::body::{JSON_BODY_LIMIT, read_whole};
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::Door;
use crate::auth::Proved;
use crate::codes::Code;
use crate::error::Error;
use crate::members::Members;

/// A proved caller with the members of its query.
pub(crate) struct Asked {
    pub(crate) proved: Proved,
    pub(crate) members: Members,
}

/// A proved caller with the members of its body, and what a repetition is known by.
pub(crate) struct Told {
    pub(crate) proved: Proved,
    pub(crate) members: Members,
    /// The body as it was sent.
    pub(crate) body: Bytes,
    /// The `Idempotency-Key`, if there is one.
    pub(crate) key: Option<String>,
}

impl FromRequest<Door> for Asked {
    type Rejection = Error;

    async fn from_request(request: Request, door: &Door) -> Result<Self, Error> {
        let (mut parts, _) = request.into_parts();
        let proved = <Proved as axum::extract::FromRequestParts<Door>>::from_request_parts(&mut parts, door).await?;
        let members = Members::from_query(parts.uri.query().unwrap_or_default())?;
        Ok(Self { proved, members })
    }
}

impl FromRequest<Door> for Told {
    type Rejection = Error;

    async fn from_request(request: Request, door: &Door) -> Result<Self, Error> {
        let (mut parts, body) = request.into_parts();
        let proved = <Proved as axum::extract::FromRequestParts<Door>>::from_request_parts(&mut parts, door).await?;
        ensure_json(&parts.headers)?;
        let key = idempotency_key(&parts.headers)?;
        let body = read_whole(body, JSON_BODY_LIMIT).await?;
        let members = Members::from_body(&body)?;
        Ok(Self { proved, members, body, key })
    }
}

/// A body may say nothing about itself, or that it is text; one that says it is a form is none that this door reads.
fn ensure_json(headers: &HeaderMap) -> Result<(), Error> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let media_type =
        value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fits = media_type.is_empty() || media_type == "text/plain" || media_type.ends_with("json");
    if fits { Ok(()) } else { Err(Code::UnsupportedMediaType.into()) }
}

/// The key under which an answer is kept for repetitions.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let mut lines = headers.get_all("idempotency-key").iter();
    let (line, more) = (lines.next(), lines.next());
    let Some(line) = line else { return Ok(None) };
    let text = line.to_str().ok().filter(|text| more.is_none() && (1..=KEY_LIMIT).contains(&text.len()));
    let refused = || {
        Error::told(Code::ValidationError, format!("Idempotency-Key must be given once, in 1 to {KEY_LIMIT} bytes."))
    };
    text.map(|text| Some(text.to_owned())).ok_or_else(refused)
}

/// Longest `Idempotency-Key`, in bytes.
const KEY_LIMIT: usize = countersign_app::license_api::IDEMPOTENCY_KEY_LIMIT;

/// Answers a path that this door does not have.
pub(crate) async fn no_route() -> Error {
    Error::Route
}

/// Answers a method that a path of this door does not take.
pub(crate) async fn method_not_allowed() -> Error {
    Error::Method
}
