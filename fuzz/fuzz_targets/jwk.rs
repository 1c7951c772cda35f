//! A JSON Web Key never makes the reader panic, whatever algorithm it is asked for.
#![no_main]

use countersign_crypto::{Algorithm, Jwk};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(key) = Jwk::parse(bytes) {
        let _ = (key.kid(), key.thumbprint());
        for algorithm in [Algorithm::RS256, Algorithm::HS256, Algorithm::ES256, Algorithm::EdDSA] {
            let _ = key.verifying_key(algorithm);
        }
    }
});
