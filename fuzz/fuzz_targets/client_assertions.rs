//! Assertions of clients never make their readers panic, and only one JSON object names a client.
#![no_main]

use countersign_app::oauth::fuzzing::alleged_client;
use countersign_crypto::encoding::base64url_encode;
use countersign_crypto::json::{JsonLimits, parse_object};
use libfuzzer_sys::fuzz_target;

const LIMITS: JsonLimits = JsonLimits { max_bytes: 16 * 1024, max_depth: 16 };

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = alleged_client(text);
    }
    let header = base64url_encode(br#"{"alg":"RS256"}"#);
    let assertion = format!("{header}.{}.AA", base64url_encode(bytes));
    if let Some(client) = alleged_client(&assertion) {
        let claims = parse_object(bytes, LIMITS).expect("strict JSON");
        assert_eq!(claims.get("sub").and_then(|sub| sub.as_str()), Some(client.as_str()));
    }
});
