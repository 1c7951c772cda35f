//! RSA private keys that sign with PKCS#1 v1.5 and SHA-256 (RFC 8017 §8.2), which JOSE calls RS256.
//!
//! A key is loaded once and kept: loading and first use cost more than twice the signature itself.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use thiserror::Error;

use crate::pem::{self, PemBlock, PemError};
use crate::public_key::{KeyParseError, RsaPublicKey};
use crate::secret::Secret;

/// Why a private key cannot be used.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum PrivateKeyError {
    /// The PEM block is of a kind that holds no RSA private key, or an encrypted one.
    #[error(
        "a PEM block of this kind is not read; give PRIVATE KEY (PKCS#8) or RSA PRIVATE KEY (PKCS#1), not encrypted"
    )]
    Label,
    /// The PEM text is damaged.
    #[error("the PEM text cannot be read")]
    Pem(#[from] PemError),
    /// The public half is not a sound key.
    #[error("the key is not sound")]
    Public(#[from] KeyParseError),
    /// The library refuses the structure, the numbers, or the size.
    #[error("this is not a consistent RSA private key of 2048 to 8192 bits")]
    Rejected,
}

/// A signature could not be made; the library gives no cause. It does not depend on the message.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the RSA signature could not be made")]
pub struct SignError;

/// Sizes of keys that this project generates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RsaBits {
    /// 2048 bits: a signature takes about 0.4 ms of one core.
    B2048,
    /// 3072 bits: a signature takes about three times as long.
    B3072,
}

/// An RSA key pair of 2048 to 8192 bits. There is no way to hold a smaller one, so nothing here can sign with less.
/// It may be used by several threads at once.
pub struct RsaPrivateKey {
    pair: RsaKeyPair,
    public: RsaPublicKey,
}

impl RsaPrivateKey {
    /// Generates a key pair. This takes 50 ms to over a second, and uses the library's own randomness.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::Rejected`] if the library fails, which is not expected to happen.
    pub fn generate(bits: RsaBits) -> Result<Self, PrivateKeyError> {
        let size = match bits {
            RsaBits::B2048 => KeySize::Rsa2048,
            RsaBits::B3072 => KeySize::Rsa3072,
        };
        Self::new(RsaKeyPair::generate(size).map_err(|_| PrivateKeyError::Rejected)?)
    }

    /// Loads an unencrypted PKCS#8 DER structure (RFC 5208).
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError`] if the structure, the numbers or the size are not acceptable.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, PrivateKeyError> {
        Self::new(RsaKeyPair::from_pkcs8(der).map_err(|_| PrivateKeyError::Rejected)?)
    }

    /// Loads PEM: `PRIVATE KEY` (PKCS#8) or `RSA PRIVATE KEY` (PKCS#1), not encrypted.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError`] if the text or the key in it is not acceptable.
    pub fn from_pem(text: &str) -> Result<Self, PrivateKeyError> {
        let block = PemBlock::parse(text)?;
        match block.label.as_str() {
            "PRIVATEKEY" => Self::from_pkcs8_der(&block.der),
            "RSAPRIVATEKEY" => Self::new(RsaKeyPair::from_der(&block.der).map_err(|_| PrivateKeyError::Rejected)?),
            _ => Err(PrivateKeyError::Label),
        }
    }

    /// The key as PKCS#8 DER, not encrypted: seal it before it is stored.
    pub fn to_pkcs8_der(&self) -> Secret<Vec<u8>> {
        let der = self.pair.as_der().expect("a key that was loaded or generated can be encoded");
        Secret::new(der.as_ref().to_vec())
    }

    /// The key as PKCS#8 PEM, not encrypted.
    pub fn to_pkcs8_pem(&self) -> Secret<String> {
        Secret::new(pem::encode("PRIVATE KEY", self.to_pkcs8_der().expose()))
    }

    /// The public half.
    pub fn public_key(&self) -> &RsaPublicKey {
        &self.public
    }

    /// The public half as DER SubjectPublicKeyInfo.
    pub fn public_key_spki(&self) -> Vec<u8> {
        self.public.spki_der()
    }

    /// Signs `message` (RS256). The same key and message always give the same bytes, as many as the modulus has. This
    /// takes about 0.4 ms with 2048 bits: call it on a thread that may be busy.
    ///
    /// # Errors
    ///
    /// [`SignError`] if the library fails, which is not expected to happen.
    pub fn sign_pkcs1_sha256(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        // The random source is part of the library's signature only; this padding uses none.
        let unused = SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &unused, message, &mut signature).map_err(|_| SignError)?;
        Ok(signature)
    }

    fn new(pair: RsaKeyPair) -> Result<Self, PrivateKeyError> {
        let public = RsaPublicKey::from_pkcs1_der(pair.public_key().as_ref())?;
        Ok(Self { pair, public })
    }
}

impl fmt::Debug for RsaPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaPrivateKey(..)")
    }
}
