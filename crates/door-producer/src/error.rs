//! Every error of this door: cause, status and public text, in one exhaustive table.

use axum::Json;
use axum::response::{IntoResponse, Response};
use countersign_app::Fault;
use countersign_app::keys::{KeyUploadError, SigningKeyError};
use countersign_app::sites::NoSite;
use countersign_app::users::LoginError;
use countersign_http_kit::body::BodyError;
use countersign_http_kit::security_headers;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::wire::KeyAnswer;

/// Why a request to this door has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body could not be read.
    #[error("the body was not read")]
    Body(#[from] BodyError),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The role does not allow this.
    #[error("the role does not allow this")]
    Forbidden,
    /// The login was refused.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The body is not the JSON object that this call takes.
    #[error("the body is not the expected JSON object")]
    Malformed(#[source] serde_json::Error),
    /// The path exists, the method does not.
    #[error("the method is not allowed here")]
    Method,
    /// There are no credentials.
    #[error("the request has no credentials")]
    NoCredentials,
    /// The request has no site.
    #[error(transparent)]
    NoSite(NoSite),
    /// No signing key could be made.
    #[error(transparent)]
    SigningKey(#[from] SigningKeyError),
    /// The key was not taken.
    #[error(transparent)]
    Upload(#[from] KeyUploadError),
}

impl Error {
    /// Status, and the text for the caller.
    fn answer(&self) -> (StatusCode, String) {
        const LATER: &str = "The server cannot answer now. Try again later.";
        match self {
            Self::Body(BodyError::TooLarge { limit }) => {
                (StatusCode::PAYLOAD_TOO_LARGE, format!("The body is longer than {limit} bytes."))
            }
            Self::Body(BodyError::TimedOut { .. }) => {
                (StatusCode::REQUEST_TIMEOUT, "The body did not come in time.".to_owned())
            }
            Self::Body(BodyError::Broken(_)) => (StatusCode::BAD_REQUEST, "The body broke off.".to_owned()),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "Your role does not allow this. It needs the role publisher or admin.".to_owned(),
            ),
            Self::Login(LoginError::Refused) | Self::NoCredentials => {
                let text = "Log in with a user name and password, or an access token, of this site.";
                (StatusCode::UNAUTHORIZED, text.to_owned())
            }
            Self::Login(LoginError::TooMany) => {
                (StatusCode::TOO_MANY_REQUESTS, "Too many logins at once. Try again in a moment.".to_owned())
            }
            Self::Malformed(error) => {
                let place = format!("line {}, column {}", error.line(), error.column());
                (StatusCode::BAD_REQUEST, format!("Send a JSON object with the member publicKey ({place})."))
            }
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "This path does not take this method.".to_owned()),
            Self::NoSite(NoSite::BadHost) => {
                (StatusCode::BAD_REQUEST, "The request must name exactly one host.".to_owned())
            }
            Self::NoSite(NoSite::Unknown) => {
                (StatusCode::MISDIRECTED_REQUEST, "Neither this host nor this path leads to a site.".to_owned())
            }
            Self::Upload(KeyUploadError::Malformed(error)) => (StatusCode::BAD_REQUEST, sentence(&error.to_string())),
            Self::Upload(error @ KeyUploadError::TooSmall { .. }) => {
                (StatusCode::BAD_REQUEST, sentence(&error.to_string()))
            }
            Self::SigningKey(SigningKeyError::Generate(_)) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "No key pair could be made.".to_owned())
            }
            Self::Fault(_)
            | Self::NoSite(NoSite::Unavailable)
            | Self::Login(LoginError::Fault(_))
            | Self::SigningKey(SigningKeyError::Fault(_))
            | Self::Upload(KeyUploadError::Fault(_)) => (StatusCode::SERVICE_UNAVAILABLE, LATER.to_owned()),
        }
    }
}

/// A reason as a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, error_message) = self.answer();
        if status.is_server_error() {
            let error: &dyn std::error::Error = &self;
            tracing::error!(error, "a producer request failed");
        } else {
            tracing::info!(reason = %self, "a producer request was refused");
        }
        let mut response = (status, Json(KeyAnswer { public_key: String::new(), error_message })).into_response();
        let headers = response.headers_mut();
        security_headers::private(headers);
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110 section 11.6.1; one line for each scheme, because some clients read only the first.
            headers
                .append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"countersign\", charset=\"UTF-8\""));
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"countersign\""));
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

/// Answers a method that a path of this door does not take.
pub(crate) async fn method_not_allowed() -> Error {
    Error::Method
}
