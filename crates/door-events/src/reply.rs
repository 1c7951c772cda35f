//! Answers, and the one shape of errors: that of the vendor's other services, so that one type of a client fits both.

use axum::Json;
use axum::response::{IntoResponse, Response};
use countersign_http_kit::current_request::CurrentRequest;
use countersign_http_kit::security_headers;
use http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use crate::error::Error;
use crate::wire::ErrorBody;

/// A JSON body that is for this caller alone.
pub(crate) fn private_json(status: StatusCode, body: impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    security_headers::private(response.headers_mut());
    response
}

/// A JSON body that everybody may keep for some minutes.
pub(crate) fn public_json(body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    security_headers::no_sniff(headers);
    response
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let look = self.look();
        if look.status.is_server_error() {
            let error: &dyn std::error::Error = &self;
            tracing::error!(error, key = look.key, "an events request failed");
        } else {
            tracing::info!(reason = %self, key = look.key, "an events request was refused");
        }
        let request_id = CurrentRequest::get().map(|request| request.id().to_owned()).unwrap_or_default();
        let body = ErrorBody { key: look.key, message: look.text, arguments: look.place, request_id };
        let mut response = private_json(look.status, body);
        let headers = response.headers_mut();
        if let Some(seconds) = self.wait() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if look.status == StatusCode::UNAUTHORIZED {
            challenge(headers, &self);
        }
        response
    }
}

/// Says how to prove oneself (RFC 9110 section 11.6.1): one line for each scheme, because some clients read only the first.
fn challenge(headers: &mut HeaderMap, error: &Error) {
    let is_login = matches!(error, Error::BeginSession(_) | Error::Credentials(_) | Error::Login(_));
    let lines: &[&str] = if is_login {
        &["Basic realm=\"notifications\", charset=\"UTF-8\"", "Fno realm=\"notifications\""]
    } else if matches!(error, Error::NoToken) {
        &["Bearer realm=\"notifications\""]
    } else {
        &["Bearer realm=\"notifications\", error=\"invalid_token\""]
    };
    for line in lines {
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(line));
    }
}
