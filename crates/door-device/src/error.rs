//! Every error of this door: cause, status, key and public text, in one exhaustive table.

use axum::Json;
use axum::response::{IntoResponse, Response};
use countersign_app::Fault;
use countersign_app::answers::SignAnswerError;
use countersign_app::devices::TokenRefusal;
use countersign_app::downloads::DownloadRefusal;
use countersign_app::polling::{Endpoint, PollError, Problem};
use countersign_app::sites::NoSite;
use countersign_domain::catalog::matching::ManifestRefusal;
use countersign_domain::licensing::ActivationRefusal;
use countersign_http_kit::body::BodyError;
use countersign_http_kit::security_headers;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::wire::ErrorObject;

/// Why a request to this door has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body could not be read.
    #[error("the body was not read")]
    Body(#[from] BodyError),
    /// A download URL that is not honored.
    #[error(transparent)]
    Download(#[from] DownloadRefusal),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The manifest cannot be given.
    #[error("the manifest is not given: {1}")]
    Manifest(Endpoint, ManifestRefusal, String),
    /// The question about a manifest cannot be understood.
    #[error("a question about a manifest has a fault")]
    ManifestProblem(Endpoint, Problem),
    /// The path exists, the method does not.
    #[error("the method is not allowed here")]
    Method,
    /// The request has no site.
    #[error(transparent)]
    NoSite(NoSite),
    /// The body is not a JSON object.
    #[error("the body is not a JSON object")]
    NotAnObject(#[from] serde_json::Error),
    /// The polling ID has no answer.
    #[error(transparent)]
    Poll(#[from] PollError),
    /// No such path.
    #[error("there is no such path")]
    Route,
    /// The answer could not be written as JSON.
    #[error("the answer could not be written")]
    Serialize(#[source] serde_json::Error),
    /// The answer could not be signed.
    #[error(transparent)]
    Sign(#[from] SignAnswerError),
    /// The device tells too much.
    #[error("the device tells too much")]
    TooMany {
        /// How long it is to wait, in seconds.
        seconds: u32,
    },
    /// Too many tokens of this address were refused.
    #[error("too many tokens of this address were refused")]
    TooManyRefused {
        /// How long it is to wait, in seconds.
        seconds: u32,
    },
}

impl Error {
    /// Status, and the body that goes with it.
    fn answer(&self) -> (StatusCode, ErrorObject) {
        match self {
            Self::Body(BodyError::TooLarge { limit }) => {
                let object =
                    ErrorObject::new("request.tooLarge", "The body is longer than this server accepts (bytes).");
                (StatusCode::PAYLOAD_TOO_LARGE, object.with(limit.to_string()))
            }
            Self::Body(BodyError::TimedOut { .. }) => {
                (StatusCode::REQUEST_TIMEOUT, ErrorObject::new("request.timeout", "The body did not come in time."))
            }
            Self::Body(BodyError::Broken(_)) => {
                (StatusCode::BAD_REQUEST, ErrorObject::new("request.malformed", "The body broke off."))
            }
            Self::Download(DownloadRefusal::Unknown) => (
                StatusCode::NOT_FOUND,
                ErrorObject::new("download.unknown", "This download URL is not valid. Ask for the manifest again."),
            ),
            Self::Download(DownloadRefusal::Expired) => (
                StatusCode::GONE,
                ErrorObject::new("download.expired", "This download URL has expired. Ask for the manifest again."),
            ),
            Self::Manifest(endpoint, ManifestRefusal::Unknown, uuid) => {
                let object = ErrorObject::new("manifest.uuid.unknown", "No update has this manifest.");
                (no_manifest(*endpoint), object.with(uuid.clone()))
            }
            Self::Manifest(endpoint, ManifestRefusal::Withdrawn, uuid) => {
                let object =
                    ErrorObject::new("update.withdrawn", "The update of this manifest is not offered any more.");
                (no_manifest(*endpoint), object.with(uuid.clone()))
            }
            Self::ManifestProblem(endpoint, problem) => (no_manifest(*endpoint), ErrorObject::from(problem)),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                ErrorObject::new("request.method", "This path does not take this method."),
            ),
            Self::NotAnObject(error) => {
                let object = ErrorObject::new("request.malformed", "The body must be one JSON object.");
                let place = format!("line {}, column {}", error.line(), error.column());
                (StatusCode::BAD_REQUEST, object.with(place))
            }
            Self::Poll(PollError::Expired) => (
                StatusCode::GONE,
                ErrorObject::new("polling.id.expired", "This polling ID is too old. Send the question again."),
            ),
            Self::Poll(PollError::Unknown) => (
                StatusCode::GONE,
                ErrorObject::new(
                    "polling.id.unknown",
                    "No answer is held for this polling ID. Send the question again.",
                ),
            ),
            Self::Poll(PollError::Refused(refusal)) => (StatusCode::UNAUTHORIZED, refused(*refusal)),
            Self::Route => (StatusCode::NOT_FOUND, ErrorObject::new("request.path", "There is nothing at this path.")),
            Self::NoSite(NoSite::BadHost) => {
                let text = "The request must name exactly one host.";
                (StatusCode::BAD_REQUEST, ErrorObject::new("request.host", text))
            }
            Self::NoSite(NoSite::Unavailable) => unavailable(),
            Self::NoSite(NoSite::Unknown) => {
                let text = "Neither this host nor this path leads to a site. Use the site's host name, or the path prefix /t/{site}.";
                (StatusCode::MISDIRECTED_REQUEST, ErrorObject::new("site.unknown", text))
            }
            Self::Sign(SignAnswerError::NoKey) => {
                let text = "The producer has not created a signing key yet.";
                (StatusCode::NOT_FOUND, ErrorObject::new("signing.key.missing", text))
            }
            Self::Sign(SignAnswerError::Busy) => unavailable(),
            Self::Sign(SignAnswerError::Fault(_)) | Self::Serialize(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                ErrorObject::new("internal.error", "The answer could not be signed."),
            ),
            Self::TooMany { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                ErrorObject::new("event.rate", "The device has logged too many events. Send this one again later."),
            ),
            Self::TooManyRefused { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                ErrorObject::new(
                    "auth.rate",
                    "Too many requests from this address had no valid token. Come again later.",
                ),
            ),
            Self::Download(DownloadRefusal::Fault(_)) | Self::Fault(_) | Self::Poll(PollError::Fault(_)) => {
                unavailable()
            }
        }
    }
}

/// "No such manifest" in the words of each family: 404 is published for the signed calls only, 410 for the others.
fn no_manifest(endpoint: Endpoint) -> StatusCode {
    if endpoint.is_signed() { StatusCode::NOT_FOUND } else { StatusCode::GONE }
}

fn unavailable() -> (StatusCode, ErrorObject) {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        ErrorObject::new("internal.error", "The server cannot answer now. Try again later."),
    )
}

fn refused(refusal: TokenRefusal) -> ErrorObject {
    match refusal {
        TokenRefusal::Missing => {
            ErrorObject::new("auth.token.missing", "The request has no bearer token in its Authorization header.")
        }
        TokenRefusal::NoKey => {
            ErrorObject::new("auth.key.missing", "The producer has not uploaded a key that could check this token.")
        }
        TokenRefusal::Malformed => {
            ErrorObject::new("auth.token.malformed", "The token is not a JWT signed with RS256.")
        }
        TokenRefusal::Signature => {
            ErrorObject::new("auth.token.signature", "The token was not signed with an active key of this site.")
        }
        TokenRefusal::Expired => {
            ErrorObject::new("auth.token.expired", "The token has expired, has no expiry, or is not valid yet.")
        }
    }
}

fn refused_activation(refusal: ActivationRefusal) -> ErrorObject {
    match refusal {
        ActivationRefusal::Obsolete => {
            ErrorObject::new("device.obsolete", "The producer has taken this device out of use.")
        }
        ActivationRefusal::OtherAccount => {
            ErrorObject::new("device.account.conflict", "The device belongs to another account than the license.")
        }
        ActivationRefusal::Disabled => ErrorObject::new("activation.disabled", "The license is disabled."),
        ActivationRefusal::NotStarted => ErrorObject::new("activation.notStarted", "The license is not valid yet."),
        ActivationRefusal::Expired => ErrorObject::new("activation.expired", "The license has expired."),
        ActivationRefusal::Exhausted => {
            let text = "The license is activated on as many devices as it allows. Release one, or use another license.";
            ErrorObject::new("activation.exhausted", text)
        }
        ActivationRefusal::TransferLimit => {
            let text = "The license has moved to another device as often as it may.";
            ErrorObject::new("activation.transferLimit", text)
        }
        ActivationRefusal::VirtualMachine => {
            ErrorObject::new("activation.virtualMachine", "The license does not work on virtual machines.")
        }
    }
}

impl From<&Problem> for ErrorObject {
    fn from(problem: &Problem) -> Self {
        match problem {
            Problem::Activation(refusal) => refused_activation(*refusal),
            Problem::DeviceClass(class) => {
                Self::new("request.deviceClass.invalid", "The device class is none of client, served, server.")
                    .with(class.clone())
            }
            Problem::Malformed(member) => {
                Self::new("request.malformed", "A member has the wrong type or is too long.").with(member.clone())
            }
            Problem::Missing(member) => {
                Self::new("request.field.missing", "A member that is needed is not given.").with(member.clone())
            }
            Problem::NotRegistrable => {
                Self::new("device.class.notRegistrable", "Only standalone devices register themselves.")
            }
            Problem::TooLong(member) => {
                Self::new("event.name.invalid", "The name is longer than 255 characters.").with(member.clone())
            }
            Problem::UnknownActivation => Self::new("activation.unknown", "No license has this activation ID."),
            Problem::UnknownDevice(id) => {
                Self::new("device.unknown", "The device is not registered, or not in use any more.").with(id.clone())
            }
            Problem::UnknownUpdate(id) => Self::new("update.unknown", "The update is not known.").with(id.clone()),
            Problem::UnknownPackage(package) => {
                Self::new("package.unknown", "The installed package is not known.").with(package.to_string())
            }
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, object) = self.answer();
        if status.is_server_error() {
            let error: &dyn std::error::Error = &self;
            tracing::error!(error, key = object.key(), "a device request failed");
        } else {
            tracing::debug!(reason = %self, key = object.key(), "a device request was refused");
        }
        let mut response = (status, Json(object)).into_response();
        security_headers::private(response.headers_mut());
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110 section 11.6.1 demands it, and some clients fail without it.
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"countersign\""));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        if let Self::TooMany { seconds } | Self::TooManyRefused { seconds } = self {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Answers a method that a path of this door does not take.
pub(crate) async fn method_not_allowed() -> Error {
    Error::Method
}
