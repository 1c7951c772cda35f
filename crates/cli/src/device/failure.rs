//! The exit status that tells scripts why a device command failed.

use countersign_client::ClientError;

/// A failure of the device client.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct DeviceFailure(#[from] ClientError);

impl DeviceFailure {
    /// Whether the server, or somebody on the way to it, sent something that must not be used.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status() == REFUSED
    }

    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match &self.0 {
            ClientError::AnswerTooLarge { .. }
            | ClientError::BadSignature { .. }
            | ClientError::DigestMismatch { .. }
            | ClientError::FileTooLong { .. }
            | ClientError::FileTooShort { .. }
            | ClientError::ForeignUrl { .. }
            | ClientError::Malformed { .. }
            | ClientError::NotSigned { .. }
            | ClientError::RangeMismatch { .. }
            | ClientError::Redirected { .. }
            | ClientError::UnsafeFileName { .. }
            | ClientError::WrongPackage { .. } => REFUSED,
            ClientError::Unauthorized { .. } => UNAUTHORIZED,
            ClientError::Declined { .. } => DECLINED,
            ClientError::Busy { .. }
            | ClientError::Gone { .. }
            | ClientError::InUse { .. }
            | ClientError::Io { .. }
            | ClientError::Network { .. }
            | ClientError::NotFound { .. }
            | ClientError::TooManyPolls { .. }
            | ClientError::UnexpectedStatus { .. } => NO_ANSWER,
        }
    }
}

/// Something must not be used.
const REFUSED: u8 = 3;
/// The token is not accepted.
const UNAUTHORIZED: u8 = 4;
/// There is no answer now.
const NO_ANSWER: u8 = 5;
/// The server has understood what it was told, and does not accept it.
const DECLINED: u8 = 6;
