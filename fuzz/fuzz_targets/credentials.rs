//! `Authorization` headers never make the readers of the doors panic, and both find the same bearer token, which was sent.
#![no_main]

use countersign_app::users::Credentials;
use countersign_door_device::fuzzing::bearer;
use countersign_door_producer::fuzzing::credentials;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        headers.append(AUTHORIZATION, value);
    }
    let token = bearer(&headers);
    let found = credentials(&headers);
    if headers.len() > 1 {
        assert!(token.is_none() && found.is_none(), "two readers could see two credentials");
        return;
    }
    let line = headers.get(AUTHORIZATION).and_then(|line| line.to_str().ok()).unwrap_or_default();
    if let Some(token) = token {
        assert!(!token.is_empty() && token.trim() == token && line.trim().ends_with(token));
    }
    match (found, token) {
        (Some(Credentials::Token(found)), token) => {
            assert_eq!(Some(found.expose().as_str()), token);
        }
        (Some(Credentials::Password { username, .. }), token) => assert!(token.is_none() && !username.contains(':')),
        // A header that is too long for the one may be read by the other.
        (None, _) => {}
    }
});
