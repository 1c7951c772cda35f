//! Token requests never make their readers panic: what a form says was sent, a parameter has one value, and what HTTP Basic
//! brings is short. The first line of the input is the media type; `-` is none.
#![no_main]

use countersign_door_token::fuzzing::{basic, form};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 4] = ["client_id", "client_secret", "grant_type", "resource"];

fuzz_target!(|bytes: &[u8]| {
    let (first, body) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len()));
    let mut headers = HeaderMap::new();
    if first != b"-" {
        let Ok(value) = HeaderValue::from_bytes(first) else { return };
        headers.insert(CONTENT_TYPE, value);
    }
    let body = body.get(1..).unwrap_or_default();
    if let Some(found) = form(&headers, body, &NAMES) {
        assert!(found.len() <= NAMES.len());
        assert!(found.iter().all(|value| !value.is_empty() && value.len() <= body.len()), "an empty value is absent");
    }
    if let Some((client_id, secret)) = std::str::from_utf8(body).ok().and_then(basic) {
        assert!(client_id.len() + secret < body.len(), "nothing is longer than it was sent");
    }
});
