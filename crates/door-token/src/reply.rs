//! Answers, and the one shape of errors that all readers of this door understand.

use axum::Json;
use axum::response::{IntoResponse, Response};
use countersign_app::oauth::BearerError;
use countersign_http_kit::current_request::CurrentRequest;
use countersign_http_kit::security_headers;
use http::header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use crate::error::{Error, Scheme};
use crate::wire::{ErrorBody, ErrorDetails};

/// A JSON body that is for this caller alone (RFC 6749 section 5.1 demands both headers).
pub(crate) fn private_json(status: StatusCode, body: impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    security_headers::private(response.headers_mut());
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// A JSON body that everybody may keep for some minutes.
pub(crate) fn public_json(content_type: &'static str, body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    // Programs in browsers verify tokens as well, and there is nothing to hide.
    headers.insert(http::header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    security_headers::no_sniff(headers);
    response
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let look = self.look();
        let error: &dyn std::error::Error = &self;
        if self.is_limit() {
            tracing::warn!(error, code = look.code, "a token request met a limit");
        } else if look.status.is_server_error() {
            tracing::error!(error, code = look.code, "a token request failed");
        } else {
            tracing::info!(reason = %self, code = look.code, "a token request was refused");
        }
        let details = ErrorDetails { code: look.code, message: look.text.clone() };
        let request_id = CurrentRequest::get().map(|request| request.id().to_owned()).unwrap_or_default();
        let body = ErrorBody { error: look.code, error_description: look.text.clone(), request_id, details };
        let mut response = private_json(look.status, body);
        let headers = response.headers_mut();
        if let Some(seconds) = self.wait() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        challenge(headers, &self, look.status, look.code, &look.text);
        response
    }
}

/// Says how to prove oneself: for clients RFC 6749 section 5.2, for tokens RFC 6750 section 3.
fn challenge(headers: &mut HeaderMap, error: &Error, status: StatusCode, code: &str, text: &str) {
    let mut add = |value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.append(WWW_AUTHENTICATE, value);
        }
    };
    let is_refusal = status == StatusCode::UNAUTHORIZED;
    if let Error::Bearer(BearerError::Missing) = error {
        add(format!("Bearer {REALM}"));
    } else if matches!(error, Error::TwoTokens) || is_refusal && matches!(error, Error::Bearer(_)) {
        add(format!("Bearer {REALM}, error=\"{code}\", error_description=\"{text}\""));
    } else if let Error::Scope(scope) = error {
        add(format!("Bearer {REALM}, error=\"{code}\", scope=\"{scope}\""));
    } else if let Error::Client(_, scheme) | Error::NoCredentials(scheme) = error
        && is_refusal
    {
        add(format!("Basic {REALM}"));
        if *scheme == Scheme::Protected {
            add(format!("Bearer {REALM}"));
        }
    }
}

const REALM: &str = "realm=\"api\"";
