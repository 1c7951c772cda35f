//! What all senders of a process share: who is being sent to, and how much at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_domain::ids::EndpointId;
use countersign_domain::webhook::Pace;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use super::ports::WebhookPorts;
use crate::Ctx;

/// Most deliveries that a process has under way. With the longest bodies these take 64 MiB.
const UNDER_WAY: usize = 256;

/// What all senders of a process share.
pub(super) struct Node {
    pub(super) ctx: Ctx,
    pub(super) ports: WebhookPorts,
    sends: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
    /// Receivers that are being sent to, and those with a rate.
    receivers: Mutex<Receivers>,
}

#[derive(Default)]
struct Receivers {
    served: HashMap<EndpointId, Arc<Place>>,
    /// In which second how many were begun; only for receivers with a rate.
    begun: HashMap<EndpointId, Begun>,
}

#[derive(Clone, Copy)]
struct Begun {
    second: i64,
    count: usize,
}

/// A receiver that is being sent to.
pub(super) struct Place {
    /// There is more for it.
    pub(super) more: Notify,
    /// The same, for the moment at which its sender leaves.
    kicked: Mutex<bool>,
}

/// Gives a place free when the sender of a receiver ends, also when it panics: nobody would ever send to it again.
pub(super) struct Leaving {
    node: Arc<Node>,
    endpoint: EndpointId,
    place: Arc<Place>,
}

impl Leaving {
    pub(super) fn new(node: Arc<Node>, endpoint: EndpointId, place: Arc<Place>) -> Self {
        Self { node, endpoint, place }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut receivers = self.node.receivers();
        // Whoever has left in order may have a successor.
        if receivers.served.get(&self.endpoint).is_some_and(|place| Arc::ptr_eq(place, &self.place)) {
            receivers.served.remove(&self.endpoint);
        }
    }
}

impl Node {
    pub(super) fn new(ctx: Ctx, ports: WebhookPorts) -> Self {
        let sends = Arc::new(Semaphore::new(UNDER_WAY));
        Self { ctx, ports, sends, stopping: watch::Sender::new(false), receivers: Mutex::default() }
    }

    /// There is something for a receiver. `Some`: nobody sends to it yet, and the caller has to see to that.
    pub(super) fn kick(&self, endpoint: EndpointId) -> Option<Arc<Place>> {
        let mut receivers = self.receivers();
        if let Some(place) = receivers.served.get(&endpoint) {
            *place.kicked.lock().unwrap_or_else(PoisonError::into_inner) = true;
            place.more.notify_one();
            return None;
        }
        let place = Arc::new(Place { more: Notify::new(), kicked: Mutex::new(false) });
        receivers.served.insert(endpoint, place.clone());
        Some(place)
    }

    /// The sender of a receiver wants to leave. `false`: there is more for it, and it stays.
    pub(super) fn leave(&self, endpoint: EndpointId, at_any_rate: bool) -> bool {
        let mut receivers = self.receivers();
        let kicked = receivers
            .served
            .get(&endpoint)
            .is_some_and(|place| std::mem::take(&mut *place.kicked.lock().unwrap_or_else(PoisonError::into_inner)));
        if kicked && !at_any_rate && !self.is_stopping() {
            return false;
        }
        receivers.served.remove(&endpoint);
        true
    }

    /// Places for at most so many deliveries. With `wait` there is at least one, unless the process stops.
    pub(super) async fn permits(&self, most: usize, wait: bool) -> Vec<OwnedSemaphorePermit> {
        let mut permits = Vec::new();
        if self.is_stopping() {
            return permits;
        }
        while permits.len() < most {
            match self.sends.clone().try_acquire_owned() {
                Ok(permit) => permits.push(permit),
                Err(_) => break,
            }
        }
        if permits.is_empty() && wait {
            let mut stopping = self.stopping.subscribe();
            tokio::select! {
                permit = self.sends.clone().acquire_owned() => permits.extend(permit),
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
        }
        permits
    }

    /// How many deliveries to a receiver were begun in this second; only counted for receivers with a rate.
    pub(super) fn begun(&self, endpoint: EndpointId) -> usize {
        let second = self.ctx.now().as_seconds();
        self.receivers().begun.get(&endpoint).filter(|begun| begun.second == second).map_or(0, |begun| begun.count)
    }

    /// Notes that deliveries to a receiver are begun.
    pub(super) fn note_begun(&self, endpoint: EndpointId, pace: &Pace, count: usize) {
        let second = self.ctx.now().as_seconds();
        let before = self.begun(endpoint);
        let mut receivers = self.receivers();
        if pace.rate.is_some() {
            receivers.begun.insert(endpoint, Begun { second, count: before.saturating_add(count) });
        } else {
            receivers.begun.remove(&endpoint);
        }
    }

    /// Nothing new is begun from now on.
    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether nothing new is begun any more.
    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    fn receivers(&self) -> MutexGuard<'_, Receivers> {
        self.receivers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
