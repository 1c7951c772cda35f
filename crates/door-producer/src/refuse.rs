//! How errors are answered: in the shape of the resources, or in that of the key answers.

use axum::response::{IntoResponse, Response};
use countersign_app::users::LoginError;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::error::Error;
use crate::reply;
use crate::wire::{ErrorBody, KeyAnswer};

impl Error {
    /// The answer, in the shape of either family of calls.
    fn respond(&self, shape: impl FnOnce(StatusCode, &'static str, String) -> Response) -> Response {
        let (status, key, text) = self.answer();
        if status.is_server_error() {
            let error: &dyn std::error::Error = self;
            tracing::error!(error, key, "a producer request failed");
        } else {
            tracing::info!(reason = %self, key, "a producer request was refused");
        }
        let mut response = shape(status, key, text);
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110 section 11.6.1; one line for each scheme, because some clients read only the first.
            headers
                .append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"countersign\", charset=\"UTF-8\""));
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"countersign\""));
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        if let Self::Login(LoginError::Limited { seconds }) = self {
            headers.insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        response
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.respond(|status, key, error_message| reply::json(status, ErrorBody { key, error_message }))
    }
}

/// An error of a key call: the same table, in the shape of the key answers.
pub(crate) struct KeyCallError(Error);

impl<E: Into<Error>> From<E> for KeyCallError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for KeyCallError {
    fn into_response(self) -> Response {
        let shape =
            |status, _, error_message| reply::json(status, KeyAnswer { public_key: String::new(), error_message });
        self.0.respond(shape)
    }
}

/// Answers a method that a path of this door does not take.
pub(crate) async fn method_not_allowed() -> Error {
    Error::Method
}

/// Answers a method that a key call does not take.
pub(crate) async fn key_method_not_allowed() -> KeyCallError {
    Error::Method.into()
}
