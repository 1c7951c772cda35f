//! Headers that keep an answer out of caches and stop browsers from guessing what it is.

use http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue};

/// Nobody may keep this answer (RFC 9111 §5.2.2.5): it is for this caller at this moment.
pub fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// The answer is what its `Content-Type` says and nothing that its bytes may look like.
pub fn no_sniff(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Both, for answers that are made for one caller: every answer that is not a published file or page.
pub fn private(headers: &mut HeaderMap) {
    no_store(headers);
    no_sniff(headers);
}
