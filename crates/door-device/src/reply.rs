//! The two forms of success: "poll there", and a signed answer.

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use countersign_app::sites::SiteSnapshot;
use countersign_app::{Ctx, answers};
use countersign_http_kit::security_headers;
use countersign_http_kit::site_prefix::SitePrefix;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::error::Error;
use crate::wire::Accepted;

/// Seconds after which a device is to poll again, when the signer was busy.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// 202 with the URL to poll: a path from the root of the host, so that a device behind a proxy stays on that host.
pub(crate) fn accepted(prefix: &SitePrefix, path: &str, polling_id: &str) -> Response {
    let body = Accepted { url: prefix.join(&format!("{path}/{polling_id}")) };
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    security_headers::private(response.headers_mut());
    response
}

/// 200 with the payload as a flattened JWS, or what `later` says when the signer is too busy to make it now.
///
/// # Errors
/// [`Error`] when there is no signature: a payload never leaves without one.
pub(crate) async fn signed<T: Serialize>(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    payload: &T,
    later: impl FnOnce() -> Response,
) -> Result<Response, Error> {
    let bytes = serde_json::to_vec(payload).map_err(Error::Serialize)?;
    let answer = match answers::sign(ctx, site, &bytes).await {
        Ok(answer) => answer,
        Err(answers::SignAnswerError::Busy) => {
            let mut response = later();
            response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
            return Ok(response);
        }
        Err(error) => return Err(error.into()),
    };
    let mut response = answer.to_json().into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    security_headers::private(response.headers_mut());
    Ok(response)
}
