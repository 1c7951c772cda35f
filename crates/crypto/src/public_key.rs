//! RSA public keys as numbers: what makes one acceptable at all, and its canonical encodings.
//!
//! Whether a small key may be used is a question of policy that [`crate::VerifyingKey`] asks; here a key only has to
//! be a sound one of 1024 to 8192 bits.

mod roca;
mod upload;

use thiserror::Error;

use crate::der::{self, DerError, Reader};
use crate::encoding::base64_encode;
use crate::pem::PemError;

/// Why a text or DER value is not an RSA public key we can use. The texts are written for the producer who sent it.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum KeyParseError {
    /// The DER structure is damaged.
    #[error(
        "the key is damaged: its DER encoding cannot be read; export it again, for example with `openssl pkey -pubin -outform DER`"
    )]
    BadDer(#[from] DerError),
    /// The public exponent is even, 1, or longer than 32 bits.
    #[error("the public exponent of the key is unusable; generate a key with the usual exponent 65537")]
    BadExponent,
    /// The modulus is even or zero.
    #[error("the modulus of the key is not a product of odd primes; generate a new key")]
    BadModulus,
    /// There is no text.
    #[error("no key was sent; send the RSA public key as PEM, or as base64 of its DER encoding")]
    Empty,
    /// The text is neither PEM nor base64.
    #[error(
        "the key is neither PEM nor base64; send the PEM file as it is, or base64 (with padding) of the DER encoding"
    )]
    NotBase64,
    /// The key or certificate holds another kind of key.
    #[error("the key is not an RSA key; tokens are checked with RS256, so send the public half of an RSA key")]
    NotRsa,
    /// The PEM text is damaged.
    #[error("the PEM text cannot be read; send exactly one block with its BEGIN and END lines")]
    Pem(#[from] PemError),
    /// The private half was sent.
    #[error("this is a private key; send only the public key, and replace this pair, because it has been disclosed")]
    PrivateKey,
    /// The modulus has a size outside the supported range.
    #[error("the key has {bits} bits; supported are 1024 to 8192 bits, and 2048 or more are recommended")]
    Size {
        /// Bits of the modulus.
        bits: u32,
    },
    /// The text is longer than any key.
    #[error("the text is too long to be a key; send the public key alone")]
    TooLong,
    /// The PEM block is of a kind that holds no public key.
    #[error("a PEM block of this kind holds no public key; send PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE")]
    UnknownPemLabel,
    /// The key was made by a library whose keys can be factored (CVE-2017-15361).
    #[error("the key comes from a generator with a known weakness (ROCA); generate a new key with current software")]
    WeakKey,
}

/// A sound RSA public key: 1024 to 8192 bits, odd modulus, odd exponent from 3 up to 32 bits, not from the
/// generator with the ROCA weakness.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct RsaPublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl RsaPublicKey {
    /// Makes a key from its two numbers, big-endian and without leading zeros.
    ///
    /// # Errors
    ///
    /// [`KeyParseError`] if the numbers do not make a sound key.
    pub fn from_components(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyParseError> {
        let (Some(1..), Some(last)) = (modulus.first(), modulus.last()) else {
            return Err(KeyParseError::BadModulus);
        };
        let bits = bit_length(modulus);
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            return Err(KeyParseError::Size { bits });
        }
        if last % 2 == 0 {
            return Err(KeyParseError::BadModulus);
        }
        let exponent_is_sound = match exponent {
            [] | [0, ..] | [1] => false,
            [.., last] => last % 2 == 1 && exponent.len() <= MAX_EXPONENT_LEN,
        };
        if !exponent_is_sound {
            return Err(KeyParseError::BadExponent);
        }
        if roca::has_fingerprint(modulus) {
            return Err(KeyParseError::WeakKey);
        }
        Ok(Self { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
    }

    /// Reads a DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 3279 §2.3.1).
    ///
    /// # Errors
    ///
    /// [`KeyParseError`] for damaged DER, trailing bytes, another algorithm, or an unsound key.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, KeyParseError> {
        let mut outer = Reader::new(spki);
        let mut info = outer.read_sequence()?;
        outer.finish()?;
        let mut algorithm = info.read_sequence()?;
        if algorithm.read(der::OBJECT_IDENTIFIER)? != RSA_ENCRYPTION {
            return Err(KeyParseError::NotRsa);
        }
        // RFC 3279 §2.3.1: the parameters field must be there and must be NULL.
        if !algorithm.read(der::NULL)?.is_empty() {
            return Err(DerError::BadLength.into());
        }
        algorithm.finish()?;
        let key = info.read_bit_string()?;
        info.finish()?;
        Self::from_pkcs1_der(key)
    }

    /// Reads a DER RSAPublicKey (RFC 8017 appendix A.1.1, "PKCS#1").
    ///
    /// # Errors
    ///
    /// [`KeyParseError`] for damaged DER, trailing bytes, or an unsound key.
    pub fn from_pkcs1_der(pkcs1: &[u8]) -> Result<Self, KeyParseError> {
        let mut outer = Reader::new(pkcs1);
        let mut key = outer.read_sequence()?;
        outer.finish()?;
        let modulus = key.read_unsigned()?;
        let exponent = key.read_unsigned()?;
        key.finish()?;
        Self::from_components(modulus, exponent)
    }

    /// Reads a key as people send it: PEM (`PUBLIC KEY`, `RSA PUBLIC KEY`, `CERTIFICATE`) or base64 of the same
    /// DER structures, with white space anywhere (`docs/protocol/jose.md`).
    ///
    /// # Errors
    ///
    /// [`KeyParseError`] with a text that tells the sender what to do.
    pub fn parse_upload(text: &str) -> Result<Self, KeyParseError> {
        upload::parse(text)
    }

    /// Bits of the modulus.
    pub fn bits(&self) -> u32 {
        bit_length(&self.modulus)
    }

    /// The modulus, big-endian without leading zeros.
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// The public exponent, big-endian without leading zeros.
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// The canonical SubjectPublicKeyInfo, whatever form the key came in.
    pub fn spki_der(&self) -> Vec<u8> {
        let algorithm = der::write(
            der::SEQUENCE,
            &[&der::write(der::OBJECT_IDENTIFIER, &[RSA_ENCRYPTION]), &der::write(der::NULL, &[])],
        );
        let key =
            der::write(der::SEQUENCE, &[&der::write_unsigned(&self.modulus), &der::write_unsigned(&self.exponent)]);
        der::write(der::SEQUENCE, &[&algorithm, &der::write(der::BIT_STRING, &[&[0], &key])])
    }

    /// [`RsaPublicKey::spki_der`] in standard base64 on one line, as the key endpoints of the producer API carry it.
    pub fn spki_base64(&self) -> String {
        base64_encode(&self.spki_der())
    }
}

/// The object identifier 1.2.840.113549.1.1.1 (RFC 3279 §2.3.1). A key marked for PSS only has another one.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// The vendor's own samples are 1024-bit keys, so those must at least be readable.
const MIN_BITS: u32 = 1024;

/// The largest modulus the crypto library verifies with.
const MAX_BITS: u32 = 8192;

/// Every exponent in use fits; the crypto library stops at 33 bits.
const MAX_EXPONENT_LEN: usize = 4;

fn bit_length(number: &[u8]) -> u32 {
    let bytes = u32::try_from(number.len()).unwrap_or(u32::MAX);
    let unused = number.first().map_or(0, |first| first.leading_zeros());
    bytes.saturating_mul(8).saturating_sub(unused)
}
