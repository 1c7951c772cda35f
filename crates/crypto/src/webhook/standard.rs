//! The signature header of Standard Webhooks 1.0.0 ("Verifying webhook authenticity"), made and verified.

use super::secret::{Kind, WebhookSecret};
use crate::encoding::{base64_decode, base64_encode};
use crate::rsa::SignError;

/// What is signed: one attempt to deliver one message.
#[derive(Clone, Copy, Debug)]
pub struct WebhookMessage<'a> {
    /// `webhook-id`: the same for each attempt.
    pub id: &'a str,
    /// `webhook-timestamp`: when this attempt begins, in seconds since 1970.
    pub timestamp: i64,
    /// The body, exactly as it is sent.
    pub body: &'a [u8],
}

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WebhookRefusal {
    /// The time is no number of seconds.
    #[error("the webhook timestamp is no number of seconds")]
    Malformed,
    /// No entry of the signature fits.
    #[error("no signature of the webhook fits")]
    Signature,
    /// The time is too far from now, in either direction.
    #[error("the webhook timestamp is more than {TOLERANCE_SECONDS} seconds from now")]
    Time,
}

impl WebhookMessage<'_> {
    fn signed_text(&self) -> Vec<u8> {
        signed_text(self.id, &self.timestamp.to_string(), self.body)
    }
}

fn signed_text(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

/// The value of `webhook-signature`: one entry for each secret, so that a receiver which still holds the old one, and one
/// which already holds the new one, both find theirs.
///
/// # Errors
///
/// [`SignError`] if the library fails, which is not expected to happen.
pub fn standard_signature<'s>(
    secrets: impl IntoIterator<Item = &'s WebhookSecret>,
    message: &WebhookMessage<'_>,
) -> Result<String, SignError> {
    let text = message.signed_text();
    let mut value = String::new();
    for secret in secrets {
        let entry = match secret.kind() {
            Kind::Hmac(key) => ["v1,", &base64_encode(&key.sign(&text))].concat(),
            Kind::Ed25519(pair) => {
                let signature = pair.try_sign(&text).map_err(|_| SignError)?;
                ["v1a,", &base64_encode(signature.as_ref())].concat()
            }
        };
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(&entry);
    }
    Ok(value)
}

/// Verifies what a receiver got: the three headers and the body, at a time in seconds since 1970. Entries of versions that
/// the secret is not for are passed over.
///
/// # Errors
///
/// [`WebhookRefusal`] says why it must not be believed.
pub fn verify_standard(
    secret: &WebhookSecret,
    id: &str,
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: i64,
) -> Result<(), WebhookRefusal> {
    let sent = timestamp.parse::<i64>().map_err(|_| WebhookRefusal::Malformed)?;
    if now.abs_diff(sent) > TOLERANCE_SECONDS {
        return Err(WebhookRefusal::Time);
    }
    let text = signed_text(id, timestamp, body);
    let fits = signature.split(' ').take(ENTRIES).any(|entry| match (secret.kind(), entry.split_once(',')) {
        (Kind::Hmac(key), Some(("v1", tag))) => base64_decode(tag).is_ok_and(|tag| key.verify(&text, &tag)),
        (Kind::Ed25519(pair), Some(("v1a", tag))) => {
            use aws_lc_rs::signature::{ED25519, KeyPair as _, UnparsedPublicKey};
            let public = UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref());
            base64_decode(tag).is_ok_and(|tag| public.verify(&text, &tag).is_ok())
        }
        _ => false,
    });
    if fits { Ok(()) } else { Err(WebhookRefusal::Signature) }
}

/// How far the time of a webhook may be from now, in seconds, as the reference libraries have it.
pub const TOLERANCE_SECONDS: u64 = 300;

/// Entries of a signature that are looked at: senders have one or two.
const ENTRIES: usize = 16;
