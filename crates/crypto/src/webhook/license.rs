//! The signature header of license webhooks: `t={unix seconds},v1={hex HMAC-SHA256}`.

use super::secret::{Kind, WebhookSecret};
use crate::encoding::hex_encode;
use crate::hmac::HmacKey;

/// The value of the header. The key is the secret's text as its owner sees it, and what is signed is the time, a dot and
/// the body. Several secrets give several `v1` parts. A key pair has no part: this form knows HMAC alone.
#[must_use]
pub fn license_signature<'s>(
    secrets: impl IntoIterator<Item = &'s WebhookSecret>,
    timestamp: i64,
    body: &[u8],
) -> String {
    let mut value = format!("t={timestamp}");
    let text = [timestamp.to_string().as_bytes(), b".", body].concat();
    for secret in secrets {
        if matches!(secret.kind(), Kind::Ed25519(_)) {
            continue;
        }
        let key = HmacKey::new(secret.text().expose().as_bytes());
        value.push_str(",v1=");
        value.push_str(&hex_encode(&key.sign(&text)));
    }
    value
}
