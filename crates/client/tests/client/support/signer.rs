//! The server's signature, put together by hand from RFC 7515 so that it does not lean on the code under test.

use std::sync::LazyLock;

use countersign_crypto::{
    encoding::{base64_encode, base64url_encode},
    rsa::{RsaBits, RsaPrivateKey},
};
use serde_json::json;

static KEY: LazyLock<RsaPrivateKey> = LazyLock::new(|| RsaPrivateKey::generate(RsaBits::B2048).unwrap());
static OTHER_KEY: LazyLock<RsaPrivateKey> = LazyLock::new(|| RsaPrivateKey::generate(RsaBits::B2048).unwrap());

/// The key that the clients here pin.
pub(crate) fn public_key() -> String {
    base64_encode(&KEY.public_key_spki())
}

/// A key that they do not pin.
pub(crate) fn other_public_key() -> String {
    base64_encode(&OTHER_KEY.public_key_spki())
}

/// The 200 body of a signed endpoint for `payload`.
pub(crate) fn sign(payload: &str) -> String {
    flattened(&KEY, payload)
}

/// The same, by a key that the clients do not pin.
pub(crate) fn sign_with_other_key(payload: &str) -> String {
    flattened(&OTHER_KEY, payload)
}

/// Base64 of the bare signature of a text, as license answers have it.
pub(crate) fn bare_signature(text: &str) -> String {
    base64_encode(&KEY.sign_pkcs1_sha256(text.as_bytes()).unwrap())
}

fn flattened(key: &RsaPrivateKey, payload: &str) -> String {
    let protected = base64url_encode(br#"{"alg":"RS256"}"#);
    let payload = base64url_encode(payload.as_bytes());
    let signature = key.sign_pkcs1_sha256(format!("{protected}.{payload}").as_bytes()).unwrap();
    json!({ "payload": payload, "protected": protected, "signature": base64url_encode(&signature) }).to_string()
}
