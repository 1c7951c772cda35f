//! An uploaded public key never makes the reader panic; an accepted one is written and read as the same key.
#![no_main]

use countersign_crypto::{RsaPrivateKey, RsaPublicKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = RsaPublicKey::from_pkcs1_der(bytes);
    let _ = RsaPrivateKey::from_pkcs8_der(bytes);
    let mut keys = vec![RsaPublicKey::from_spki_der(bytes)];
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = RsaPrivateKey::from_pem(text);
        keys.push(RsaPublicKey::parse_upload(text));
    }
    for key in keys.into_iter().flatten() {
        let again = RsaPublicKey::parse_upload(&key.spki_base64()).expect("our own form is read");
        assert_eq!(again.spki_der(), key.spki_der());
    }
});
