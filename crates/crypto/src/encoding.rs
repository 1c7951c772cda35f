//! Text forms of bytes: base64url, base64 and hexadecimal. One value has one text here: non-canonical spellings are
//! refused, because a token that can be spelled in two ways can be counted, cached or revoked under the wrong one.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use thiserror::Error;

/// The text is not the canonical encoding of any bytes.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the text is not a canonical encoding")]
pub struct DecodeError;

/// Encodes with the URL-safe alphabet and without padding (RFC 7515 §2).
pub fn base64url_encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// Decodes base64url without padding (RFC 7515 §2): no white space, no `=`, no other alphabet.
///
/// # Errors
///
/// [`DecodeError`] for any foreign character, an impossible length, or trailing bits that are not zero.
pub fn base64url_decode(text: &str) -> Result<Vec<u8>, DecodeError> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| DecodeError)
}

/// Encodes with the standard alphabet and padding, on one line (RFC 4648 §4).
pub fn base64_encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Decodes standard base64 with padding (RFC 4648 §4).
///
/// # Errors
///
/// [`DecodeError`] for any foreign character, white space included, missing padding, or trailing bits that are not
/// zero.
pub fn base64_decode(text: &str) -> Result<Vec<u8>, DecodeError> {
    BASE64.decode(text.as_bytes()).map_err(|_| DecodeError)
}

/// Decodes standard base64 after dropping ASCII white space, for text that people paste or wrap into lines.
///
/// # Errors
///
/// As [`base64_decode`] for what is left.
pub fn base64_decode_ignoring_whitespace(text: &str) -> Result<Vec<u8>, DecodeError> {
    let compact: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(&compact).map_err(|_| DecodeError)
}

/// Encodes as lower-case hexadecimal.
pub fn hex_encode(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Decodes lower-case hexadecimal.
///
/// # Errors
///
/// [`DecodeError`] for upper-case digits, foreign characters, or an odd number of digits.
pub fn hex_decode(text: &str) -> Result<Vec<u8>, DecodeError> {
    HEXLOWER.decode(text.as_bytes()).map_err(|_| DecodeError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_has_one_spelling() {
        assert_eq!(base64url_encode(&[0xfb, 0xff]), "-_8");
        assert_eq!(base64url_decode("-_8"), Ok(vec![0xfb, 0xff]));
        assert_eq!(base64url_decode(""), Ok(vec![]));
        for refused in ["-_9", "-_8=", "+/8", "-_8 ", " -_8", "-\n_8", "A", "-_8\0", "-_8é"] {
            assert_eq!(base64url_decode(refused), Err(DecodeError), "{refused:?}");
        }
    }

    #[test]
    fn base64_ignores_white_space_only_when_asked() {
        assert_eq!(base64_encode(&[0xfb, 0xff]), "+/8=");
        assert_eq!(base64_decode("+/8="), Ok(vec![0xfb, 0xff]));
        for refused in ["+/8", "+/9=", "-_8=", "+/8 =", "+/8=\n"] {
            assert_eq!(base64_decode(refused), Err(DecodeError), "{refused:?}");
        }
        assert_eq!(base64_decode_ignoring_whitespace(" +/\r\n8\t=\n"), Ok(vec![0xfb, 0xff]));
        assert_eq!(base64_decode_ignoring_whitespace("+/8"), Err(DecodeError));
    }

    #[test]
    fn hexadecimal_is_lower_case() {
        assert_eq!(hex_encode(&[0x00, 0xab]), "00ab");
        assert_eq!(hex_decode("00ab"), Ok(vec![0x00, 0xab]));
        for refused in ["00AB", "0", "0x", "00 ab"] {
            assert_eq!(hex_decode(refused), Err(DecodeError), "{refused:?}");
        }
    }
}
