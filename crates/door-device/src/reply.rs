//! The forms of success: "poll there", and the answer itself.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use countersign_app::Ctx;
use countersign_app::answers::SignAnswerError;
use countersign_domain::time::Timestamp;
use countersign_http_kit::security_headers;
use countersign_http_kit::site_prefix::SitePrefix;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

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
    let body = Accepted { url: [prefix.0.as_str(), path, "/", polling_id].concat() };
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    security_headers::private(response.headers_mut());
    response
}

/// 200 with the finished answer, or what `later` says when the signer is too busy now.
///
/// # Errors
/// Why the answer could not be finished: the payload of a signed call never leaves without a signature.
pub(crate) fn finished(
    ctx: &Ctx,
    answer: Result<Bytes, Error>,
    asked_at: Timestamp,
    later: impl FnOnce() -> Response,
) -> Result<Response, Error> {
    match answer {
        Ok(bytes) => Ok(ready(bytes)),
        Err(Error::Sign(SignAnswerError::Busy)) => {
            let mut response = later();
            let waited_long = ctx.now() >= asked_at.plus(PATIENCE);
            response.headers_mut().insert(RETRY_AFTER, if waited_long { LATER } else { SOON });
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

/// 200 with a JSON document.
pub(crate) fn ready(bytes: Bytes) -> Response {
    let mut response = bytes.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    security_headers::private(response.headers_mut());
    response
}
