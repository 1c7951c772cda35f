//! Making signatures: what is to be signed is built first, so that the signature itself can be made on another thread,
//! or be found in a memory of earlier ones by the digest of what is signed.

use crate::digest::sha256;
use crate::encoding::base64url_encode;
use crate::jose::{Flattened, ProtectedHeader};
use crate::rsa::{RsaPrivateKey, SignError};

/// The JWS signing input (RFC 7515 §5.1, step 5): header and payload in base64url with a dot between them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SigningInput {
    protected: String,
    text: String,
}

/// Builds the signing input for a payload.
pub fn signing_input(header: &ProtectedHeader, payload: &[u8]) -> SigningInput {
    let protected = header.encoded();
    let text = [&protected, ".", &base64url_encode(payload)].concat();
    SigningInput { protected, text }
}

impl SigningInput {
    /// The bytes to sign.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// SHA-256 of the bytes to sign. RS256 is deterministic, so key and digest together name one signature.
    pub fn digest(&self) -> [u8; 32] {
        sha256(self.as_bytes())
    }

    /// Joins the signature, which must have been made over [`SigningInput::as_bytes`], into the flattened form.
    pub fn into_flattened(self, signature: &[u8]) -> Flattened {
        let Self { protected, mut text } = self;
        let payload = text.split_off(protected.len() + 1);
        Flattened { payload, protected, signature: base64url_encode(signature) }
    }

    /// Joins the signature, which must have been made over [`SigningInput::as_bytes`], into a compact token.
    pub fn into_compact(self, signature: &[u8]) -> String {
        [&self.text, ".", &base64url_encode(signature)].concat()
    }
}

impl AsRef<[u8]> for SigningInput {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// Makes a compact RS256 token. `claims` are the bytes of its payload; [`ProtectedHeader::jwt`] is the usual header.
///
/// # Errors
///
/// [`SignError`] if the library fails, which is not expected to happen.
pub fn sign_compact(key: &RsaPrivateKey, header: &ProtectedHeader, claims: &[u8]) -> Result<String, SignError> {
    let input = signing_input(header, claims);
    let signature = key.sign_pkcs1_sha256(input.as_bytes())?;
    Ok(input.into_compact(&signature))
}
