//! The little of P-256 that codes across an air gap need: public keys as bare coordinates, one-time private keys as bare
//! numbers, and signatures over SHA-1, because that is what the devices there make.

use std::fmt;

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey as Agreement};
use aws_lc_rs::digest::{Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};

use crate::der;
use crate::rsa::{PrivateKeyError, SignError};
use crate::verifying_key::VerifyError;

/// Bytes of both coordinates.
pub const P256_COORDINATES: usize = 64;

/// A public key on the curve P-256 (SEC 1 section 2.3.3, uncompressed).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct P256PublicKey([u8; P256_COORDINATES]);

impl P256PublicKey {
    /// The public half of a private number.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::Rejected`] when it is zero or not below the order of the curve.
    pub fn of_scalar(scalar: &[u8; 32]) -> Result<Self, PrivateKeyError> {
        let rejected = |_| PrivateKeyError::Rejected;
        let pair = Agreement::from_private_key(&ECDH_P256, scalar).map_err(|_| PrivateKeyError::Rejected)?;
        let point = pair.compute_public_key().map_err(rejected)?;
        Self::from_point(point.as_ref()).ok_or(PrivateKeyError::Rejected)
    }

    /// The key of its coordinates, X and then Y. Whether they are on the curve shows when it verifies.
    #[must_use]
    pub fn from_coordinates(coordinates: [u8; P256_COORDINATES]) -> Self {
        Self(coordinates)
    }

    /// The key of an uncompressed point.
    pub(crate) fn from_point(point: &[u8]) -> Option<Self> {
        point.strip_prefix(&[UNCOMPRESSED])?.try_into().ok().map(Self)
    }

    /// X and then Y.
    #[must_use]
    pub fn coordinates(&self) -> &[u8; P256_COORDINATES] {
        &self.0
    }

    /// Verifies a signature, the numbers r and s of 32 bytes each, over the SHA-1 of a message. Use it where a protocol leaves
    /// no choice.
    ///
    /// # Errors
    ///
    /// [`VerifyError::BadSignature`] when it does not fit, without saying why.
    pub fn verify_sha1(&self, message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        let (r, s) = signature.split_at_checked(32).filter(|(_, s)| s.len() == 32).ok_or(VerifyError::BadSignature)?;
        let signature = der::write(der::SEQUENCE, &[&der::write_unsigned(r), &der::write_unsigned(s)]);
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA1_ASN1, self.point());
        key.verify(message, &signature).map_err(|_| VerifyError::BadSignature)
    }

    /// The same over the SHA-256 of a message.
    ///
    /// # Errors
    ///
    /// As for [`P256PublicKey::verify_sha1`].
    pub fn verify_sha256(&self, message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.point());
        key.verify(message, signature).map_err(|_| VerifyError::BadSignature)
    }

    fn point(&self) -> Vec<u8> {
        [&[UNCOMPRESSED][..], &self.0].concat()
    }
}

/// A one-time private key on the curve P-256, which answers an initialization code.
pub struct P256PrivateKey(EcdsaKeyPair);

impl P256PrivateKey {
    /// The key of a private number.
    ///
    /// # Errors
    ///
    /// [`PrivateKeyError::Rejected`] when it is zero or not below the order of the curve.
    pub fn from_scalar(scalar: &[u8; 32]) -> Result<Self, PrivateKeyError> {
        let point = P256PublicKey::of_scalar(scalar)?.point();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, &point);
        pair.map(Self).map_err(|_| PrivateKeyError::Rejected)
    }

    /// Signs the SHA-1 of a message: the numbers r and s of 32 bytes each. Use it where a protocol leaves no choice.
    ///
    /// # Errors
    ///
    /// [`SignError`] if the library fails, which is not expected to happen.
    pub fn sign_sha1(&self, message: &[u8]) -> Result<[u8; P256_COORDINATES], SignError> {
        // The library signs no SHA-1. What is signed is a number (FIPS 186-5 section 6.4.1), and that of a short digest is that
        // of the same digest behind zeros.
        let short = digest(&SHA1_FOR_LEGACY_USE_ONLY, message);
        let mut padded = [0; 32];
        padded.iter_mut().rev().zip(short.as_ref().iter().rev()).for_each(|(to, from)| *to = *from);
        let number = Digest::import_less_safe(&padded, &SHA256).map_err(|_| SignError)?;
        let signature = self.0.sign_digest(&number).map_err(|_| SignError)?;
        signature.as_ref().try_into().map_err(|_| SignError)
    }
}

impl fmt::Debug for P256PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P256PrivateKey(..)")
    }
}

impl fmt::Debug for P256PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P256PublicKey")
    }
}

