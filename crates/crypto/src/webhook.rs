//! Signatures of webhooks, as bytes: Standard Webhooks 1.0.0 with HMAC-SHA256 (`v1`) or Ed25519 (`v1a`), and the header of
//! license webhooks (`t=…,v1=…`). Whoever sends says when; whoever verifies says what time it is.

mod license;
mod secret;
mod standard;

pub use license::license_signature;
pub use secret::{WebhookSecret, WebhookSecretError};
pub use standard::{TOLERANCE_SECONDS, WebhookMessage, WebhookRefusal, standard_signature, verify_standard};
