//! HTTP Basic as OAuth clients write it (RFC 6749 section 2.3.1): both halves are form-encoded before they are joined. Many
//! clients leave that out; IDs and secrets that we make read the same both ways.

use countersign_crypto::Secret;
use countersign_crypto::encoding::base64_decode;

use crate::form::decode;

/// Longest accepted header value, in bytes.
const LIMIT: usize = 4096;

/// ID and secret out of the value of an `Authorization` header; `None` when they cannot be read.
pub(crate) fn read(value: &str) -> Option<(String, Secret<String>)> {
    let text = value.trim();
    if text.len() > LIMIT {
        return None;
    }
    // Some clients leave the padding away.
    let padded = Secret::new(format!("{text}{}", "=".repeat(text.len().wrapping_neg() % 4)));
    let decoded = Secret::new(String::from_utf8(base64_decode(padded.expose()).ok()?).ok()?);
    let (client_id, secret) = decoded.expose().split_once(':')?;
    Some((decode(client_id)?, Secret::new(decode(secret)?)))
}

#[cfg(test)]
mod tests {
    use countersign_crypto::encoding::base64_encode;

    use super::*;

    #[test]
    fn both_halves_are_decoded() {
        let read_text = |text: &str| {
            read(&base64_encode(text.as_bytes())).map(|(id, secret)| format!("{id} / {}", secret.expose()))
        };
        assert_eq!(read_text("app-1:s-._~").as_deref(), Some("app-1 / s-._~"));
        assert_eq!(read_text("a%3Ab:c+d:e").as_deref(), Some("a:b / c d:e"));
        assert_eq!(read_text("a:").as_deref(), Some("a / "));
        assert_eq!(read_text("ab"), None);
        assert!(read("YTpi").is_some() && read(" YTpiYw ").is_some() && read("YTpiYw==").is_some());
        for broken in ["", "!!", "YTpi=", "/w==", &"A".repeat(5000)] {
            assert!(read(broken).is_none(), "{broken:?}");
        }
    }
}
