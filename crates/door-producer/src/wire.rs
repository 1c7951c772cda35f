//! The JSON bodies of the key calls.

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
