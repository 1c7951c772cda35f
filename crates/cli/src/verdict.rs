//! The exit status of commands that only look: what they found is their result, and no failure.

/// What was found, in one sentence, and the exit status that tells scripts of it.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub(crate) struct Verdict {
    /// For people, on the error output.
    pub(crate) sentence: String,
    /// The exit status.
    pub(crate) status: u8,
}

/// Something is to be done, and nothing is broken.
pub(crate) const TO_DO: u8 = 3;
/// Something is broken.
pub(crate) const BROKEN: u8 = 4;