/// What an uncompressed point begins with.
const UNCOMPRESSED: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{base64_decode, base64_encode};

    /// `contract/license/vectors.json`, `air_gap`: made with deterministic nonces by another program.
    const INITIALIZATION: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    const ACTIVATION: &str = "o6aAyjFmiP/dIl3mDgc5W4OnPMt32wtIWnDBDCZcCRfKJFUVsmhZyeUSEmin608uVOZGQi3EUZq8zhl7gwCgHQ==";
    const COMPANY: &str = "HxQBRr+xslH4T03b4NTNz9d6/ZhKlSDjV5QCH4MSu57smVoIsfp3BN89zAtQqWZSY/t3Eflfn4pEnFCW5HyJKw==";
    const CONFIRMATION: &str =
        "wUau/VotLvi4kHJFo/Ccvto7qdud4z+4XvfofeLmBpeNVN9ta45GwcJYg47pE6Rz4sLoVteW5VXT0Ow2d2I1VA==";

    fn scalar(from: u8) -> [u8; 32] {
        std::array::from_fn(|index| from + u8::try_from(index).unwrap())
    }

    #[test]
    fn the_contracts_codes_verify_and_no_other() {
        assert_eq!(base64_encode(&scalar(1)), INITIALIZATION);
        let one_time = P256PublicKey::of_scalar(&scalar(1)).unwrap();
        let activation = base64_decode(ACTIVATION).unwrap();
        one_time.verify_sha1(b"HW-TEST-1AIRG-APPD-0000-0001", &activation).unwrap();
        let company = P256PublicKey::of_scalar(&scalar(33)).unwrap();
        assert_eq!(base64_encode(company.coordinates()), COMPANY);
        let confirmation = base64_decode(CONFIRMATION).unwrap();
        let company = P256PublicKey::from_coordinates(*company.coordinates());
        company.verify_sha256(b"HW-TEST-1AIRG-APPD-0000-000142", &confirmation).unwrap();

        assert!(one_time.verify_sha1(b"HW-TEST-2AIRG-APPD-0000-0001", &activation).is_err());
        assert!(one_time.verify_sha256(b"HW-TEST-1AIRG-APPD-0000-0001", &activation).is_err());
        assert!(company.verify_sha1(b"HW-TEST-1AIRG-APPD-0000-0001", &activation).is_err());
        assert!(company.verify_sha256(b"HW-TEST-1AIRG-APPD-0000-000143", &confirmation).is_err());
        for length in [0, 1, 32, 63] {
            assert!(one_time.verify_sha1(b"HW-TEST-1AIRG-APPD-0000-0001", &activation[..length]).is_err());
        }
        let longer = [&activation[..], &[0]].concat();
        assert!(one_time.verify_sha1(b"HW-TEST-1AIRG-APPD-0000-0001", &longer).is_err());
        let nowhere = P256PublicKey::from_coordinates([7; 64]);
        assert!(nowhere.verify_sha1(b"HW-TEST-1AIRG-APPD-0000-0001", &activation).is_err());
        assert!(nowhere.verify_sha256(b"", &[1; 64]).is_err());
    }

    /// Signatures by OpenSSL whose r (the first two) or s begins with a zero, one in 128 of all.
    #[test]
    fn numbers_that_begin_with_zeros_verify_too() {
        let one_time = P256PublicKey::of_scalar(&scalar(1)).unwrap();
        for code in [
            "AJfWWba4ConsLP2s7gUrWdPwW4bEfaNWniym3P3tTrsJ7Ka7TWNywlEiStqB+njBQJVh9/JZDzVcKUX6TIWuug==",
            "AGBZaTRFwQIS7hFODcw3BZlmf3YjWs9bUU8iPxM8pibdBx3GuEHnFMoVWJgpEAEW4XKIOAA6X5WVcKMFfBr2IQ==",
            "Ml1mXysiCwsvOk4OD5eGbHopeHC1xmiG8MAcwgnGTOMAvuNBj8Qk0PlH8Td0GC0EXIW+RNwbIOMOcNG4wQdp+A==",
            "Y9ShrVArsC1nPXnLAQu5uA2CeXPTgOPRMgDRbnujwW8AGIRMcOrur3YPdDV32bFNTOSUEaPz6+6pHQKcq5MAcQ==",
        ] {
            let code = base64_decode(code).unwrap();
            one_time.verify_sha1(b"HW-TEST-1AIRG-APPD-0000-0001", &code).unwrap();
            assert!(one_time.verify_sha1(b"HW-TEST-1AIRG-APPD-0000-0002", &code).is_err());
        }
    }

    #[test]
    fn a_one_time_key_signs_what_its_public_half_verifies() {
        let (private, public) =
            (P256PrivateKey::from_scalar(&scalar(1)), P256PublicKey::of_scalar(&scalar(1)).unwrap());
        let signature = private.unwrap().sign_sha1(b"HW-TEST-1AIRG-APPD-0000-0001").unwrap();
        public.verify_sha1(b"HW-TEST-1AIRG-APPD-0000-0001", &signature).unwrap();
        assert!(public.verify_sha1(b"HW-TEST-1AIRG-APPD-0000-0002", &signature).is_err());
        let other = P256PublicKey::of_scalar(&scalar(33)).unwrap();
        assert!(other.verify_sha1(b"HW-TEST-1AIRG-APPD-0000-0001", &signature).is_err());
    }

    #[test]
    fn numbers_outside_of_the_order_are_no_keys() {
        assert!(P256PrivateKey::from_scalar(&[0; 32]).is_err());
        assert!(P256PublicKey::of_scalar(&[0; 32]).is_err());
        assert!(P256PublicKey::of_scalar(&[0xff; 32]).is_err());
    }
}
