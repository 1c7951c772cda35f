//! The forms of success: "poll there", and the answer itself.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use countersign_app::polling::Endpoint;
use countersign_app::updates::Polled;
use countersign_app::{Ctx, answers};
use countersign_http_kit::security_headers;
use countersign_http_kit::site_prefix::SitePrefix;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::error::Error;
use crate::wire::Accepted;

/// Seconds after which a device is to poll again when the signer was busy, for the first ten seconds from its POST.
const SOON: HeaderValue = HeaderValue::from_static("1");
/// The same, later.
const LATER: HeaderValue = HeaderValue::from_static("5");
/// How long a device is asked to come again soon.
const PATIENCE: Duration = Duration::from_secs(10);

/// 202 with the URL to poll: a path from the root of the host, so that a device behind a proxy stays on that host.
pub(crate) fn accepted(prefix: &SitePrefix, path: &str, polling_id: &str) -> Response {
    let body = Accepted { url: prefix.join(&format!("{path}/{polling_id}")) };
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    security_headers::private(response.headers_mut());
    response
}

/// 200 with the payload: as it is, or as a flattened JWS where the call is a signed one. What `later` says when the
/// signer is too busy now.
///
/// # Errors
/// [`Error`] when a signed call has no signature: its payload never leaves without one.
pub(crate) async fn ready<A, T: Serialize>(
    ctx: &Ctx,
    polled: &Polled<A>,
    endpoint: Endpoint,
    payload: &T,
    later: impl FnOnce() -> Response,
) -> Result<Response, Error> {
    if !endpoint.is_signed() {
        return unsigned(payload);
    }
    let bytes = serde_json::to_vec(payload).map_err(Error::Serialize)?;
    match answers::sign(ctx, &polled.snapshot, &bytes).await {
        Ok(answer) => Ok(json(answer.to_json().into_bytes())),
        Err(answers::SignAnswerError::Busy) => {
            let mut response = later();
            let waited_long = ctx.now() >= polled.asked_at.plus(PATIENCE);
            response.headers_mut().insert(RETRY_AFTER, if waited_long { LATER } else { SOON });
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// 200 with a payload as it is.
///
/// # Errors
/// [`Error`] when it cannot be written as JSON.
pub(crate) fn unsigned<T: Serialize>(payload: &T) -> Result<Response, Error> {
    Ok(json(serde_json::to_vec(payload).map_err(Error::Serialize)?))
}

fn json(bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    security_headers::private(response.headers_mut());
    response
}
