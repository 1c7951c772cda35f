//! Telling others what has changed (`docs/protocol/events.md`).
//!
//! A use case writes an event into the outbox, in the unit that makes it true. The [`Engine`] gives it a number and queues
//! it for the receivers that want it (`telling.rs`), takes up what is due or new, sends it (`runner.rs`) and writes what became of it
//! (`settling.rs`). Each step is a unit of work of its own and decides from the store alone: a process can be killed between
//! any two of them, and several nodes share the work.

mod ahead;
pub mod backfill;
pub mod checkpoints;
mod dispatch;
pub mod endpoints;
mod engine;
mod expiry;
mod facts;
mod held;
pub mod log;
mod node;
mod origin;
mod ports;
pub mod recovery;
mod rooms;
mod rounds;
mod runner;
mod sealing;
pub mod secrets;
pub mod service;
mod settling;
mod state;
mod telling;
pub mod trying;

pub use countersign_store::repositories::DeliveryCount;
pub use engine::Engine;
pub use ports::{Formats, Outgoing, Sender, Sent, WebhookPorts};
pub use state::WebhookCounts;

pub(crate) use held::cancel_held;
pub(crate) use sealing::{authorization_label, secret_label, service_label};
pub(crate) use state::Webhooks;

use crate::Ctx;

impl Ctx {
    /// Connects this process with the way to receivers, once. Until then nothing is told, and no receiver can be made.
    pub fn connect_webhooks(&self, ports: WebhookPorts) {
        // A second call changes nothing: receivers are made and served by the same way.
        let _ = self.webhooks.ports.set(ports);
    }

    /// Whether the worker that tells events comes further. It may pause for 30 seconds; a process without one has nothing
    /// that could stop.
    #[must_use]
    pub fn tells_events(&self) -> bool {
        self.webhooks.is_alive(self.now())
    }

    /// The way to receivers; `None`: this process has none.
    #[must_use]
    pub fn webhook_ports(&self) -> Option<WebhookPorts> {
        self.webhooks.ports.get().cloned()
    }
}
