//! Update keys as JSON.

use countersign_crypto::encoding::base64_encode;
use countersign_domain::keys::{SigningKey, signing_key_in_force};
use countersign_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A public key to upload.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyUpload {
    /// RSA public key: base64 of the DER SubjectPublicKeyInfo, PEM (`PUBLIC KEY`, `RSA PUBLIC KEY`), or a certificate
    #[schema(example = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA…")]
    pub(crate) public_key: String,
}

/// A public key, or why there is none.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyAnswer {
    /// base64 of the DER SubjectPublicKeyInfo; empty on error
    #[schema(example = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA…")]
    pub(crate) public_key: String,
    /// Empty when there is no error
    #[schema(example = "")]
    pub(crate) error_message: String,
}

/// All signing keys of the site.
#[derive(Serialize, ToSchema)]
pub(crate) struct SigningKeyList {
    /// Newest first
    keys: Vec<SigningKeyBody>,
}

/// The public half of a signing key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SigningKeyBody {
    /// base64 of the DER SubjectPublicKeyInfo
    #[schema(example = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA…")]
    public_key: String,
    /// When it was made (RFC 3339)
    #[schema(example = "2026-03-01T12:00:00Z")]
    created_at: String,
    /// Whether it is the one that signs answers now
    #[schema(example = true)]
    signing: bool,
}

impl KeyAnswer {
    /// The answer that shows a key.
    pub(crate) fn of(spki: &[u8]) -> Self {
        Self { public_key: base64_encode(spki), error_message: String::new() }
    }
}

impl SigningKeyList {
    /// These keys, newest first, as they are used at `now`.
    pub(crate) fn new(keys: &[SigningKey], now: Timestamp) -> Self {
        let in_force = signing_key_in_force(keys, |key| key.created_at, now).map(|key| key.id);
        let body = |key: &SigningKey| SigningKeyBody {
            public_key: base64_encode(&key.spki),
            created_at: key.created_at.to_string(),
            signing: Some(key.id) == in_force,
        };
        Self { keys: keys.iter().map(body).collect() }
    }
}
