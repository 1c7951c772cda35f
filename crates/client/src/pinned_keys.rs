//! The gate that every signed answer passes: RS256 with a key that came with the device (RFC 7515 §7.2.2, §5.2).
//!
//! [`Verified`] is made here and nowhere else, and it is the only thing that the payload readers accept, so reading
//! an answer before verifying it does not compile.

use countersign_crypto::{
    jose::Flattened,
    public_key::RsaPublicKey,
    verifying_key::{Algorithm, VerifyingKey},
};

use crate::{
    config::ConfigError,
    error::{ClientError, Subject},
};

/// The keys that may have signed an answer. There is at least one.
pub(crate) struct PinnedKeys(Vec<VerifyingKey>);

/// The payload of an answer whose signature was verified.
pub(crate) struct Verified(Vec<u8>);

impl PinnedKeys {
    pub(crate) fn parse(texts: &[String]) -> Result<Self, ConfigError> {
        if texts.is_empty() {
            return Err(ConfigError::NoSigningKey);
        }
        let keys = texts.iter().zip(1..).map(|(text, position)| {
            let key =
                RsaPublicKey::parse_upload(text).map_err(|source| ConfigError::SigningKey { position, source })?;
            VerifyingKey::from_rsa(&key).map_err(|source| ConfigError::WeakSigningKey { position, source })
        });
        Ok(Self(keys.collect::<Result<_, _>>()?))
    }

    /// Verifies with each pinned key in turn. The algorithm is ours, never the one that the answer names.
    pub(crate) fn verify(&self, subject: Subject, answer: &[u8]) -> Result<Verified, ClientError> {
        let envelope = Flattened::parse(answer).map_err(|source| ClientError::NotSigned { subject, source })?;
        for key in &self.0 {
            if let Ok(payload) = envelope.verify(Algorithm::RS256, key) {
                return Ok(Verified(payload));
            }
        }
        Err(ClientError::BadSignature { subject })
    }

    /// Whether one of the keys has signed exactly these bytes, with the same algorithm.
    pub(crate) fn have_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        self.0.iter().any(|key| key.verify(Algorithm::RS256, bytes, signature).is_ok())
    }
}

impl Verified {
    /// What nobody has signed, for fuzzing alone: a build of the product does not have this.
    #[cfg(fuzzing)]
    pub(crate) fn unproved(payload: &[u8]) -> Self {
        Self(payload.to_vec())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
