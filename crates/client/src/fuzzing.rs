//! What fuzzing reaches of this crate: its readers of verified answers, without a signature that nobody can guess.

use crate::content_range::is_rest_of_file;
use crate::pinned_keys::Verified;
use crate::{Manifest, ServerMessage, UpdateList, wire};

/// Reads an update list.
#[must_use]
pub fn update_list(payload: &[u8]) -> Option<UpdateList> {
    wire::update_list(&Verified::unproved(payload)).ok()
}

/// Reads a manifest.
#[must_use]
pub fn manifest(payload: &[u8]) -> Option<Manifest> {
    wire::manifest(&Verified::unproved(payload)).ok()
}

/// Reads what is not signed: where to poll, and what went wrong.
#[must_use]
pub fn unsigned(body: &[u8]) -> (Option<String>, Option<ServerMessage>) {
    (wire::pending_url(body), wire::server_message(body))
}

/// Whether a `Content-Range` is the rest of a file.
#[must_use]
pub fn rest_of_file(value: &str, from: u64, size: u64) -> bool {
    is_rest_of_file(value, from, size)
}
