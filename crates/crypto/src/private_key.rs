//! Private keys that sign tokens, of the three kinds that our tokens can be signed with.
//!
//! A key is loaded once and kept. What may wait on an asynchronous thread differs: RS256 takes some 0.4 ms of one core,
//! ES256 and EdDSA some 0.03 ms.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

use crate::jwk::Jwk;
use crate::p256::P256PublicKey;
use crate::rsa::{PrivateKeyError, RsaBits, RsaPrivateKey, SignError};
use crate::secret::Secret;
use crate::verifying_key::Algorithm;

/// A key pair for RS256, ES256 or EdDSA. It may be used by several threads at once.
pub struct PrivateKey(Kind);

enum Kind {
    Rsa(Arc<RsaPrivateKey>),
    P256(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl PrivateKey {
    /// Generates a key pair with the library's own randomness; RSA keys have 2048 bits and take 50 ms to over a second.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::Rejected`] for [`Algorithm::HS256`], which has no private keys, and if the library fails.
    pub fn generate(algorithm: Algorithm) -> Result<Self, PrivateKeyError> {
        let rejected = |_| PrivateKeyError::Rejected;
        Ok(Self(match algorithm {
            Algorithm::RS256 => Kind::Rsa(Arc::new(RsaPrivateKey::generate(RsaBits::B2048)?)),
            Algorithm::ES256 => {
                Kind::P256(Box::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(rejected)?))
            }
            Algorithm::EdDSA => Kind::Ed25519(Box::new(Ed25519KeyPair::generate().map_err(rejected)?)),
            Algorithm::HS256 => return Err(PrivateKeyError::Rejected),
        }))
    }

    /// Loads an unencrypted PKCS#8 DER structure (RFC 5208) that holds a key for this algorithm.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError`] if the structure or the key is not acceptable, or is for another algorithm.
    pub fn from_pkcs8_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, PrivateKeyError> {
        let rejected = |_| PrivateKeyError::Rejected;
        Ok(Self(match algorithm {
            Algorithm::RS256 => Kind::Rsa(Arc::new(RsaPrivateKey::from_pkcs8_der(der)?)),
            Algorithm::ES256 => {
                Kind::P256(Box::new(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(rejected)?))
            }
            Algorithm::EdDSA => Kind::Ed25519(Box::new(Ed25519KeyPair::from_pkcs8(der).map_err(rejected)?)),
            Algorithm::HS256 => return Err(PrivateKeyError::Rejected),
        }))
    }

    /// The key as PKCS#8 DER, not encrypted: seal it before it is stored.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::Rejected`] if the library fails, which is not expected to happen.
    pub fn to_pkcs8_der(&self) -> Result<Secret<Vec<u8>>, PrivateKeyError> {
        let rejected = |_| PrivateKeyError::Rejected;
        match &self.0 {
            Kind::Rsa(key) => Ok(key.to_pkcs8_der()),
            Kind::P256(pair) => Ok(Secret::new(pair.to_pkcs8v1().map_err(rejected)?.as_ref().to_vec())),
            Kind::Ed25519(pair) => Ok(Secret::new(pair.to_pkcs8().map_err(rejected)?.as_ref().to_vec())),
        }
    }

    /// The algorithm that it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.0 {
            Kind::Rsa(_) => Algorithm::RS256,
            Kind::P256(_) => Algorithm::ES256,
            Kind::Ed25519(_) => Algorithm::EdDSA,
        }
    }

    /// The public half.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::Rejected`] if the library gives it in another form than is documented.
    pub fn public_jwk(&self) -> Result<Jwk, PrivateKeyError> {
        match &self.0 {
            Kind::Rsa(key) => Ok(Jwk::from_rsa(key.public_key().clone())),
            Kind::P256(pair) => Jwk::from_p256_point(pair.public_key().as_ref()).ok_or(PrivateKeyError::Rejected),
            Kind::Ed25519(pair) => {
                let point = pair.public_key().as_ref().try_into().map_err(|_| PrivateKeyError::Rejected)?;
                Ok(Jwk::from_ed25519(point))
            }
        }
    }

    /// The public half of a key for ES256, as bare coordinates; `None` for the other kinds.
    #[must_use]
    pub fn p256_public_key(&self) -> Option<P256PublicKey> {
        match &self.0 {
            Kind::P256(pair) => P256PublicKey::from_point(pair.public_key().as_ref()),
            Kind::Rsa(_) | Kind::Ed25519(_) => None,
        }
    }

    /// The RSA key, whose signatures take long and are made elsewhere; `None` for the other kinds.
    #[must_use]
    pub fn as_rsa(&self) -> Option<&Arc<RsaPrivateKey>> {
        match &self.0 {
            Kind::Rsa(key) => Some(key),
            Kind::P256(_) | Kind::Ed25519(_) => None,
        }
    }

    /// Signs a message; ES256 gives the two numbers of 32 bytes (RFC 7518 §3.4).
    ///
    /// # Errors
    ///
    /// [`SignError`] if the library fails, which is not expected to happen.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match &self.0 {
            Kind::Rsa(key) => key.sign_pkcs1_sha256(message),
            Kind::P256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| SignError)?;
                Ok(signature.as_ref().to_vec())
            }
            Kind::Ed25519(pair) => Ok(pair.try_sign(message).map_err(|_| SignError)?.as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.algorithm().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{Compact, signing_input};
    use crate::{JwsError, ProtectedHeader, VerifyError};

    #[test]
    fn each_kind_signs_what_its_own_public_half_verifies() {
        for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
            let made = PrivateKey::generate(algorithm).unwrap();
            let key = PrivateKey::from_pkcs8_der(algorithm, made.to_pkcs8_der().unwrap().expose()).unwrap();
            assert_eq!((key.algorithm(), key.as_rsa().is_some()), (algorithm, algorithm == Algorithm::RS256));
            let public = made.public_jwk().unwrap();
            let published = serde_json::Value::Object(public.to_public(algorithm).unwrap()).to_string();
            let read = Jwk::parse(published.as_bytes()).unwrap();
            assert_eq!(read.kid(), Some(public.kid_by_thumbprint().as_str()));
            let input = signing_input(&ProtectedHeader::access_token(algorithm), b"{}");
            let token = input.clone().into_compact(&key.sign(input.as_bytes()).unwrap());
            let parse = || Compact::parse(&token).unwrap();
            let verifying = read.verifying_key(algorithm).unwrap();
            assert_eq!(parse().typ(), Some("at+jwt"));
            assert_eq!(parse().verify(algorithm, &verifying).unwrap().payload(), b"{}");
            let other = PrivateKey::generate(algorithm).unwrap().public_jwk().unwrap();
            assert_eq!(
                parse().verify(algorithm, &other.verifying_key(algorithm).unwrap()),
                Err(JwsError::Verify(VerifyError::BadSignature))
            );
        }
    }

    #[test]
    fn a_key_of_another_kind_is_not_loaded() {
        let der = PrivateKey::generate(Algorithm::ES256).unwrap().to_pkcs8_der().unwrap();
        for algorithm in [Algorithm::RS256, Algorithm::EdDSA, Algorithm::HS256] {
            assert!(PrivateKey::from_pkcs8_der(algorithm, der.expose()).is_err());
        }
        assert!(PrivateKey::generate(Algorithm::HS256).is_err());
    }
}
