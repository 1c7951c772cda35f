//! Reads a public key in any of the shapes in which people send one.

use super::{KeyParseError, RsaPublicKey};
use crate::der::{self, DerError, Reader};
use crate::encoding::base64_decode_ignoring_whitespace;
use crate::pem::{PemBlock, looks_like_pem};

pub(super) fn parse(text: &str) -> Result<RsaPublicKey, KeyParseError> {
    if text.len() > MAX_TEXT_LEN {
        return Err(KeyParseError::TooLong);
    }
    if text.bytes().all(|byte| byte.is_ascii_whitespace()) {
        return Err(KeyParseError::Empty);
    }
    if looks_like_pem(text) {
        return parse_pem(text);
    }
    let der = base64_decode_ignoring_whitespace(text).map_err(|_| KeyParseError::NotBase64)?;
    match shape_of(&der)? {
        Shape::Certificate => parse_certificate(&der),
        Shape::Pkcs1 => RsaPublicKey::from_pkcs1_der(&der),
        Shape::PrivateKey => Err(KeyParseError::PrivateKey),
        Shape::Spki => RsaPublicKey::from_spki_der(&der),
    }
}

fn parse_pem(text: &str) -> Result<RsaPublicKey, KeyParseError> {
    // Said before the block is decoded, so that an encrypted private key is recognized too.
    if text.split_ascii_whitespace().collect::<String>().contains("PRIVATEKEY-----") {
        return Err(KeyParseError::PrivateKey);
    }
    let block = PemBlock::parse(text)?;
    match block.label.as_str() {
        "CERTIFICATE" => parse_certificate(&block.der),
        "PUBLICKEY" => RsaPublicKey::from_spki_der(&block.der),
        "RSAPUBLICKEY" => RsaPublicKey::from_pkcs1_der(&block.der),
        _ => Err(KeyParseError::UnknownPemLabel),
    }
}

/// Takes the public key out of an X.509 certificate (RFC 5280 §4.1). Nothing else of the certificate is looked at: the
/// producer vouches for the key by uploading it, and its validity period is not ours to judge.
fn parse_certificate(certificate: &[u8]) -> Result<RsaPublicKey, KeyParseError> {
    let mut outer = Reader::new(certificate);
    let mut parts = outer.read_sequence()?;
    outer.finish()?;
    let mut signed = parts.read_sequence()?;
    parts.read(der::SEQUENCE)?; // signatureAlgorithm
    parts.read(der::BIT_STRING)?; // signatureValue
    parts.finish()?;

    if signed.peek() == Some(der::CONTEXT_0) {
        signed.read(der::CONTEXT_0)?; // version
    }
    signed.read(der::INTEGER)?; // serialNumber
    signed.read(der::SEQUENCE)?; // signature
    signed.read(der::SEQUENCE)?; // issuer
    signed.read(der::SEQUENCE)?; // validity
    signed.read(der::SEQUENCE)?; // subject
    let spki = signed.read(der::SEQUENCE)?;
    RsaPublicKey::from_spki_der(&der::write(der::SEQUENCE, &[spki]))
}

/// What a DER structure is, judged by its first members.
enum Shape {
    Certificate,
    Pkcs1,
    PrivateKey,
    Spki,
}

fn shape_of(der: &[u8]) -> Result<Shape, KeyParseError> {
    let mut members = Reader::new(der).read_sequence()?;
    match members.peek() {
        // Private keys begin with a version (RFC 5208, RFC 5915, RFC 8017 appendix A.1.2), public ones with the modulus.
        Some(der::INTEGER) => Ok(match members.read_unsigned()? {
            [] | [1] => Shape::PrivateKey,
            _ => Shape::Pkcs1,
        }),
        Some(der::SEQUENCE) => Ok(match members.read_sequence()?.peek() {
            Some(der::CONTEXT_0 | der::INTEGER) => Shape::Certificate,
            _ => Shape::Spki,
        }),
        _ => Err(DerError::UnexpectedTag { expected: der::SEQUENCE }.into()),
    }
}

/// A certificate with a large key and many names has a few KiB.
const MAX_TEXT_LEN: usize = 64 * 1024;
