//! The proof of a request: an HMAC over its `Date`, under the shared key of an API key.
//!
//! It says that the sender holds the key, and nothing about what is asked for: path and body are not covered, because that
//! is how the protocol's clients sign.

use std::time::Duration;

use countersign_crypto::HmacKey;
use countersign_crypto::encoding::base64_decode;
use countersign_domain::time::Timestamp;

/// How far the clock of a client may be from this server's, in either direction.
pub(super) const DATE_WINDOW: Duration = Duration::from_secs(15 * 60);

/// What a client has signed, and its signature. Unverified.
pub(super) struct SignedDate<'r> {
    /// The `Date` of the request, as it was sent.
    pub(super) date: &'r [u8],
    /// Its signature, in base64.
    pub(super) signature: &'r str,
}

impl SignedDate<'_> {
    /// Whether the signature was made with a shared key. Takes the same time wherever it differs.
    pub(super) fn is_signed_with(&self, key: &HmacKey) -> bool {
        // What is not base64 is compared as well, so that it takes as long as a wrong signature.
        let tag = base64_decode(self.signature).unwrap_or_default();
        key.verify(&[SIGNED_TEXT, self.date].concat(), &tag)
    }
}

/// Whether the time in a request is near enough to now.
pub(super) fn is_in_window(at: Timestamp, now: Timestamp) -> bool {
    at >= now.minus(DATE_WINDOW) && at <= now.plus(DATE_WINDOW)
}

/// What stands before the date in the text that is signed: two lines without a line end at the end.
const SIGNED_TEXT: &[u8] = b"licenseSpring\ndate: ";

#[cfg(test)]
mod tests {
    use super::*;

    /// `contract/license/vectors.json`, `request_hmac`.
    const DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";
    const SIGNATURE: &str = "pK9Ni6EqPU01yChM4o9trQKg7FhSssutpMmIzZZyKZs=";

    #[test]
    fn the_contracts_signature_verifies_and_no_other() {
        let key = HmacKey::new(b"stub-shared-key");
        let signed = |date: &'static str, signature| SignedDate { date: date.as_bytes(), signature };
        assert!(signed(DATE, SIGNATURE).is_signed_with(&key));
        assert!(!signed(DATE, SIGNATURE).is_signed_with(&HmacKey::new(b"stub-shared-kez")));
        assert!(!signed("Thu, 01 Jan 2026 00:00:01 GMT", SIGNATURE).is_signed_with(&key));
        for other in ["", "p", "pK9N", &SIGNATURE[..40], &format!("{SIGNATURE}{SIGNATURE}"), "not base64 at all"] {
            assert!(!signed(DATE, other).is_signed_with(&key), "{other}");
        }
    }

    #[test]
    fn the_window_is_a_quarter_of_an_hour_to_both_sides() {
        let now = Timestamp::from_seconds(1_000_000);
        for (seconds, accepted) in [(0, true), (-900, true), (-901, false), (900, true), (901, false)] {
            assert_eq!(is_in_window(Timestamp::from_seconds(1_000_000 + seconds), now), accepted, "{seconds}");
        }
    }
}
