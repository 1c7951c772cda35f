//! What fuzzing reaches of assertions: what they say, without the signature around it.

use countersign_crypto::Compact;

/// Whom an assertion alleges to come from; it is only used to find the keys that it must be verified with.
#[must_use]
pub fn alleged_client(assertion: &str) -> Option<String> {
    Compact::parse(assertion).ok()?.alleged("sub")
}
