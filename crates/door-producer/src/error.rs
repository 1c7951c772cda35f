//! Every error of this door: cause, status, key and public text, in one exhaustive table.

use countersign_app::Fault;
use countersign_app::files::{DeleteFileError, StoreFileError};
use countersign_app::keys::{KeyUploadError, SigningKeyError};
use countersign_app::packages::{CreatePackageError, DeletePackageError};
use countersign_app::sites::NoSite;
use countersign_app::updates::{CreateUpdateError, ReplaceUpdateError, UnknownUpdate};
use countersign_app::users::LoginError;
use countersign_http_kit::body::BodyError;
use http::StatusCode;

use crate::wire::BodyProblem;

/// Why a request to this door has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body could not be read.
    #[error("the body was not read")]
    Body(#[from] BodyError),
    /// A package was not created.
    #[error(transparent)]
    CreatePackage(#[from] CreatePackageError),
    /// An update was not created.
    #[error(transparent)]
    CreateUpdate(#[from] CreateUpdateError),
    /// A file was not removed.
    #[error(transparent)]
    DeleteFile(#[from] DeleteFileError),
    /// A package was not removed.
    #[error(transparent)]
    DeletePackage(#[from] DeletePackageError),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The role does not allow this.
    #[error("the role does not allow this")]
    Forbidden,
    /// The login was refused.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The body of a key upload is not the JSON object that this call takes.
    #[error("the body is not the expected JSON object")]
    Malformed(#[source] serde_json::Error),
    /// A member of the body cannot be used, or the body is no JSON object.
    #[error("the body cannot be used: {0}")]
    Member(#[from] BodyProblem),
    /// The path exists, the method does not.
    #[error("the method is not allowed here")]
    Method,
    /// There are no credentials.
    #[error("the request has no credentials")]
    NoCredentials,
    /// The request has no site.
    #[error(transparent)]
    NoSite(NoSite),
    /// A parameter of the query cannot be used.
    #[error("the parameter {name} {reason}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// The broken rule.
        reason: String,
    },
    /// An update was not replaced.
    #[error(transparent)]
    ReplaceUpdate(#[from] ReplaceUpdateError),
    /// No signing key could be made.
    #[error(transparent)]
    SigningKey(#[from] SigningKeyError),
    /// An uploaded file was not stored.
    #[error(transparent)]
    StoreFile(StoreFileError),
    /// The site has no such file.
    #[error("no such file")]
    UnknownFile,
    /// The site has no such package.
    #[error("no such package")]
    UnknownPackage,
    /// The site has no such update.
    #[error("no such update")]
    UnknownUpdate,
    /// The key was not taken.
    #[error(transparent)]
    Upload(#[from] KeyUploadError),
}

impl From<StoreFileError> for Error {
    /// A body that broke off is told like any other.
    fn from(error: StoreFileError) -> Self {
        match error {
            StoreFileError::Source(source) => match source.downcast::<BodyError>() {
                Ok(body) => Self::Body(*body),
                Err(source) => Self::StoreFile(StoreFileError::Source(source)),
            },
            StoreFileError::Fault(_) | StoreFileError::TooLarge { .. } => Self::StoreFile(error),
        }
    }
}

impl From<UnknownUpdate> for Error {
    fn from(error: UnknownUpdate) -> Self {
        match error {
            UnknownUpdate::Fault(fault) => Self::Fault(fault),
            UnknownUpdate::Unknown(_) => Self::UnknownUpdate,
        }
    }
}

impl Error {
    /// Status, key, and the text for the caller.
    pub(crate) fn answer(&self) -> (StatusCode, &'static str, String) {
        use StatusCode as S;
        let (status, key, text): (S, &'static str, String) = match self {
            Self::Body(BodyError::TooLarge { limit }) => too_large(*limit as u64),
            Self::StoreFile(StoreFileError::TooLarge { limit }) => too_large(*limit),
            Self::Body(BodyError::TimedOut { .. }) => {
                (S::REQUEST_TIMEOUT, "request.timeout", "The body did not come in time.".into())
            }
            Self::Body(BodyError::Broken(_)) | Self::StoreFile(StoreFileError::Source(_)) => {
                (S::BAD_REQUEST, "request.malformed", "The body broke off.".into())
            }
            Self::Malformed(error) => {
                let place = format!("line {}, column {}", error.line(), error.column());
                let text = format!("Send a JSON object with the member publicKey ({place}).");
                (S::BAD_REQUEST, "request.malformed", text)
            }
            Self::Member(BodyProblem::Json(error)) => {
                (S::BAD_REQUEST, "request.malformed", format!("Send a JSON object: {error}."))
            }
            Self::Member(problem @ BodyProblem::Missing(_)) => {
                (S::BAD_REQUEST, "request.field.missing", format!("{problem}."))
            }
            Self::Member(problem @ (BodyProblem::Type { .. } | BodyProblem::Value { .. })) => {
                (S::BAD_REQUEST, "request.field.invalid", format!("{problem}."))
            }
            Self::Parameter { name, reason } => {
                (S::BAD_REQUEST, "request.parameter.invalid", format!("The parameter {name} {reason}."))
            }
            Self::Method => (S::METHOD_NOT_ALLOWED, "request.method", "This path does not take this method.".into()),
            Self::NoSite(NoSite::BadHost) => {
                (S::BAD_REQUEST, "request.host", "The request must name exactly one host.".into())
            }
            Self::NoSite(NoSite::Unknown) => {
                let text = "Neither this host nor this path leads to a site.";
                (S::MISDIRECTED_REQUEST, "site.unknown", text.into())
            }
            Self::Login(LoginError::Refused) | Self::NoCredentials => {
                let text = "Log in with a user name and password, or an access token, of this site.";
                (S::UNAUTHORIZED, "login.refused", text.into())
            }
            Self::Login(LoginError::TooMany) => {
                (S::TOO_MANY_REQUESTS, "login.busy", "Too many logins at once. Try again in a moment.".into())
            }
            Self::Login(LoginError::Limited { .. }) => {
                let text = "Too many logins under this name have failed. Try again later.";
                (S::TOO_MANY_REQUESTS, "login.limited", text.into())
            }
            Self::Forbidden => {
                let text = "Your role does not allow this. It needs the role publisher or admin.";
                (S::FORBIDDEN, "role.forbidden", text.into())
            }
            Self::Upload(KeyUploadError::Malformed(error)) => {
                (S::BAD_REQUEST, "key.invalid", sentence(&error.to_string()))
            }
            Self::Upload(error @ KeyUploadError::TooSmall { .. }) => {
                (S::BAD_REQUEST, "key.invalid", sentence(&error.to_string()))
            }
            Self::SigningKey(error @ SigningKeyError::TooMany) => {
                (S::CONFLICT, "key.tooMany", sentence(&error.to_string()))
            }
            Self::SigningKey(SigningKeyError::Generate(_)) => {
                (S::INTERNAL_SERVER_ERROR, "internal.error", "No key pair could be made.".into())
            }
            Self::CreateUpdate(CreateUpdateError::Broken(fault))
            | Self::ReplaceUpdate(ReplaceUpdateError::Broken(fault)) => {
                (S::BAD_REQUEST, "update.invalid", sentence(&fault.to_string()))
            }
            Self::CreateUpdate(CreateUpdateError::Taken(id)) => {
                (S::CONFLICT, "update.exists", format!("Update {id} exists already."))
            }
            Self::CreateUpdate(CreateUpdateError::UnknownPackage(id))
            | Self::ReplaceUpdate(ReplaceUpdateError::UnknownPackage(id)) => {
                (S::BAD_REQUEST, "package.unknown", format!("This site has no package {id}."))
            }
            Self::ReplaceUpdate(ReplaceUpdateError::Unknown(_)) | Self::UnknownUpdate => {
                (S::NOT_FOUND, "update.unknown", "This site has no update of that ID.".into())
            }
            Self::CreatePackage(CreatePackageError::Broken(fault)) => {
                (S::BAD_REQUEST, "package.invalid", sentence(&fault.to_string()))
            }
            Self::CreatePackage(CreatePackageError::Taken(id)) => {
                (S::CONFLICT, "package.exists", format!("Package {id} exists already."))
            }
            Self::CreatePackage(error @ (CreatePackageError::OtherName(_) | CreatePackageError::TooLarge(_))) => {
                (S::BAD_REQUEST, "package.invalid", sentence(&error.to_string()))
            }
            Self::CreatePackage(CreatePackageError::UnknownFile(name)) => {
                let text = format!("The bytes of {name} are not stored here; POST them to files first.");
                (S::BAD_REQUEST, "file.unknown", text)
            }
            Self::CreatePackage(CreatePackageError::UnknownProduct(name)) => {
                (S::BAD_REQUEST, "product.unknown", format!("This site has no product {name}."))
            }
            Self::CreatePackage(CreatePackageError::Url { name, source }) => {
                (S::BAD_REQUEST, "package.invalid", format!("The URL of {name} cannot be used: {source}."))
            }
            Self::DeletePackage(DeletePackageError::InUse { package, update }) => {
                (S::CONFLICT, "package.inUse", format!("Update {update} refers to package {package}."))
            }
            Self::DeletePackage(DeletePackageError::Unknown(_)) | Self::UnknownPackage => {
                (S::NOT_FOUND, "package.unknown", "This site has no package of that ID.".into())
            }
            Self::DeleteFile(DeleteFileError::InUse) => {
                (S::CONFLICT, "file.inUse", "A package refers to this file.".into())
            }
            Self::DeleteFile(DeleteFileError::Unknown) | Self::UnknownFile => {
                (S::NOT_FOUND, "file.unknown", "This site has no file with that SHA-256.".into())
            }
            Self::Fault(_)
            | Self::NoSite(NoSite::Unavailable)
            | Self::Login(LoginError::Fault(_))
            | Self::SigningKey(SigningKeyError::Fault(_))
            | Self::Upload(KeyUploadError::Fault(_))
            | Self::CreatePackage(CreatePackageError::Fault(_))
            | Self::CreateUpdate(CreateUpdateError::Fault(_))
            | Self::DeleteFile(DeleteFileError::Fault(_))
            | Self::DeletePackage(DeletePackageError::Fault(_))
            | Self::ReplaceUpdate(ReplaceUpdateError::Fault(_))
            | Self::StoreFile(StoreFileError::Fault(_)) => {
                let text = "The server cannot answer now. Try again later.";
                (S::SERVICE_UNAVAILABLE, "internal.error", text.into())
            }
        };
        (status, key, text)
    }
}

fn too_large(limit: u64) -> (StatusCode, &'static str, String) {
    (StatusCode::PAYLOAD_TOO_LARGE, "request.tooLarge", format!("The body is longer than {limit} bytes."))
}

/// A reason as a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
