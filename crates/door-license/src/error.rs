//! Every error of this door: from its cause to a code, and the one shape in which all of them are answered.

use axum::response::{IntoResponse, Response};
use countersign_app::Fault;
use countersign_app::license_api::{Denied, LicenseError, Refusal};
use countersign_app::license_proof::{LicenseAnswerError, ProofError};
use countersign_app::sites::NoSite;
use countersign_domain::licensing::{SeatRefusal, VARIABLE_NAME_LIMIT, VARIABLE_VALUE_LIMIT, VARIABLES};
use countersign_http_kit::body::BodyError;
use countersign_http_kit::security_headers;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::codes::Code;
use crate::time::instant;

/// Why a request to this door has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body could not be read.
    #[error("the body was not read")]
    Body(#[from] BodyError),
    /// An answer could not be written, or a kept one not be read.
    #[error("an answer has no JSON form")]
    Json(#[source] serde_json::Error),
    /// The call was refused, or the machinery failed.
    #[error(transparent)]
    License(#[from] LicenseError),
    /// The path exists, the method does not.
    #[error("the method is not allowed here")]
    Method,
    /// The request has no site.
    #[error(transparent)]
    NoSite(NoSite),
    /// The caller has not proved itself.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// There is no such call.
    #[error("there is no such call")]
    Route,
    /// The answer was not signed.
    #[error(transparent)]
    Sign(#[from] LicenseAnswerError),
    /// A code, and the text for the caller.
    #[error("{}", .0.word())]
    Told(Code, String),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::License(fault.into())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::License(refusal.into())
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::Told(code, code.when().to_owned())
    }
}

/// An error as it is sent: these members and no other.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// Status of the answer.
    #[schema(example = 400)]
    status: u16,
    /// A name that never changes.
    #[schema(example = "license_not_found")]
    code: &'static str,
    /// A text for people.
    #[schema(example = "No license matches.")]
    message: String,
}

impl ErrorBody {
    fn new(code: Code, message: String) -> Self {
        Self { status: code.status().as_u16(), code: code.word(), message }
    }

    /// The bytes of it.
    fn to_bytes(&self) -> Vec<u8> {
        // A structure of texts and a number can always be written.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Status and body of a refusal, as they are kept for an idempotency key.
pub(crate) fn refused(refusal: Refusal) -> (StatusCode, Vec<u8>) {
    let code = code_of(refusal);
    (code.status(), ErrorBody::new(code, text_of(refusal)).to_bytes())
}

impl Error {
    /// An error with a text of its own.
    pub(crate) fn told(code: Code, text: impl Into<String>) -> Self {
        Self::Told(code, text.into())
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Body(BodyError::Broken(_)) => Code::ValidationError,
            Self::Body(BodyError::TimedOut { .. }) => Code::RequestTimeout,
            Self::Body(BodyError::TooLarge { .. }) => Code::PayloadTooLarge,
            Self::License(LicenseError::Denied(denied)) => code_of_denial(denied.reason),
            Self::License(LicenseError::Refused(refusal)) => code_of(*refusal),
            Self::Method => Code::MethodNotAllowed,
            Self::NoSite(NoSite::BadHost) => Code::ValidationError,
            Self::NoSite(NoSite::Unknown) => Code::SiteUnknown,
            Self::Proof(error) => code_of_proof(error),
            Self::Route => Code::NotFound,
            Self::Sign(LicenseAnswerError::Busy) => Code::RateLimitExceeded,
            Self::Json(_)
            | Self::License(LicenseError::Fault(_))
            | Self::NoSite(NoSite::Unavailable)
            | Self::Sign(LicenseAnswerError::Fault(_) | LicenseAnswerError::Key(_)) => Code::InternalError,
            Self::Told(code, _) => *code,
        }
    }

    /// The text for people.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Told(_, text) => text.clone(),
            Self::License(LicenseError::Denied(denied)) => text_of_denial(denied),
            Self::License(LicenseError::Refused(refusal)) => text_of(*refusal),
            Self::Body(BodyError::TooLarge { limit }) => format!("The body is longer than {limit} bytes."),
            Self::NoSite(NoSite::BadHost) => "The request must name exactly one host.".to_owned(),
            Self::Body(_)
            | Self::Json(_)
            | Self::License(LicenseError::Fault(_))
            | Self::Method
            | Self::NoSite(_)
            | Self::Proof(_)
            | Self::Route
            | Self::Sign(_) => self.code().when().to_owned(),
        }
    }

    /// How long the caller is to wait, in seconds, when there is a time for it.
    fn wait(&self) -> Option<u32> {
        match self {
            Self::License(LicenseError::Refused(Refusal::TooMany(seconds))) => Some(*seconds),
            Self::Proof(ProofError::TooMany { seconds }) => Some(*seconds),
            Self::Sign(LicenseAnswerError::Busy) => Some(BUSY),
            Self::Body(_)
            | Self::Json(_)
            | Self::License(_)
            | Self::Method
            | Self::NoSite(_)
            | Self::Proof(_)
            | Self::Route
            | Self::Sign(_)
            | Self::Told(..) => self.code().status().is_server_error().then_some(UNAVAILABLE),
        }
    }
}

