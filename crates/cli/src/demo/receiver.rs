//! The receiver of the demonstration: it answers on a port of its own, and believes no webhook whose signature it has not
//! verified.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use countersign_crypto::webhook::{WebhookRefusal, WebhookSecret, verify_standard};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::clock;

/// Where webhooks come in. Until it serves, senders wait.
pub(super) struct Receiver {
    listener: TcpListener,
    address: SocketAddr,
}

/// A webhook as it came.
#[derive(Clone)]
pub(super) struct Webhook {
    id: String,
    timestamp: String,
    signature: String,
    body: Bytes,
}

/// The webhooks that were believed. Clones are the same one.
#[derive(Clone)]
pub(super) struct Inbox(Arc<Believed>);

struct Believed {
    secret: WebhookSecret,
    webhooks: Mutex<VecDeque<Webhook>>,
    arrived: Condvar,
}

impl Receiver {
    /// Takes a free port of this machine, which nobody else can reach.
    pub(super) async fn bind() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("there is no port for the receiver")?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it is.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts webhooks into the inbox for as long as it is waited for.
    pub(super) async fn serve(self, inbox: Inbox) -> Result<()> {
        let routes =
            Router::new().route(PATH, post(receive)).layer(DefaultBodyLimit::max(BODY_LIMIT)).with_state(inbox);
        Ok(axum::serve(self.listener, routes).await?)
    }
}

impl Inbox {
    /// An empty one for webhooks that this secret signs.
    pub(super) fn new(secret: WebhookSecret) -> Self {
        Self(Arc::new(Believed { secret, webhooks: Mutex::default(), arrived: Condvar::new() }))
    }

    /// Verifies a webhook as it came.
    pub(super) fn verify(&self, webhook: &Webhook) -> Result<(), WebhookRefusal> {
        let Webhook { id, timestamp, signature, body } = webhook;
        verify_standard(&self.0.secret, id, timestamp, signature, body, clock::now().as_seconds())
    }

    /// The first webhook with such a body, waited for.
    pub(super) fn wait_for(&self, is_wanted: impl Fn(&Value) -> bool) -> Option<(Webhook, Value)> {
        let find = |webhooks: &VecDeque<Webhook>| {
            let read = webhooks.iter().filter_map(|webhook| Some((webhook, webhook.json()?)));
            read.into_iter().find(|(_, body)| is_wanted(body)).map(|(webhook, body)| (webhook.clone(), body))
        };
        let webhooks = self.0.webhooks.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.arrived.wait_timeout_while(webhooks, PATIENCE, |webhooks| find(webhooks).is_none());
        find(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    fn add(&self, webhook: Webhook) {
        let mut webhooks = self.0.webhooks.lock().unwrap_or_else(PoisonError::into_inner);
        if webhooks.len() == KEPT {
            webhooks.pop_front();
        }
        webhooks.push_back(webhook);
        self.0.arrived.notify_all();
    }
}

impl Webhook {
    fn read(headers: &HeaderMap, body: Bytes) -> Option<Self> {
        let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        let (id, timestamp, signature) = (text("webhook-id")?, text("webhook-timestamp")?, text("webhook-signature")?);
        Some(Self { id, timestamp, signature, body })
    }

    fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The same webhook with one altered byte in its body, under another ID, and at another time.
    pub(super) fn alter_each_part(&self) -> [(&'static str, Self); 3] {
        let mut body = self.body.to_vec();
        let middle = body.len() / 2;
        if let Some(byte) = body.get_mut(middle) {
            *byte ^= 1;
        }
        let later = self.timestamp.parse().unwrap_or(0_i64).saturating_add(1);
        [
            ("body", Self { body: body.into(), ..self.clone() }),
            ("ID", Self { id: format!("{}x", self.id), ..self.clone() }),
            ("time", Self { timestamp: later.to_string(), ..self.clone() }),
        ]
    }
}

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    match Webhook::read(&headers, body) {
        Some(webhook) if inbox.verify(&webhook).is_ok() => {
            inbox.add(webhook);
            StatusCode::NO_CONTENT
        }
        Some(_) | None => StatusCode::UNAUTHORIZED,
    }
}

/// Path of the receiver.
pub(super) const PATH: &str = "/webhooks";
/// Longest body in bytes, as the server makes them.
const BODY_LIMIT: usize = 256 * 1024;
/// Webhooks that are kept, the newest; the walk makes some dozens.
const KEPT: usize = 1000;
/// Webhooks take milliseconds; only a very busy machine takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use countersign_crypto::Secret;
    use countersign_crypto::webhook::{WebhookMessage, standard_signature};

    use super::*;

    fn secret() -> WebhookSecret {
        WebhookSecret::from_hmac_key(Secret::new([7; 32]).expose()).unwrap()
    }

    #[test]
    fn an_altered_webhook_is_not_believed() {
        let (id, timestamp, body) = ("evt_1", clock::now().as_seconds(), Bytes::from_static(b"{\"type\":\"a\"}"));
        let message = WebhookMessage { id, timestamp, body: &body };
        let signature = standard_signature([&secret()], &message).unwrap();
        let webhook = Webhook { id: id.to_owned(), timestamp: timestamp.to_string(), signature, body };
        let inbox = Inbox::new(secret());
        inbox.verify(&webhook).unwrap();
        for (part, altered) in webhook.alter_each_part() {
            assert_eq!(inbox.verify(&altered), Err(WebhookRefusal::Signature), "{part}");
        }
        inbox.add(webhook);
        assert!(inbox.wait_for(|body| body["type"] == "a").is_some());
    }
}
