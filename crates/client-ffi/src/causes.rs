//! From what went wrong in the license client to what the caller of the C library is told.

use std::error::Error;

use countersign_client::license::{LicenseConfigError, LicenseError};

use crate::failure::{Failure, Status};

impl From<LicenseConfigError> for Failure {
    fn from(error: LicenseConfigError) -> Self {
        Self::argument(with_causes(&error))
    }
}

impl From<LicenseError> for Failure {
    fn from(error: LicenseError) -> Self {
        let code = if let LicenseError::Refused { refusal, .. } = &error { Some(refusal.code.clone()) } else { None };
        Self { status: status(&error), code, message: with_causes(&error) }
    }
}

fn status(error: &LicenseError) -> Status {
    match error {
        LicenseError::Refused { .. } | LicenseError::NoSeatGiven { .. } => Status::Refused,
        LicenseError::Busy { .. }
        | LicenseError::ServerFault { .. }
        | LicenseError::Stranger { .. }
        | LicenseError::Unreachable { .. } => Status::Unavailable,
        LicenseError::AirGapCode { .. }
        | LicenseError::AnswerTooLarge { .. }
        | LicenseError::BadSignature { .. }
        | LicenseError::CacheAltered { .. }
        | LicenseError::ClockSetBack { .. }
        | LicenseError::File { .. }
        | LicenseError::GivenBack
        | LicenseError::Malformed { .. }
        | LicenseError::NotOurs { .. }
        | LicenseError::NotSigned { .. }
        | LicenseError::WrongMachine { .. } => Status::NotTrusted,
        LicenseError::NeverActivated => Status::NotActivated,
        LicenseError::NotPossible { .. } => Status::InvalidArgument,
        LicenseError::CacheInUse { .. } | LicenseError::Io { .. } => Status::Storage,
    }
}

/// The message of an error, and those of what caused it.
fn with_causes(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    // Chains are short; one that is not would be a circle.
    for _ in 0..MAX_CAUSES {
        let Some(error) = cause else { break };
        message = format!("{message}: {error}");
        cause = error.source();
    }
    message
}

const MAX_CAUSES: usize = 8;