fn code_of(refusal: Refusal) -> Code {
    match refusal {
        Refusal::ActiveLicenseRequired => Code::ActiveLicenseRequired,
        Refusal::AirGapCode => Code::SignatureMismatch,
        Refusal::AirGapPolicy => Code::OfflineActivationNotAllowed,
        Refusal::ArchivedProduct => Code::ArchivedProduct,
        Refusal::Blacklisted => Code::Blacklisted,
        Refusal::CustomerDoesNotExist => Code::CustomerDoesNotExist,
        Refusal::CustomerNotFound => Code::CustomerNotFound,
        Refusal::DeviceNotFound => Code::DeviceNotFound,
        Refusal::DisabledProduct => Code::DisabledProduct,
        Refusal::EmailMissing => Code::EmailMissing,
        Refusal::FeatureUnknown => Code::UnsupportedProductFeature,
        Refusal::IdempotencyMismatch | Refusal::SsoRedirect | Refusal::TooManyVariables => Code::ValidationError,
        Refusal::InvalidCredentials => Code::InvalidCredentials,
        Refusal::LicenseActivatedMaxTimes => Code::LicenseActivatedMaxTimes,
        Refusal::LicenseExpired => Code::LicenseExpired,
        Refusal::LicenseNotActive => Code::LicenseNotActive,
        Refusal::LicenseNotConsumption => Code::LicenseNotConsumption,
        Refusal::LicenseNotEnabled => Code::LicenseNotEnabled,
        Refusal::LicenseNotEnoughConsumptions => Code::LicenseNotEnoughConsumptions,
        Refusal::LicenseNotFound => Code::LicenseNotFound,
        Refusal::LicenseNotStarted => Code::LicenseNotStarted,
        Refusal::NegativeNotAllowed => Code::NegativeConsumptionNotAllowed,
        Refusal::NoSeats => Code::FloatingNotAvailable,
        Refusal::OfflineNotAllowed | Refusal::TooManyFiles => Code::OfflineActivationNotAllowed,
        Refusal::OfflineRequestExpired => Code::OfflineRequestExpired,
        Refusal::OfflineRequestUsed => Code::OfflineRequestUsed,
        Refusal::PasswordNotChangeable => Code::ChangePasswordNotAllowed,
        Refusal::ProductNotAllowed => Code::ApiKeyProductNotAllowed,
        Refusal::ReadOnly => Code::InvalidApiKey,
        Refusal::SsoFailed | Refusal::SsoUnavailable => Code::SsoFailed,
        Refusal::TooMany(_) => Code::RateLimitExceeded,
        Refusal::TransferLimit => Code::LicenseTransferLimitReached,
        Refusal::TrialExpired => Code::TrialExpired,
        Refusal::TrialNotAllowed => Code::TrialNotAllowed,
        Refusal::UnknownProduct => Code::UnknownProduct,
        Refusal::VersionNotFound => Code::VersionNotFound,
        Refusal::VirtualMachine => Code::VmNotAllowed,
    }
}

