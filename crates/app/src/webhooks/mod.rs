//! Telling others what has changed: from the outbox over numbered events and deliveries to receivers.

mod ports;

pub use ports::{Formats, Outgoing, Sender, Sent, SigningSecret, WebhookPorts};
