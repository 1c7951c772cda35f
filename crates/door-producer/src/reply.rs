//! Answers that are no errors.

use axum::Json;
use axum::response::{IntoResponse, Response};
use countersign_http_kit::security_headers;
use countersign_http_kit::site_prefix::SitePrefix;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

/// A JSON body that is for this caller alone.
pub(crate) fn json(status: StatusCode, body: impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    security_headers::private(response.headers_mut());
    response
}

/// A JSON body, and where the thing that it shows is found from now on.
pub(crate) fn created(prefix: &SitePrefix, collection: &str, name: &str, body: impl Serialize) -> Response {
    let name = utf8_percent_encode(name, ESCAPED);
    let path = prefix.join(&format!("/flexnet/operations/api/{collection}/{name}"));
    let mut response = json(StatusCode::CREATED, body);
    if let Ok(location) = HeaderValue::try_from(path) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Everything but the unreserved characters of RFC 3986 section 2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