fn code_of_denial(reason: SeatRefusal) -> Code {
    match reason {
        SeatRefusal::BorrowNotAllowed => Code::LicenseBorrowNotAllowed,
        SeatRefusal::BorrowUntilNotValid => Code::BorrowUntilNotValid,
        SeatRefusal::NoneFree | SeatRefusal::NoSeats => Code::FloatingNotAvailable,
    }
}

/// Why there is no seat, until when, and who to ask. The device has the license active, and was told whose it is; who holds
/// its seats it is not told.
fn text_of_denial(denied: &Denied) -> String {
    let Denied { reason, seats, free_at, customer, .. } = denied;
    if *reason != SeatRefusal::NoneFree {
        return code_of_denial(*reason).when().to_owned();
    }
    let free = free_at.map(|time| format!(", and the first of them ends at {} at the earliest", instant(time)));
    let free = free.unwrap_or_default();
    format!("All {seats} seats are taken{free}. Ask whoever manages the licenses of {customer} for one.")
}

/// What the caller is told of a refusal: what its code says, or more where several share one.
fn text_of(refusal: Refusal) -> String {
    if refusal == Refusal::IdempotencyMismatch {
        "This Idempotency-Key came with another request before; send another key with this one.".to_owned()
    } else if refusal == Refusal::SsoRedirect {
        "redirect_uri must be an absolute URI without a fragment, and one that the producer has laid down if there are any."
            .to_owned()
    } else if refusal == Refusal::SsoUnavailable {
        "The sign-on provider of this account does not answer as it should. Try again later; the license stays as it is.".to_owned()
    } else if refusal == Refusal::TooManyFiles {
        "This activation has used too many request files. Once the producer has taken the license off the device \
         (countersign license release), a new file activates it."
            .to_owned()
    } else if refusal == Refusal::TooManyVariables {
        format!(
            "A license has at most {VARIABLES} variables on a device, with names of 1 to {VARIABLE_NAME_LIMIT} bytes and \
             values of at most {VARIABLE_VALUE_LIMIT} bytes."
        )
    } else {
        code_of(refusal).when().to_owned()
    }
}

fn code_of_proof(error: &ProofError) -> Code {
    match error {
        ProofError::Fault(_) => Code::InternalError,
        ProofError::UnknownKey => Code::InvalidApiKey,
        ProofError::Date => Code::DateHeaderDiff,
        ProofError::Signature => Code::SignatureMismatch,
        ProofError::TokenExpired => Code::OauthTokenExpired,
        ProofError::Token => Code::OauthTokenMalformed,
        ProofError::Scope => Code::InsufficientScope,
        ProofError::TooMany { .. } => Code::RateLimitExceeded,
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let code = self.code();
        if code.status().is_server_error() {
            let error: &dyn std::error::Error = &self;
            tracing::error!(error, code = code.word(), "a license request failed");
        } else {
            tracing::debug!(reason = %self, code = code.word(), "a license request was refused");
        }
        let mut response = plain(code.status(), ErrorBody::new(code, self.text()).to_bytes());
        let headers = response.headers_mut();
        if code.status() == StatusCode::UNAUTHORIZED {
            // RFC 9110 section 11.6.1.
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"countersign\""));
        }
        if let Some(seconds) = self.wait() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A JSON answer that is not signed.
pub(crate) fn plain(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    security_headers::private(response.headers_mut());
    response
}

/// Media type of every JSON answer of this door.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// Seconds until a client is to come again when the signer is busy.
const BUSY: u32 = 1;
/// The same when the server cannot answer.
const UNAVAILABLE: u32 = 5;
