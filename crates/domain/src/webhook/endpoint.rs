//! Receivers of webhooks.

use super::settings::EndpointSettings;
use super::trouble::Trouble;
use crate::ids::{EndpointId, SiteId, WebhookSecretId};
use crate::licensing::lines::words;
use crate::text::EndpointName;
use crate::time::Timestamp;

/// Most receivers of a site: each event is compared with all of them.
pub const ENDPOINTS: usize = 500;
/// Most secrets of a receiver that sign at the same time: each makes the header longer.
pub const SECRETS: usize = 10;

words! {
    /// Whether a receiver is sent to.
    EndpointState {
        /// Not any more: it has failed for too long. Its events are held.
        Failed = "failed",
        /// Not any more: it has answered that it is gone (410). Its events are held.
        Gone = "gone",
        /// Not by decision of the producer. Its events are held.
        Disabled = "disabled",
        /// It is.
        Enabled = "enabled",
        /// No deliveries are made for it at all.
        Off = "off",
    }

    /// With what webhooks are signed (Standard Webhooks).
    SignatureKind {
        /// Ed25519 (`v1a`): the receiver holds no secret.
        Ed25519 = "ed25519",
        /// HMAC-SHA256 (`v1`).
        Hmac = "hmac",
    }
}

impl EndpointState {
    /// Whether events are kept for it until it is enabled.
    #[must_use]
    pub fn holds(self) -> bool {
        matches!(self, Self::Disabled | Self::Failed | Self::Gone)
    }
}

/// A receiver of webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Row id.
    pub id: EndpointId,
    /// The site whose events it hears.
    pub site: SiteId,
    /// What people call it, unique in the site.
    pub name: EndpointName,
    /// What the producer has laid down.
    pub settings: EndpointSettings,
    /// What it is logged in to with, sealed; see [`Authorization`](super::Authorization).
    pub sealed_authorization: Option<Vec<u8>>,
    /// Whether it is sent to.
    pub state: EndpointState,
    /// What is wrong with it; `None`: its last attempt was good.
    pub trouble: Option<Trouble>,
    /// Nothing is sent before: it has said that it is too busy.
    pub paused_until: Option<Timestamp>,
    /// It hears of events of its site with higher numbers than this one.
    pub after_number: i64,
    /// Counts changes of its settings.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its settings changed last.
    pub changed_at: Timestamp,
}

/// A receiver that is about to be written. It hears of what is committed from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEndpoint {
    /// See [`Endpoint::name`].
    pub name: EndpointName,
    /// See [`Endpoint::settings`].
    pub settings: EndpointSettings,
    /// See [`Endpoint::sealed_authorization`].
    pub sealed_authorization: Option<Vec<u8>>,
    /// See [`Endpoint::state`].
    pub state: EndpointState,
}

/// A secret that webhooks to a receiver are signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSecret {
    /// Row id.
    pub id: WebhookSecretId,
    /// The receiver.
    pub endpoint: EndpointId,
    /// What it is.
    pub kind: SignatureKind,
    /// The secret, sealed: the bytes of an HMAC key, or the 32 bytes of an Ed25519 seed.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs no more; `None`: it is the current one.
    pub ends_at: Option<Timestamp>,
}

impl WebhookSecret {
    /// Whether it signs at `now`.
    #[must_use]
    pub fn signs(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }
}

/// A secret that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWebhookSecret {
    /// See [`WebhookSecret::kind`].
    pub kind: SignatureKind,
    /// See [`WebhookSecret::sealed`].
    pub sealed: Vec<u8>,
}
