//! What fuzz targets reach: readers of headers, queries and bodies.

use crate::authorization::Authorization;
use crate::files::request::{Kind, RequestText};
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

/// Reads a request file of either kind, and all that is looked for in it.
pub fn request_file(bytes: &[u8]) {
    for kind in [Kind::Activation, Kind::Deactivation] {
        let Ok(file) = RequestText::read(bytes, kind) else { continue };
        read(file.members());
        let _ = (file.presented(), file.feature_units(), file.wants_ascii());
        let (id, form) = (file.identity(), file.date_form());
        if let Some(at) = id.made_at {
            assert!(crate::files::date::read(&form.write(at)).is_some());
        }
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
