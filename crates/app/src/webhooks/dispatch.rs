//! Sending one delivery: what the receiver is sent, signed with its secrets.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_crypto::Secret;
use countersign_crypto::webhook::WebhookSecret as SigningSecret;
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{AttemptOutcome, Delivery, EXCERPT_LIMIT, Endpoint, WebhookSecret};
use tokio::sync::OwnedSemaphorePermit;

use super::node::Node;
use super::origin::origin;
use super::ports::{Outgoing, Sent};
use super::sealing::{open_authorization, open_secret};
use super::settling::Finished;
use crate::Fault;

/// How much longer than its own limit an attempt may take before it is given up here.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// A receiver, ready to be sent to. Secrets are opened once for all that a round takes up.
pub(super) struct Target {
    pub(super) endpoint: Endpoint,
    keys: Result<Keys, Fault>,
}

/// What a receiver's webhooks are signed and sent with.
struct Keys {
    secrets: Arc<[SigningSecret]>,
    authorization: Option<(String, Arc<Secret<String>>)>,
    /// See [`Outgoing::origin`].
    origin: Option<String>,
}

impl Target {
    pub(super) fn open(node: &Node, endpoint: Endpoint, secrets: &[WebhookSecret]) -> Self {
        let keys = Keys::open(node, &endpoint, secrets);
        if let Err(fault) = &keys {
            let error: &dyn std::error::Error = fault;
            tracing::error!(endpoint.id = %endpoint.id, error, "webhooks cannot be prepared");
        }
        Self { endpoint, keys }
    }
}

impl Keys {
    fn open(node: &Node, endpoint: &Endpoint, secrets: &[WebhookSecret]) -> Result<Self, Fault> {
        let vault = &node.ctx.parts.vault;
        let secrets = secrets.iter().map(|secret| open_secret(vault, endpoint.site, secret));
        let authorization = open_authorization(vault, endpoint)?;
        Ok(Self {
            secrets: secrets.collect::<Result<_, _>>()?,
            authorization: authorization.map(|(name, value)| (name, Arc::new(value))),
            origin: endpoint.settings.consent.then(|| origin(&node.ctx, endpoint.site)),
        })
    }
}

/// Sends a delivery, and tells what became of it.
pub(super) async fn send(
    node: Arc<Node>,
    to: Arc<Target>,
    mut delivery: Delivery,
    permit: OwnedSemaphorePermit,
) -> Finished {
    let at = node.ctx.now();
    // Whoever takes it up once more reads it anew.
    let body = Bytes::from(std::mem::take(&mut delivery.body));
    let sent = match &to.keys {
        Ok(keys) => dispatch(&node, outgoing(&to.endpoint, keys, &delivery, body, at)).await,
        Err(_) => Sent::without_answer(AttemptOutcome::Ours, "its secrets cannot be opened"),
    };
    drop(permit);
    Finished { delivery, at, sent }
}

/// Sends a webhook. The limit of time holds whatever the sender does.
async fn dispatch(node: &Node, outgoing: Outgoing) -> Sent {
    let limit = outgoing.attempt_timeout + GRACE;
    match tokio::time::timeout(limit, node.ports.sender.send(outgoing)).await {
        Ok(mut sent) => {
            sent.excerpt.truncate(EXCERPT_LIMIT);
            sent
        }
        Err(_) => {
            Sent { duration: limit, ..Sent::without_answer(AttemptOutcome::TimedOut, "there was no answer in time") }
        }
    }
}

/// The request that carries a delivery.
fn outgoing(endpoint: &Endpoint, keys: &Keys, delivery: &Delivery, body: Bytes, timestamp: Timestamp) -> Outgoing {
    let settings = &endpoint.settings;
    Outgoing {
        site: endpoint.site,
        url: settings.url.clone(),
        format: settings.format,
        cloud_events: settings.cloud_events,
        origin: keys.origin.clone(),
        message_id: delivery.message_id(),
        timestamp,
        secrets: keys.secrets.clone(),
        authorization: keys.authorization.clone(),
        headers: vec![
            ("x-event-sequence", delivery.sequence.to_string()),
            ("x-event-entity", delivery.entity.clone()),
            ("x-event-source", delivery.source.clone()),
            ("x-event-attempt", delivery.attempts.saturating_add(1).to_string()),
        ],
        body,
        connect_timeout: settings.pace.connect_timeout(),
        attempt_timeout: settings.pace.attempt_timeout(),
        excerpt_limit: EXCERPT_LIMIT,
        ca: settings.ca.clone(),
    }
}
