//! A token in compact form never makes the reader panic, and is never accepted by a key that did not sign it.
#![no_main]

use std::sync::LazyLock;

use countersign_crypto::{Algorithm, Compact, VerifyingKey};
use libfuzzer_sys::fuzz_target;

static SECRET: LazyLock<VerifyingKey> =
    LazyLock::new(|| VerifyingKey::from_hmac_secret(&[7; 32]).expect("32 bytes are enough"));

fuzz_target!(|text: &str| {
    if let Ok(token) = Compact::parse(text) {
        let _ = token.kid();
        assert!(token.verify(Algorithm::HS256, &SECRET).is_err(), "a token that nobody signed was accepted");
    }
});
