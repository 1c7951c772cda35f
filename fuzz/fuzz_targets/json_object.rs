//! A strict JSON object never makes the reader panic, and is read within its limits.
#![no_main]

use countersign_crypto::json::{JsonLimits, parse_object};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = JsonLimits { max_bytes: 4096, max_depth: 8 };
    if let Ok(object) = parse_object(bytes, limits) {
        assert!(bytes.len() <= 4096);
        let again = object.len();
        assert!(again <= bytes.len());
    }
});
