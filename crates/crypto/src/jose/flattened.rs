//! The flattened JSON form (RFC 7515 §7.2.2), in which signed answers of the device protocol travel
//! (`docs/protocol/jose.md`): exactly `payload`, `protected` and `signature`, all protected.

use std::fmt;

use serde_json::Value;

use crate::encoding::base64url_decode;
use crate::jose::header::ReceivedHeader;
use crate::jose::{JwsError, ProtectedHeader, signing_input};
use crate::json::{self, JsonLimits};
use crate::rsa::{RsaPrivateKey, SignError};
use crate::verifying_key::{Algorithm, VerifyingKey};

/// The three members as they are transmitted. A received one says nothing until [`Flattened::verify`] has accepted it.
#[derive(Clone, Eq, PartialEq)]
pub struct Flattened {
    /// The signed bytes in base64url.
    pub payload: String,
    /// The header in base64url.
    pub protected: String,
    /// The signature in base64url.
    pub signature: String,
}

impl fmt::Debug for Flattened {
    /// Without the signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flattened").field("protected", &self.protected).finish_non_exhaustive()
    }
}

impl Flattened {
    /// Signs `payload` with RS256. This costs one RSA signature; to make it elsewhere or only once, use
    /// [`signing_input`].
    ///
    /// # Errors
    ///
    /// [`SignError`] if the library fails, which is not expected to happen.
    pub fn sign(key: &RsaPrivateKey, header: &ProtectedHeader, payload: &[u8]) -> Result<Self, SignError> {
        let input = signing_input(header, payload);
        let signature = key.sign_pkcs1_sha256(input.as_bytes())?;
        Ok(input.into_flattened(&signature))
    }

    /// Reads the JSON text without believing it.
    ///
    /// # Errors
    ///
    /// [`JwsError`] if the text is too long, is not strict JSON, or has other members than the three; an unprotected
    /// `header`, and the general form with its `signatures`, are refused that way.
    pub fn parse(text: &[u8]) -> Result<Self, JwsError> {
        let mut members = json::parse_object(text, LIMITS).map_err(JwsError::Json)?;
        let mut take = |name: &str| match members.remove(name) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(JwsError::Members),
        };
        let flattened =
            Self { payload: take("payload")?, protected: take("protected")?, signature: take("signature")? };
        if members.is_empty() { Ok(flattened) } else { Err(JwsError::Members) }
    }

    /// Checks the signature over the transmitted strings and gives the payload out. The caller takes `algorithm` from
    /// its own configuration; the header must name the same one.
    ///
    /// # Errors
    ///
    /// [`JwsError`] if a part is malformed, the header names another algorithm, or the key or the signature does not
    /// fit.
    pub fn verify(&self, algorithm: Algorithm, key: &VerifyingKey) -> Result<Vec<u8>, JwsError> {
        let header = ReceivedHeader::parse(&self.protected)?;
        let payload = base64url_decode(&self.payload).map_err(|_| JwsError::NotBase64Url)?;
        let signature = base64url_decode(&self.signature).map_err(|_| JwsError::NotBase64Url)?;
        header.require(algorithm)?;
        let input = [&self.protected, ".", &self.payload].concat();
        key.verify(algorithm, input.as_bytes(), &signature)?;
        Ok(payload)
    }

    /// The JSON text to send. The three strings consist of base64url characters, so they need no escaping when they come
    /// from [`Flattened::sign`] or [`crate::SigningInput::into_flattened`].
    pub fn to_json(&self) -> String {
        let quote = |text: &str| Value::from(text).to_string();
        let (payload, protected, signature) = (quote(&self.payload), quote(&self.protected), quote(&self.signature));
        format!(r#"{{"payload":{payload},"protected":{protected},"signature":{signature}}}"#)
    }
}

/// The longest signed answer that is read, in bytes: a manifest of some 50,000 files.
pub const MAX_FLATTENED_LEN: usize = 32 * 1024 * 1024;

/// Three string members need a depth of one; the rest lets a foreign form fail by its members, with a better message.
const LIMITS: JsonLimits = JsonLimits { max_bytes: MAX_FLATTENED_LEN, max_depth: 4 };
