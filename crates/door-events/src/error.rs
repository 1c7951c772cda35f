//! Every error of this door: cause, status, key and public text, in one exhaustive table.

use countersign_app::Fault;
use countersign_app::sites::NoSite;
use countersign_app::users::{BeginSessionError, LoginError, SessionError, TokenKeyError};
use countersign_http_kit::body::BodyError;
use http::StatusCode;

use crate::credentials::LoginProblem;

/// Why a request to this door has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body could not be read.
    #[error("the body was not read")]
    Body(#[from] BodyError),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// User name and password could not be read.
    #[error(transparent)]
    Credentials(#[from] LoginProblem),
    /// User name and password, or an access token, are wrong.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The path exists, the method does not.
    #[error("the method is not allowed here")]
    Method,
    /// The request has no site.
    #[error(transparent)]
    NoSite(NoSite),
    /// No such path.
    #[error("there is no such path")]
    Route,
    /// No session was given.
    #[error(transparent)]
    BeginSession(#[from] BeginSessionError),
    /// The session lets nobody in.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A parameter of the query cannot be used.
    #[error("the parameter {name} {reason}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// The broken rule.
        reason: &'static str,
    },
    /// There are no events of this type.
    #[error("there are no events of this type")]
    UnknownEventType,
    /// There is no token.
    #[error("there is no token")]
    NoToken,
    /// There are several tokens.
    #[error("there are several Authorization headers")]
    SeveralTokens,
}

/// What an error looks like.
pub(crate) struct Look {
    pub(crate) status: StatusCode,
    pub(crate) key: String,
    pub(crate) text: String,
    /// Where it is wrong.
    pub(crate) place: String,
}

impl Look {
    pub(crate) fn new(status: StatusCode, key: &str, text: &str) -> Self {
        Self { status, key: key.to_owned(), text: text.to_owned(), place: String::new() }
    }
}

impl Error {
    /// A parameter that cannot be used.
    pub(crate) fn parameter(name: &'static str, reason: &'static str) -> Self {
        Self::Parameter { name, reason }
    }

    /// Status, key, the text for the caller, and where it is wrong.
    pub(crate) fn look(&self) -> Look {
        use StatusCode as S;
        let (status, key, text) = match self {
            Self::Body(BodyError::TooLarge { .. }) => {
                (S::PAYLOAD_TOO_LARGE, "request.tooLarge", "The body is longer than this call takes.")
            }
            Self::Body(BodyError::TimedOut { .. }) => {
                (S::REQUEST_TIMEOUT, "request.timeout", "The body did not come in time.")
            }
            Self::Body(BodyError::Broken(_)) => (S::BAD_REQUEST, "request.malformed", "The body broke off."),
            Self::Credentials(LoginProblem::Missing) => {
                (S::UNAUTHORIZED, "auth.missing", "Log in with user name and password, as Basic or Fno.")
            }
            Self::Credentials(LoginProblem::Several) | Self::SeveralTokens => {
                (S::BAD_REQUEST, "request.malformed", "Send the Authorization header once.")
            }
            Self::Credentials(LoginProblem::TooLong) => {
                (S::BAD_REQUEST, "request.malformed", "The Authorization header is too long.")
            }
            Self::Credentials(LoginProblem::Malformed) | Self::Login(LoginError::Refused) => (
                S::UNAUTHORIZED,
                "auth.failed",
                "User name and password, or access token, are not valid for this site.",
            ),
            Self::Login(LoginError::Limited { .. }) => (
                S::TOO_MANY_REQUESTS,
                "auth.throttled",
                "Too many logins under this name have failed; try again later.",
            ),
            Self::NoToken => {
                (S::UNAUTHORIZED, "auth.missing", "Send a token of /notifications/api/v1/authenticate as Bearer.")
            }
            Self::Session(SessionError::Expired) => {
                (S::UNAUTHORIZED, "token.expired", "The token has expired; log in again.")
            }
            Self::Session(SessionError::Invalid(_)) => {
                (S::UNAUTHORIZED, "token.invalid", "The token is not valid; log in again.")
            }
            Self::Method => (S::METHOD_NOT_ALLOWED, "method.notAllowed", "This path does not take this method."),
            Self::NoSite(NoSite::BadHost) => {
                (S::BAD_REQUEST, "request.host", "The request must name exactly one host.")
            }
            Self::NoSite(NoSite::Unknown) => {
                (S::MISDIRECTED_REQUEST, "site.unknown", "Neither this host nor this path leads to a site.")
            }
            Self::Parameter { name, reason } => {
                let text = format!("The parameter {name} {reason}.");
                let place = (*name).to_owned();
                return Look { place, ..Look::new(S::BAD_REQUEST, "request.parameter.invalid", &text) };
            }
            Self::UnknownEventType => (S::NOT_FOUND, "eventType.unknown", "There are no events of this type."),
            Self::Route => (S::NOT_FOUND, "path.unknown", "There is nothing under this path."),
            Self::BeginSession(BeginSessionError::Busy) | Self::Login(LoginError::TooMany) => {
                (S::SERVICE_UNAVAILABLE, "server.unavailable", "There is too much to do; try again in a moment.")
            }
            Self::BeginSession(
                BeginSessionError::Fault(_)
                | BeginSessionError::Key(TokenKeyError::Fault(_) | TokenKeyError::Generate(_) | TokenKeyError::TooMany),
            )
            | Self::Fault(_)
            | Self::Login(LoginError::Fault(_))
            | Self::NoSite(NoSite::Unavailable)
            | Self::Session(SessionError::Fault(_)) => {
                (S::SERVICE_UNAVAILABLE, "server.unavailable", "The server cannot answer now; try again later.")
            }
        };
        Look::new(status, key, text)
    }

    /// How long the caller is to wait, in seconds, where it is told.
    pub(crate) fn wait(&self) -> Option<u32> {
        if let Self::Login(LoginError::Limited { seconds }) = self {
            return Some(*seconds);
        }
        (self.look().status == StatusCode::SERVICE_UNAVAILABLE).then_some(SOON)
    }
}

/// Seconds until a request that found too much to do, or a store that cannot be read, is worth another try.
const SOON: u32 = 5;

/// Answers a method that a path of this door does not take.
pub(crate) async fn method_not_allowed() -> Error {
    Error::Method
}

/// Answers a path of this door that there is not.
pub(crate) async fn no_route() -> Error {
    Error::Route
}
