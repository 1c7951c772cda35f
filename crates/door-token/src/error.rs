//! Every error of this door: cause, status, code and public text, in one exhaustive table.

use countersign_app::Fault;
use countersign_app::oauth::{BearerError, ClientError, IssueError, RevokeTokenError};
use countersign_app::sites::NoSite;
use countersign_http_kit::body::BodyError;
use http::StatusCode;

use crate::form::FormProblem;

/// Why a request to this door has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The token that came with the request lets nobody in.
    #[error(transparent)]
    Bearer(#[from] BearerError),
    /// The body could not be read.
    #[error("the body was not read")]
    Body(#[from] BodyError),
    /// The client did not prove itself, and this is how it tried.
    #[error("{0}")]
    Client(#[source] ClientError, Scheme),
    /// Credentials in the URL.
    #[error("there are credentials in the query")]
    CredentialsInQuery,
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The body is no form.
    #[error(transparent)]
    Form(#[from] FormProblem),
    /// The grant is not offered.
    #[error("the grant is not offered")]
    Grant,
    /// No token was issued.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The path exists, the method does not.
    #[error("the method is not allowed here")]
    Method,
    /// A parameter is missing.
    #[error("the parameter {0} is missing")]
    MissingParameter(&'static str),
    /// The client did not even try to prove itself.
    #[error("there are no credentials")]
    NoCredentials(Scheme),
    /// The request has no site.
    #[error(transparent)]
    NoSite(NoSite),
    /// The application gets no tokens at the retired path.
    #[error("the application does not use the retired path")]
    OldPath,
    /// A token was not revoked.
    #[error(transparent)]
    Revoke(#[from] RevokeTokenError),
    /// No such path.
    #[error("there is no such path")]
    Route,
    /// The token does not have the scope for this.
    #[error("the token lacks the scope {0}")]
    Scope(&'static str),
    /// The client proves itself in two ways at once.
    #[error("two kinds of credentials at once")]
    TwoCredentials,
    /// Two tokens at once, or one in two places.
    #[error("two access tokens at once")]
    TwoTokens,
}

/// How a client proves itself, or should: it decides what a refusal looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// In the body: refusals are 400.
    Body,
    /// With HTTP Basic: refusals are 401 with a challenge (RFC 6749 section 5.2).
    Basic,
    /// In any way, at an endpoint that answers 401 to whoever is not known (RFC 7662 section 2.3).
    Protected,
}

/// What an error looks like.
pub(crate) struct Look {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

impl Error {
    /// Status, code and the text for the caller. Texts have no quotation mark and no backslash (RFC 6749 section 5.2).
    pub(crate) fn look(&self) -> Look {
        use StatusCode as S;
        let (status, code, text) = match self {
            Self::Bearer(BearerError::Missing) => (S::UNAUTHORIZED, "invalid_token", "Send an access token."),
            Self::Bearer(BearerError::Expired { .. }) => {
                (S::UNAUTHORIZED, "invalid_token", "The access token has expired; ask for a new one.")
            }
            Self::Bearer(BearerError::Invalid(_) | BearerError::Revoked { .. }) => {
                (S::UNAUTHORIZED, "invalid_token", "The access token is not valid; ask for a new one.")
            }
            Self::Body(BodyError::TooLarge { .. }) => {
                (S::PAYLOAD_TOO_LARGE, "invalid_request", "The body is longer than this call takes.")
            }
            Self::Body(BodyError::TimedOut { .. }) => {
                (S::REQUEST_TIMEOUT, "invalid_request", "The body did not come in time.")
            }
            Self::Body(BodyError::Broken(_)) => (S::BAD_REQUEST, "invalid_request", "The body broke off."),
            Self::Client(ClientError::Refused, scheme) => {
                (scheme.refusal(), "invalid_client", "Unknown client or wrong secret.")
            }
            Self::Client(ClientError::Limited { .. }, _) => (
                S::TOO_MANY_REQUESTS,
                "invalid_client",
                "This client ID and secret have failed too often; slow down and try again later.",
            ),
            Self::NoCredentials(scheme) => {
                (scheme.refusal(), "invalid_client", "Send the client ID and secret in the body, or with HTTP Basic.")
            }
            Self::CredentialsInQuery => {
                (S::BAD_REQUEST, "invalid_request", "Credentials do not belong into the URL; send them in the body.")
            }
            Self::Form(FormProblem::MediaType) => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "invalid_request",
                "Send the parameters as application/x-www-form-urlencoded or multipart/form-data.",
            ),
            Self::Form(FormProblem::Malformed) => (S::BAD_REQUEST, "invalid_request", "The form cannot be read."),
            Self::Form(FormProblem::Repeated) => (S::BAD_REQUEST, "invalid_request", "A parameter is repeated."),
            Self::Grant => (S::BAD_REQUEST, "unsupported_grant_type", "Only the grant client_credentials is offered."),
            Self::Issue(IssueError::Scope) => {
                (S::BAD_REQUEST, "invalid_scope", "A scope is unknown, or the application does not have it.")
            }
            Self::Issue(IssueError::Target) => {
                (S::BAD_REQUEST, "invalid_target", "The application has no tokens for this resource.")
            }
            Self::Method => (S::METHOD_NOT_ALLOWED, "errorMethodNotAllowed", "The method is not allowed here."),
            Self::MissingParameter(name) => return Look::missing(name),
            Self::NoSite(NoSite::BadHost) => {
                (S::BAD_REQUEST, "invalid_request", "The request must name exactly one host.")
            }
            Self::NoSite(NoSite::Unknown) => {
                (S::MISDIRECTED_REQUEST, "invalid_request", "No site is served under this host or path.")
            }
            Self::OldPath => {
                (S::BAD_REQUEST, "unauthorized_client", "This application gets its tokens at /connect/token.")
            }
            Self::Revoke(RevokeTokenError::Foreign) => {
                (S::BAD_REQUEST, "unauthorized_client", "The token was issued to another client.")
            }
            Self::Route => (S::NOT_FOUND, "errorItemNotFound", "There is nothing under this path."),
            Self::Scope(_) => (S::FORBIDDEN, "insufficient_scope", "The access token may not be used for this."),
            Self::TwoCredentials => {
                (S::BAD_REQUEST, "invalid_request", "Send one kind of client credentials, and send it once.")
            }
            Self::TwoTokens => (S::BAD_REQUEST, "invalid_request", "Send one access token, in the header."),
            Self::Issue(IssueError::Busy) => {
                (S::SERVICE_UNAVAILABLE, "temporarily_unavailable", "There is too much to do; try again in a moment.")
            }
            Self::Revoke(RevokeTokenError::TooMany) => (
                S::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "Too many tokens of this application are revoked one by one; end all of them: countersign app revoke-tokens.",
            ),
            Self::Bearer(BearerError::Fault(_))
            | Self::Client(ClientError::Fault(_), _)
            | Self::Fault(_)
            | Self::Issue(IssueError::Fault(_))
            | Self::NoSite(NoSite::Unavailable)
            | Self::Revoke(RevokeTokenError::Fault(_)) => {
                (S::SERVICE_UNAVAILABLE, "temporarily_unavailable", "The server cannot answer now; try again later.")
            }
        };
        Look { status, code, text: text.to_owned() }
    }

    /// How long the caller is to wait, in seconds, where it is told.
    pub(crate) fn wait(&self) -> Option<u32> {
        if let Self::Client(ClientError::Limited { seconds }, _) = self {
            return Some(*seconds);
        }
        // Room for another revoked token comes when the earlier ones have expired.
        let comes_soon = !matches!(self, Self::Revoke(RevokeTokenError::TooMany));
        (comes_soon && self.look().status == StatusCode::SERVICE_UNAVAILABLE).then_some(SOON)
    }

    /// Whether this is a limit that was reached, and nothing that is broken.
    pub(crate) fn is_limit(&self) -> bool {
        matches!(self, Self::Issue(IssueError::Busy) | Self::Revoke(RevokeTokenError::TooMany))
    }
}

/// Seconds until a request that found too much to do, or a store that cannot be read, is worth another try.
const SOON: u32 = 5;

impl Look {
    fn missing(name: &str) -> Self {
        let text = format!("The parameter {name} is missing.");
        Self { status: StatusCode::BAD_REQUEST, code: "invalid_request", text }
    }
}

impl Scheme {
    fn refusal(self) -> StatusCode {
        match self {
            Self::Body => StatusCode::BAD_REQUEST,
            Self::Basic | Self::Protected => StatusCode::UNAUTHORIZED,
        }
    }
}

/// Answers a method that a path of this door does not take.
pub(crate) async fn method_not_allowed() -> Error {
    Error::Method
}

/// Answers a path under `/connect` that there is not.
pub(crate) async fn no_route() -> Error {
    Error::Route
}
