//! PEM text (RFC 7468), read leniently in white space and strictly in everything else.
//!
//! People paste keys through forms, environment variables and JSON strings that fold or drop line ends, so white
//! space is removed before reading, even inside the label. Text before the first boundary is skipped as RFC 7468 §2
//! allows; anything after the one block is refused, because we would not know which of two keys was meant.

use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::encoding::base64_encode;

/// What is wrong with PEM text.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum PemError {
    /// The text between the boundaries is not base64.
    #[error("the text between the BEGIN and END lines is not base64")]
    NotBase64,
    /// There is no BEGIN line, or no END line that belongs to it.
    #[error("there is no BEGIN line with a matching END line")]
    NoBlock,
    /// Something follows the first block.
    #[error("there is more than one block, or text after it")]
    TextAfterBlock,
}

/// The one block of a PEM text. Its content is wiped when it is dropped, because it may be a private key.
pub(crate) struct PemBlock {
    /// The label without white space, such as `PUBLICKEY`.
    pub(crate) label: String,
    /// The decoded content.
    pub(crate) der: Zeroizing<Vec<u8>>,
}

impl PemBlock {
    pub(crate) fn parse(text: &str) -> Result<Self, PemError> {
        let compact: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !c.is_ascii_whitespace()).collect());
        let (_, after_begin) = compact.split_once(BEGIN).ok_or(PemError::NoBlock)?;
        let (label, after_label) = after_begin.split_once(DASHES).ok_or(PemError::NoBlock)?;
        let (body, after_body) = after_label.split_once(DASHES).ok_or(PemError::NoBlock)?;
        let after_end = after_body
            .strip_prefix("END")
            .and_then(|rest| rest.strip_prefix(label))
            .and_then(|rest| rest.strip_prefix(DASHES))
            .ok_or(PemError::NoBlock)?;
        if !after_end.is_empty() {
            return Err(PemError::TextAfterBlock);
        }
        let der = crate::encoding::base64_decode(body).map_err(|_| PemError::NotBase64)?;
        Ok(Self { label: label.to_owned(), der: Zeroizing::new(der) })
    }
}

/// Whether a text is meant to be PEM.
pub(crate) fn looks_like_pem(text: &str) -> bool {
    text.contains(DASHES)
}

/// A public key, given as DER SubjectPublicKeyInfo, as PEM (RFC 7468 section 13).
#[must_use]
pub fn spki_pem(spki: &[u8]) -> String {
    encode("PUBLIC KEY", spki)
}

/// PEM text with lines of 64 characters and a line end after the last boundary (RFC 7468 §3).
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let mut body = base64_encode(der);
    let mut text = String::with_capacity(body.len() + body.len() / LINE_LEN + 2 * (label.len() + 20));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    for (position, digit) in body.chars().enumerate() {
        if position > 0 && position % LINE_LEN == 0 {
            text.push('\n');
        }
        text.push(digit);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    body.zeroize();
    text
}

const BEGIN: &str = "-----BEGIN";
const DASHES: &str = "-----";
const LINE_LEN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_however_it_is_folded() {
        let der = vec![0xa5; 100];
        let text = encode("PUBLIC KEY", &der);
        assert!(text.lines().all(|line| line.len() <= LINE_LEN));
        let variants = [
            text.clone(),
            text.replace('\n', "\r\n"),
            text.replace('\n', " "),
            text.replace([' ', '\n'], ""),
            format!("Bag Attributes\n{text}"),
        ];
        for variant in variants {
            let block = PemBlock::parse(&variant).unwrap();
            assert_eq!(block.label, "PUBLICKEY");
            assert_eq!(*block.der, der);
        }
    }

    #[test]
    fn refuses_unfinished_mixed_and_repeated_blocks() {
        let text = encode("PUBLIC KEY", b"key");
        let refused = [
            ("", PemError::NoBlock),
            ("-----BEGIN PUBLIC KEY-----", PemError::NoBlock),
            ("-----BEGIN PUBLIC KEY-----AAAA", PemError::NoBlock),
            ("-----BEGIN PUBLIC KEY-----AAAA-----END RSA PUBLIC KEY-----", PemError::NoBlock),
            ("-----BEGIN PUBLIC KEY-----A-----END PUBLIC KEY-----", PemError::NotBase64),
            ("-----BEGIN X-----Proc-Type: 4,ENCRYPTED AAAA-----END X-----", PemError::NotBase64),
        ];
        for (variant, error) in refused {
            assert_eq!(PemBlock::parse(variant).map(|_| ()), Err(error), "{variant}");
        }
        assert_eq!(PemBlock::parse(&format!("{text}{text}")).map(|_| ()), Err(PemError::TextAfterBlock));
    }
}
