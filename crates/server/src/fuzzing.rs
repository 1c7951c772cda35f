//! What fuzzing reaches of this crate: its readers of files, without a file.

use crate::Config;
use crate::maintenance::Manifest;

/// What a configuration file says.
#[must_use]
pub fn configuration(text: &str) -> Option<Config> {
    Config::of_text(text)
}

/// What the manifest of a backup says, and what is read when that is written again.
#[must_use]
pub fn manifest(text: &str) -> Option<(Manifest, Manifest)> {
    crate::maintenance::reread(text)
}
