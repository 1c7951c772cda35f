//! A flattened JWS never makes the reader panic, and what is written again is read as the same.
#![no_main]

use countersign_crypto::Flattened;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(jws) = Flattened::parse(bytes) {
        assert_eq!(Flattened::parse(jws.to_json().as_bytes()).as_ref(), Ok(&jws));
    }
});
