//! What fuzzing reaches of the license client: its readers, without signatures that nobody can guess.

use std::path::Path;

use super::{
    Call, Timestamp,
    cache::{Cache, Kind},
    door, offline, offline_bundles, read, token,
};

/// Reads an answer as everything that it could be.
pub fn answers(body: &[u8]) {
    if let Ok(document) = read::object("it", body) {
        let _ = read::license("it", document.clone());
        let _ = read::feature("it", &document);
        let _ = read::counted("it", &document);
        let _ = read::release("it", &document);
    }
    let _ = read::objects("it", body);
    let _ = token::read_token(body, Timestamp::default());
    let _ = token::read_token_url(body);
    for call in [Call::Check, Call::Token] {
        if let Some(refusal) = door::read_refusal(call, 400, body) {
            assert!(!refusal.to_string().contains(char::is_control));
        }
    }
}

/// Whether bytes open as a kept license.
#[must_use]
pub fn kept(bytes: &[u8]) -> bool {
    Cache::new(Path::new("."), "HW", "pump").open::<serde_json::Value>(Kind::License, bytes).is_ok()
}

/// What the signatures of a file would be over.
#[must_use]
pub fn file(text: &str) -> Option<(String, String)> {
    let text = offline::decoded(text).ok()?;
    let part = offline::signed_part(&text, offline::Form::Response)
        .or_else(|| offline::signed_part(&text, offline::Form::Refresh))?;
    Some((part.text, part.signature))
}

/// What the signature of a bundle's file would be over.
#[must_use]
pub fn bundle_file(text: &str) -> Option<(String, String)> {
    offline_bundles::bundle_part(&offline::decoded(text).ok()?)
}

/// Reads a moment.
#[must_use]
pub fn moment(text: &str) -> Option<Timestamp> {
    Timestamp::parse_iso(text)
}
