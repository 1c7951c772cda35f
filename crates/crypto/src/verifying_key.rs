//! Keys that check signatures and MACs, parsed once and kept.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RsaPublicKeyComponents,
};
use thiserror::Error;

use crate::hmac::HmacKey;
use crate::public_key::RsaPublicKey;

/// The algorithms we speak (RFC 7518 §3.1, RFC 8037 §3.1). There is no `none`, and no way to add one at run time.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Algorithm {
    /// RSA with PKCS#1 v1.5 padding and SHA-256.
    RS256,
    /// HMAC with SHA-256.
    HS256,
    /// ECDSA on P-256 with SHA-256; the signature is two numbers of 32 bytes.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl Algorithm {
    /// The name in JOSE headers and keys. It is compared letter by letter.
    pub fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::HS256 => "HS256",
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
        }
    }
}

/// How small an RSA key may be. Below 2048 bits is a site's explicit choice, so it is spelled out at every place
/// where it is allowed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum RsaPolicy {
    /// 2048 bits or more.
    #[default]
    AtLeast2048,
    /// 1024 bits or more, for sites whose devices cannot get new keys.
    AtLeast1024,
}

impl RsaPolicy {
    /// The smallest modulus that is allowed, in bits.
    pub fn min_bits(self) -> u32 {
        match self {
            Self::AtLeast2048 => 2048,
            Self::AtLeast1024 => 1024,
        }
    }
}

/// Why a key is not made into a [`VerifyingKey`].
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum VerifyingKeyError {
    /// The RSA key has fewer bits than the policy allows.
    #[error("the RSA key has {bits} bits, and at least {min_bits} are required here")]
    RsaTooSmall {
        /// Bits of the modulus.
        bits: u32,
        /// Bits that the policy asks for.
        min_bits: u32,
    },
    /// The library refuses the key; for P-256, the point is not on the curve.
    #[error("the key is not a point or number that its algorithm can use")]
    Rejected,
    /// The HMAC secret is shorter than its digest (RFC 7518 §3.2).
    #[error("the shared secret has {bytes} bytes, and at least 32 are required")]
    SecretTooShort {
        /// Bytes of the secret.
        bytes: usize,
    },
}

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum VerifyError {
    /// The signature does not belong to this message and key.
    #[error("the signature does not match")]
    BadSignature,
    /// The key is of another kind than the algorithm needs.
    #[error("the key cannot be used with the algorithm that is required here")]
    WrongKeyKind,
}

/// A key that verifies, of one of four kinds. It may be used by several threads at once.
pub struct VerifyingKey(Kind);

enum Kind {
    Rsa { key: ParsedPublicKey, bits: u32 },
    Hmac(Box<HmacKey>),
    P256(ParsedPublicKey),
    Ed25519(ParsedPublicKey),
}

impl VerifyingKey {
    /// A key for RS256 of at least 2048 bits.
    ///
    /// # Errors
    ///
    /// [`VerifyingKeyError::RsaTooSmall`] below 2048 bits.
    pub fn from_rsa(key: &RsaPublicKey) -> Result<Self, VerifyingKeyError> {
        Self::from_rsa_with(key, RsaPolicy::default())
    }

    /// A key for RS256 of a size that the caller allows.
    ///
    /// # Errors
    ///
    /// [`VerifyingKeyError::RsaTooSmall`] below the size that `policy` names.
    pub fn from_rsa_with(key: &RsaPublicKey, policy: RsaPolicy) -> Result<Self, VerifyingKeyError> {
        let (bits, min_bits) = (key.bits(), policy.min_bits());
        if bits < min_bits {
            return Err(VerifyingKeyError::RsaTooSmall { bits, min_bits });
        }
        // The library's narrower parameter set would only repeat the check above.
        let parsed = RsaPublicKeyComponents { n: key.modulus(), e: key.exponent() }
            .to_parsed_public_key(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
            .map_err(|_| VerifyingKeyError::Rejected)?;
        Ok(Self(Kind::Rsa { key: parsed, bits }))
    }

    /// A key for ES256 from the coordinates of its point, big-endian.
    ///
    /// # Errors
    ///
    /// [`VerifyingKeyError::Rejected`] if the point is not on the curve.
    pub fn from_p256(x: &[u8; 32], y: &[u8; 32]) -> Result<Self, VerifyingKeyError> {
        // SEC 1 §2.3.3: 4 marks a point with both coordinates.
        let point = [&[4], x.as_slice(), y].concat();
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| VerifyingKeyError::Rejected)?;
        Ok(Self(Kind::P256(parsed)))
    }

    /// A key for EdDSA from the encoded point (RFC 8032 §5.1.5).
    ///
    /// # Errors
    ///
    /// [`VerifyingKeyError::Rejected`] if the library refuses it.
    pub fn from_ed25519(point: &[u8; 32]) -> Result<Self, VerifyingKeyError> {
        let parsed = ParsedPublicKey::new(&ED25519, point).map_err(|_| VerifyingKeyError::Rejected)?;
        Ok(Self(Kind::Ed25519(parsed)))
    }

    /// A key for HS256 from a shared secret of at least 32 bytes.
    ///
    /// # Errors
    ///
    /// [`VerifyingKeyError::SecretTooShort`] below 32 bytes (RFC 7518 §3.2).
    pub fn from_hmac_secret(secret: &[u8]) -> Result<Self, VerifyingKeyError> {
        if secret.len() < MIN_HMAC_SECRET_LEN {
            return Err(VerifyingKeyError::SecretTooShort { bytes: secret.len() });
        }
        Ok(Self(Kind::Hmac(Box::new(HmacKey::new(secret)))))
    }

    /// Bits of the modulus if this is an RSA key.
    pub fn modulus_bits(&self) -> Option<u32> {
        match self.0 {
            Kind::Rsa { bits, .. } => Some(bits),
            Kind::Hmac(_) | Kind::P256(_) | Kind::Ed25519(_) => None,
        }
    }

    /// Checks that `signature` over `message` was made with `algorithm` by the holder of this key. The caller takes
    /// `algorithm` from its own configuration.
    ///
    /// # Errors
    ///
    /// [`VerifyError::WrongKeyKind`] if this key does not belong to `algorithm`, so that for example a public key is
    /// never used as an HMAC secret; [`VerifyError::BadSignature`] for everything else.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        let verified = match (algorithm, &self.0) {
            (Algorithm::RS256, Kind::Rsa { key, .. })
            | (Algorithm::ES256, Kind::P256(key))
            | (Algorithm::EdDSA, Kind::Ed25519(key)) => key.verify_sig(message, signature).is_ok(),
            (Algorithm::HS256, Kind::Hmac(key)) => key.verify(message, signature),
            (Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA | Algorithm::HS256, _) => {
                return Err(VerifyError::WrongKeyKind);
            }
        };
        if verified { Ok(()) } else { Err(VerifyError::BadSignature) }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0 {
            Kind::Rsa { .. } => "RSA",
            Kind::Hmac(_) => "HMAC",
            Kind::P256(_) => "P-256",
            Kind::Ed25519(_) => "Ed25519",
        };
        write!(f, "VerifyingKey({kind})")
    }
}

const MIN_HMAC_SECRET_LEN: usize = 32;
