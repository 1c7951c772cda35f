//! A certificate that a key signs for itself (RFC 5280 §4.1): the form in which some protocols publish a bare public key.
//! It vouches for nothing, and nobody here reads one as a promise; [`crate::RsaPublicKey::parse_upload`] takes the key out.
//!
//! Written by hand, because it is four structures of DER, and a crate for it would bring a second way to hold keys.

use crate::der::{self, write, write_unsigned};
use crate::digest::sha256;
use crate::pem;
use crate::rsa::{RsaPrivateKey, SignError};

/// A certificate of version 3, in PEM, for the public half of `key`. How long the key is used is not its business: it is valid
/// from 2020 without an end, and the same key and name give the same certificate. `name` is cut off after 64 characters
/// (RFC 5280 appendix A.1, ub-common-name).
///
/// # Errors
///
/// [`SignError`] if the library fails, which is not expected to happen.
pub fn self_signed_pem(key: &RsaPrivateKey, name: &str) -> Result<String, SignError> {
    Ok(pem::encode("CERTIFICATE", &self_signed(key, name)?))
}

fn self_signed(key: &RsaPrivateKey, name: &str) -> Result<Vec<u8>, SignError> {
    let spki = key.public_key_spki();
    let algorithm = write(der::SEQUENCE, &[&write(der::OBJECT_IDENTIFIER, &[SHA256_WITH_RSA]), &write(der::NULL, &[])]);
    let name = distinguished_name(name);
    let validity = write(der::SEQUENCE, &[&write(UTC_TIME, &[BEGINNING]), &write(GENERALIZED_TIME, &[NO_END])]);
    let to_be_signed = write(
        der::SEQUENCE,
        &[
            &write(VERSION, &[&write_unsigned(&[VERSION_3])]),
            &serial_number(&spki),
            &algorithm,
            &name,
            &validity,
            &name,
            &spki,
        ],
    );
    let signature = key.sign_pkcs1_sha256(&to_be_signed)?;
    Ok(write(der::SEQUENCE, &[&to_be_signed, &algorithm, &write(der::BIT_STRING, &[&[0], &signature])]))
}

/// Positive, and different for every key (RFC 5280 §4.1.2.2).
fn serial_number(spki: &[u8]) -> Vec<u8> {
    let digest = sha256(spki);
    let mut number: Vec<u8> = digest.iter().copied().take(SERIAL_LEN).collect();
    if let Some(first) = number.first_mut() {
        *first = *first & 0x3f | 0x40;
    }
    write_unsigned(&number)
}

/// One common name (RFC 5280 §4.1.2.4).
fn distinguished_name(name: &str) -> Vec<u8> {
    let name: String = name.chars().take(NAME_CHARS).collect();
    let attribute = write(
        der::SEQUENCE,
        &[&write(der::OBJECT_IDENTIFIER, &[COMMON_NAME]), &write(UTF8_STRING, &[name.as_bytes()])],
    );
    write(der::SEQUENCE, &[&write(SET, &[&attribute])])
}

/// 1.2.840.113549.1.1.11, sha256WithRSAEncryption (RFC 4055 §5).
const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
/// 2.5.4.3, common name.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 2020-01-01T00:00:00Z, before any key was made here (RFC 5280 §4.1.2.5.1).
const BEGINNING: &[u8] = b"200101000000Z";
/// 9999-12-31T23:59:59Z: the certificate has no end (RFC 5280 §4.1.2.5).
const NO_END: &[u8] = b"99991231235959Z";
/// Version 3 is written as 2.
const VERSION_3: u8 = 2;
/// Bytes of a serial number; at most 20 are allowed.
const SERIAL_LEN: usize = 16;
/// Characters of a common name.
const NAME_CHARS: usize = 64;

const VERSION: u8 = 0xa0;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SET: u8 = 0x31;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RsaBits, RsaPublicKey};

    #[test]
    fn the_key_comes_out_of_its_certificate() {
        let key = RsaPrivateKey::generate(RsaBits::B2048).unwrap();
        let text = self_signed_pem(&key, &"ä".repeat(100)).unwrap();
        assert_eq!(RsaPublicKey::parse_upload(&text).unwrap(), *key.public_key());
        assert_eq!(self_signed_pem(&key, &"ä".repeat(64)).unwrap(), text, "it is always the same one");
    }
}
