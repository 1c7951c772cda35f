//! What fuzzing reaches of this crate: its readers of files, without a file.

use crate::Config;
use crate::connections::targets::Framing;
use crate::maintenance::Manifest;

/// The bytes of a connection as its parser reads them, when they come in pieces that end at these places.
#[must_use]
pub fn plain_targets(bytes: &[u8], ends: &[usize]) -> Vec<u8> {
    let (mut framing, mut from, mut plain) = (Framing::new(1024), 0, Vec::new());
    for end in ends.iter().copied().chain([bytes.len()]) {
        let piece = bytes.get(from..end).unwrap_or_default();
        plain.extend(framing.plain(piece).unwrap_or_else(|| piece.to_vec()));
        from = from.max(end);
    }
    plain
}

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
