//! What fuzz targets reach: readers of headers, queries and bodies.

use crate::authorization::Authorization;
use crate::members::Members;
use crate::wire::question;

/// Reads an `Authorization` header. What it gives of one with an API key has no quotes in it.
pub fn authorization(value: &[u8]) {
    if let Ok(Authorization::Hmac { api_key, signature }) = Authorization::read(value) {
        assert!(!api_key.is_empty() && !signature.is_empty());
        assert!(!api_key.contains('"') && !signature.contains('"'));
    }
}

/// Reads a query, and what calls look for in it.
pub fn query(text: &str) {
    if let Ok(members) = Members::from_query(text) {
        read(&members);
    }
}

/// Reads a body, and what calls look for in it.
pub fn body(bytes: &[u8]) {
    if let Ok(members) = Members::from_body(bytes) {
        read(&members);
    }
}

/// Writes metadata of producers: it is an object, and written once more it stays the same.
pub fn metadata(text: &str) {
    let written = crate::script_json::object(text);
    assert!(written.get().starts_with('{'));
    assert_eq!(crate::script_json::object(written.get()).get(), written.get());
}

fn read(members: &Members) {
    let _ = question::identity(members);
    let _ = question::activate(members, None);
    let _ = question::releases(members);
    let _ = members.integer("consumptions");
    let _ = members.flag("include_expired_features");
}
