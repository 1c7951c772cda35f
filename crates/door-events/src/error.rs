//! Every error of this door: cause, status, key and public text, in one exhaustive table.

use countersign_app::Fault;
use countersign_app::sites::NoSite;
use countersign_app::users::{BeginSessionError, LoginError, SessionError, TokenKeyError};
use countersign_app::webhooks::endpoints::EndpointError;
use countersign_app::webhooks::recovery::ResendError;
use countersign_crypto::json::JsonError;
use countersign_http_kit::body::BodyError;
use http::StatusCode;

use crate::credentials::LoginProblem;
use crate::service::ServiceProblem;

/// Why a request to this door has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is kept as settings cannot be read: it was not written by this program.
    #[error("the kept settings of the event service cannot be read")]
    BrokenService,
    /// Settings cannot be kept.
    #[error(transparent)]
    Service(#[from] ServiceProblem),
    /// There are no settings yet.
    #[error("there are no settings yet")]
    NoService,
    /// The settings are not those of the condition.
    #[error("the settings are not those of the condition")]
    OtherRevision,
    /// A receiver was not made or changed.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The body is no JSON object.
    #[error("the body is no JSON object: {0}")]
    Json(#[source] JsonError),
    /// The body is of another type.
    #[error("the body is of another type")]
    MediaType,
    /// The role does not allow this.
    #[error("the role does not allow this")]
    Forbidden,
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
    /// A member of the body cannot be used.
    #[error("the member {name} {reason}")]
    Member {
        /// The member.
        name: &'static str,
        /// The broken rule.
        reason: String,
    },
    /// The body is not what this call takes.
    #[error("the body cannot be used: {0}")]
    Members(#[source] serde_json::Error),
    /// Nothing is sent again.
    #[error(transparent)]
    Resend(#[from] ResendError),
    /// A kept secret cannot be used: it was not made by this program.
    #[error("a kept secret of an endpoint cannot be used")]
    BrokenSecret,
    /// There is no such event or delivery.
    #[error("there is no such event or delivery")]
    UnknownEvent,
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

    /// A member of a body that cannot be used.
    pub(crate) fn member(name: &'static str, reason: &str) -> Self {
        Self::Member { name, reason: reason.to_owned() }
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
            Self::Forbidden => {
                (S::FORBIDDEN, "auth.forbidden", "Your role does not allow this; it needs the role publisher or admin.")
            }
            Self::Json(error) => {
                let text = format!("Send one JSON object: {error}.");
                return Look::new(S::BAD_REQUEST, "request.malformed", &text);
            }
            Self::MediaType => (S::UNSUPPORTED_MEDIA_TYPE, "request.mediaType", "Send application/json."),
            Self::NoService => (S::NOT_FOUND, "config.absent", "There are no settings yet; POST them first."),
            Self::OtherRevision => (
                S::PRECONDITION_FAILED,
                "config.changed",
                "The settings are not those of the condition; read them again.",
            ),
            Self::Endpoint(error) => return endpoint_look(error),
            Self::Service(problem) => return problem_look(problem),
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
            Self::Member { name, reason } => {
                let text = format!("The member {name} {reason}.");
                let place = (*name).to_owned();
                return Look { place, ..Look::new(S::BAD_REQUEST, "request.field.invalid", &text) };
            }
            Self::Members(error) => {
                return Look::new(S::BAD_REQUEST, "request.malformed", &sentence(&error.to_string()));
            }
            Self::Resend(error @ ResendError::Open(_)) => {
                return Look::new(S::BAD_REQUEST, "recover.open", &sentence(&error.to_string()));
            }
            Self::Resend(error @ ResendError::Off) => {
                return Look::new(S::CONFLICT, "endpoint.off", &sentence(&error.to_string()));
            }
            Self::Resend(error @ ResendError::Running(_)) => {
                return Look::new(S::CONFLICT, "recover.running", &sentence(&error.to_string()));
            }
            Self::Resend(ResendError::Unknown) => {
                (S::NOT_FOUND, "resend.unknown", "This site has no such event, endpoint or task.")
            }
            Self::UnknownEvent => (S::NOT_FOUND, "event.unknown", "This site has no such event or delivery."),
            Self::UnknownEventType => (S::NOT_FOUND, "eventType.unknown", "There are no events of this type."),
            Self::Route => (S::NOT_FOUND, "path.unknown", "There is nothing under this path."),
            Self::BeginSession(BeginSessionError::NoPassword) => {
                (S::UNAUTHORIZED, "auth.missing", "Log in with user name and password, as Basic or Fno.")
            }
            Self::BeginSession(BeginSessionError::Busy) | Self::Login(LoginError::TooMany) => {
                (S::SERVICE_UNAVAILABLE, "server.unavailable", "There is too much to do; try again in a moment.")
            }
            Self::BeginSession(
                BeginSessionError::Fault(_)
                | BeginSessionError::Key(TokenKeyError::Fault(_) | TokenKeyError::Generate(_) | TokenKeyError::TooMany),
            )
            | Self::BrokenSecret
            | Self::BrokenService
            | Self::Resend(ResendError::Fault(_) | ResendError::Unavailable)
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

fn problem_look(problem: &ServiceProblem) -> Look {
    let (field, status, word) = match problem {
        ServiceProblem::Invalid { field, .. } => (field, StatusCode::BAD_REQUEST, "invalid"),
        ServiceProblem::Missing { field, .. } => (field, StatusCode::BAD_REQUEST, "missing"),
        ServiceProblem::Refused { field, .. } => (field, StatusCode::UNPROCESSABLE_ENTITY, "refused"),
        ServiceProblem::TooMuch => {
            return Look::new(StatusCode::BAD_REQUEST, "config.extra.invalid", &sentence(&problem.to_string()));
        }
    };
    let key = format!("config.{}.{word}", field.name());
    Look { place: field.name().to_owned(), ..Look::new(status, &key, &sentence(&problem.to_string())) }
}

fn endpoint_look(error: &EndpointError) -> Look {
    use StatusCode as S;
    let (status, key) = match error {
        EndpointError::Authorization(_) => (S::BAD_REQUEST, "endpoint.authorization.invalid"),
        EndpointError::Conflict => (S::CONFLICT, "config.conflict"),
        EndpointError::Consent(_) => (S::UNPROCESSABLE_ENTITY, "endpoint.consent.missing"),
        EndpointError::Refused(_) => (S::UNPROCESSABLE_ENTITY, "endpoint.url.refused"),
        EndpointError::Settings(_) => (S::BAD_REQUEST, "endpoint.invalid"),
        EndpointError::Taken => (S::CONFLICT, "endpoint.exists"),
        EndpointError::TooMany => (S::CONFLICT, "endpoint.tooMany"),
        EndpointError::Unknown => {
            return Look::new(S::NOT_FOUND, "endpoint.unknown", "This site has no such endpoint.");
        }
        EndpointError::Fault(_) | EndpointError::Unavailable => {
            let text = "The server cannot answer now; try again later.";
            return Look::new(S::SERVICE_UNAVAILABLE, "server.unavailable", text);
        }
    };
    Look::new(status, key, &sentence(&error.to_string()))
}

/// The text of an error as a sentence.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase()).into_iter();
    // Names of members begin in lower case, and stay so.
    let is_word = text.split([' ', ':']).next().is_some_and(|word| word.chars().all(|c| c.is_ascii_lowercase()));
    let mut sentence: String = if is_word { first.chain(characters).collect() } else { text.to_owned() };
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
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
