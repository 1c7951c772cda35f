//! Every error of the storage routes: cause, status, code and public text, in one exhaustive table (contract §3.5).

use countersign_app::Fault;
use countersign_app::sites::NoSite;
use countersign_app::storages::StorageError;
use countersign_domain::storage::StoragePathError;
use countersign_http_kit::body::BodyError;
use http::StatusCode;

use super::caller::Refusal;

/// Why a request to a storage has no good answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The body could not be read.
    #[error("the body was not read")]
    Body(#[from] BodyError),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The body is not what its type says.
    #[error("the multipart body {0}")]
    Form(&'static str),
    /// The folder has more entries than one answer gives.
    #[error("the folder has more entries than one answer gives")]
    LongList,
    /// The path exists, the method does not; these do.
    #[error("the method is not allowed here")]
    Method(&'static str),
    /// A parameter that is needed is not given.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// A body in parts has no file in it.
    #[error("the multipart body has no part")]
    NoFile,
    /// The path is a folder, and the sender does not say how the file is called.
    #[error("the file has no name")]
    NoName,
    /// The request has no site.
    #[error(transparent)]
    NoSite(NoSite),
    /// A parameter cannot be used.
    #[error("the parameter {name} {reason}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// The broken rule.
        reason: &'static str,
    },
    /// The query has too many parameters.
    #[error("the query has too many parameters")]
    Parameters,
    /// A path that none can have.
    #[error(transparent)]
    Path(#[from] StoragePathError),
    /// The caller is not who may do this.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No such path.
    #[error("no such route")]
    Route,
    /// There are several files in the body, and the path is not a folder.
    #[error("several files were sent to a path that is no folder")]
    SeveralFiles,
    /// The storage refused.
    #[error(transparent)]
    Storage(StorageError),
    /// No storage can have this name.
    #[error("no such storage")]
    UnknownStorage,
    /// No version has this id.
    #[error("no such version")]
    UnknownVersion,
}

/// Why the bytes of an upload ended before its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadProblem {
    /// The body could not be read.
    #[error(transparent)]
    Body(BodyError),
    /// The body is not what its type says.
    #[error("the multipart body {0}")]
    Form(&'static str),
    /// A second file came for one path.
    #[error("several files were sent to one path")]
    SeveralFiles,
}

impl From<UploadProblem> for Error {
    fn from(problem: UploadProblem) -> Self {
        match problem {
            UploadProblem::Body(error) => Self::Body(error),
            UploadProblem::Form(reason) => Self::Form(reason),
            UploadProblem::SeveralFiles => Self::SeveralFiles,
        }
    }
}

impl From<StorageError> for Error {
    /// A body that broke off is told like any other.
    fn from(error: StorageError) -> Self {
        if let StorageError::Fault(fault) = error {
            return Self::Fault(fault);
        }
        let StorageError::Source(source) = error else { return Self::Storage(error) };
        match source.downcast::<UploadProblem>() {
            Ok(problem) => Self::from(*problem),
            Err(source) => Self::Storage(StorageError::Source(source)),
        }
    }
}

/// What a caller is told.
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

impl Error {
    /// Status, code, and the text for the caller.
    pub(crate) fn told(&self) -> Told {
        use StatusCode as S;
        let bad = |code, text: String| (S::BAD_REQUEST, code, text);
        let (status, code, text) = match self {
            Self::Body(BodyError::TooLarge { limit }) => too_large(*limit as u64),
            Self::Body(BodyError::TimedOut { .. }) => {
                (S::REQUEST_TIMEOUT, "errorUploadIncomplete", "The body did not come in time.".into())
            }
            Self::Body(BodyError::Broken(_)) => bad("errorUploadIncomplete", "The body broke off.".into()),
            Self::Form(reason) => bad("errorUploadInvalid", format!("The multipart body {reason}.")),
            Self::LongList => {
                let text =
                    "The folder has more entries than one answer gives: ask for smaller parts with limit and after.";
                bad("errorTooManyItems", text.to_owned())
            }
            Self::Method(allowed) => {
                (S::METHOD_NOT_ALLOWED, "errorMethodNotAllowed", format!("This path takes {allowed}."))
            }
            Self::Missing(name) => bad("errorParameterMissing", format!("The parameter {name} is missing.")),
            Self::NoFile => bad("errorUploadInvalid", "The multipart body has no file in it.".into()),
            Self::NoName => {
                bad("errorPathInvalid", "The path is a folder, and the file in the body has no name.".into())
            }
            Self::NoSite(NoSite::BadHost) => bad("errorHostInvalid", "The request must name exactly one host.".into()),
            Self::NoSite(NoSite::Unknown) => {
                let text = "Neither this host nor this path leads to a site.";
                (S::MISDIRECTED_REQUEST, "errorSiteNotFound", text.into())
            }
            Self::Parameter { name, reason } => bad("errorParameterInvalid", format!("The parameter {name} {reason}.")),
            Self::Parameters => bad("errorParameterInvalid", "The query has too many parameters.".into()),
            Self::Path(error) => bad("errorPathInvalid", sentence(&error.to_string())),
            Self::Refused(refusal) => refusal.told(),
            Self::Route => (S::NOT_FOUND, "errorPathNotFound", "There is no call at this path.".into()),
            Self::SeveralFiles => {
                let text = "Several files were sent to one path. Send them to a folder: let the path end with a slash.";
                bad("errorUploadInvalid", text.into())
            }
            Self::UnknownStorage => (S::NOT_FOUND, "errorStorageNotFound", "There is no storage of this name.".into()),
            Self::UnknownVersion => (S::NOT_FOUND, "errorVersionNotFound", "The file has no such version.".into()),
            Self::Storage(error) => of_storage(error),
            Self::Fault(_) | Self::NoSite(NoSite::Unavailable) => unavailable(),
        };
        Told { status, code, text }
    }

    /// The methods that a path takes, where that was the matter.
    pub(crate) fn allowed(&self) -> Option<&'static str> {
        if let Self::Method(allowed) = self { Some(allowed) } else { None }
    }
}

type Answer = (StatusCode, &'static str, String);

fn of_storage(error: &StorageError) -> Answer {
    use StatusCode as S;
    let text = sentence(&error.to_string());
    match error {
        StorageError::EmptyAfterRetry(_) => (S::BAD_REQUEST, "errorUploadEmptyAfterRetry", text),
        StorageError::Full(..) => (S::INSUFFICIENT_STORAGE, "errorStorageFull", text),
        StorageError::QuotaExceeded { .. } => (S::INSUFFICIENT_STORAGE, "errorQuotaExceeded", text),
        StorageError::Incomplete { .. } => (S::BAD_REQUEST, "errorUploadIncomplete", text),
        StorageError::Source(_) => (S::BAD_REQUEST, "errorUploadIncomplete", "The body broke off.".into()),
        StorageError::IntoItself(_) | StorageError::IsFile(_) | StorageError::IsFolder(_) => {
            (S::BAD_REQUEST, "errorPathInvalid", text)
        }
        StorageError::Path(_) | StorageError::Root => (S::BAD_REQUEST, "errorPathInvalid", text),
        StorageError::NoDefault => (S::BAD_REQUEST, "errorParameterMissing", text),
        StorageError::NotEmpty(_) => (S::BAD_REQUEST, "errorFolderNotEmpty", text),
        StorageError::NotFound(_) => (S::NOT_FOUND, "errorItemNotFound", text),
        StorageError::NotGranted(_) => (S::FORBIDDEN, "insufficient_scope", text),
        StorageError::StorageUnknown(_) => (S::NOT_FOUND, "errorStorageNotFound", text),
        StorageError::TooLarge { limit } => too_large(*limit),
        StorageError::TooMany { .. } => (S::BAD_REQUEST, "errorTooManyItems", text),
        StorageError::VersionUnknown(_) => (S::NOT_FOUND, "errorVersionNotFound", text),
        StorageError::Changed(_) => (S::SERVICE_UNAVAILABLE, "errorUnavailable", format!("{text} Try again.")),
        StorageError::Fault(_) | StorageError::Unavailable(..) => unavailable(),
    }
}

fn unavailable() -> Answer {
    let text = "The server cannot answer now. Try again later.";
    (StatusCode::SERVICE_UNAVAILABLE, "errorUnavailable", text.into())
}

fn too_large(limit: u64) -> Answer {
    (StatusCode::PAYLOAD_TOO_LARGE, "errorTooLarge", format!("A file has at most {limit} bytes."))
}

/// A reason as a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
