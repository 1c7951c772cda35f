//! What the engine asks of others: the form in which an event is told, and the way to a receiver.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_crypto::Secret;
use countersign_crypto::webhook::WebhookSecret;
use countersign_domain::ids::SiteId;
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{
    AttemptOutcome, Checkpoint, CloudEventsMode, EndpointSettings, EventFacts, PayloadFormat,
};
use countersign_store::BoxFuture;

/// What one webhook needs to be sent.
pub struct Outgoing {
    /// The site that sends it; connections of different sites are never shared.
    pub site: SiteId,
    /// Where to.
    pub url: String,
    /// In which form the body is: it decides about the content type and the headers of the signature.
    pub format: PayloadFormat,
    /// How it travels, where the form is CloudEvents.
    pub cloud_events: CloudEventsMode,
    /// The name under which the receiver was asked for its consent; `None`: it was not.
    pub origin: Option<String>,
    /// What receivers tell repeated deliveries by (`webhook-id`).
    pub message_id: String,
    /// When this attempt is made (`webhook-timestamp`).
    pub timestamp: Timestamp,
    /// Secrets that it is signed with, the current one first.
    pub secrets: Arc<[WebhookSecret]>,
    /// The header that the receiver is logged in to with, and its value.
    pub authorization: Option<(String, Arc<Secret<String>>)>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The bytes.
    pub body: Bytes,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long all of it may take.
    pub attempt_timeout: Duration,
    /// How much of the answer's body is kept, in bytes.
    pub excerpt_limit: usize,
    /// CA certificates (PEM) that are trusted beside the usual ones.
    pub ca: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// The status of the answer.
    pub status: Option<u16>,
    /// For how long the receiver wants to be left alone (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// How long it took.
    pub duration: Duration,
    /// The address that was connected to; empty when there was none.
    pub address: String,
    /// The version of TLS; empty without it.
    pub tls: String,
    /// The first bytes of the answer's body.
    pub excerpt: Vec<u8>,
    /// What went wrong, for people; empty when nothing did. Never a secret.
    pub error: String,
}

/// The way to receivers.
pub trait Sender: Send + Sync {
    /// Sends a webhook and waits for its answer, never longer than its limits. Never fails: what goes wrong is an outcome.
    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, Sent>;

    /// Asks a receiver whether it consents to webhooks from a sender of this DNS name. What is wrong comes as a sentence for
    /// people.
    fn ask_consent<'a>(
        &'a self,
        site: SiteId,
        settings: &'a EndpointSettings,
        origin: &'a str,
    ) -> BoxFuture<'a, Result<(), String>>;

    /// Whether a site may send to a URL, and trust such certificates. What is wrong comes as a sentence for people.
    fn check<'a>(&'a self, site: SiteId, settings: &'a EndpointSettings) -> BoxFuture<'a, Result<(), String>>;
}

/// The forms in which events are told.
pub trait Formats: Send + Sync {
    /// The bytes that tell an event to a receiver with these settings. The same for the same facts.
    fn render(&self, facts: &EventFacts, settings: &EndpointSettings) -> Vec<u8>;

    /// The bytes that tell a receiver how much it must have by now.
    fn checkpoint(&self, checkpoint: &Checkpoint, settings: &EndpointSettings) -> Vec<u8>;

    /// An invented event of a type, for tests of receivers and as an example; `None`: no event has such a type.
    fn sample(&self, event_type: &str, settings: &EndpointSettings) -> Option<Vec<u8>>;
}

/// Both.
#[derive(Clone)]
pub struct WebhookPorts {
    /// The way to receivers.
    pub sender: Arc<dyn Sender>,
    /// The forms in which events are told.
    pub formats: Arc<dyn Formats>,
}

impl Sent {
    /// An attempt without an answer.
    #[must_use]
    pub fn without_answer(outcome: AttemptOutcome, error: &str) -> Self {
        Self {
            outcome,
            status: None,
            retry_after: None,
            duration: Duration::ZERO,
            address: String::new(),
            tls: String::new(),
            excerpt: Vec::new(),
            error: error.to_owned(),
        }
    }
}
