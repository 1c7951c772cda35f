//! How a failed command ends: a sentence, its causes, and an exit status.

use std::process::ExitCode;

use crate::device::DeviceFailure;
use crate::verdict::Verdict;

/// Prints an error with its chain of causes, and gives the exit status for it.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(verdict) = error.downcast_ref::<Verdict>() {
        eprintln!("{}", verdict.sentence);
        return ExitCode::from(verdict.status);
    }
    eprintln!("error: {error}");
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        // Wrappers often repeat their cause word for word; saying it twice explains nothing.
        if !said.contains(&text) {
            eprintln!("  because: {text}");
        }
        said = text;
    }
    ExitCode::from(error.downcast_ref::<DeviceFailure>().map_or(FAILED, DeviceFailure::status))
}

/// The exit status of failures that have no status of their own.
const FAILED: u8 = 1;
