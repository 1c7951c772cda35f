//! What a process keeps about webhooks: the ports, who is to be woken, and what was counted.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use countersign_domain::time::Timestamp;
use countersign_domain::webhook::AttemptOutcome;
use tokio::sync::{Notify, watch};

use super::ports::WebhookPorts;

/// What a process keeps about webhooks.
pub(crate) struct Webhooks {
    pub(super) ports: OnceLock<WebhookPorts>,
    /// Woken when a unit that has written an event was committed.
    pub(super) written: Notify,
    /// Changes when events got numbers.
    pub(super) numbered: watch::Sender<u64>,
    /// When the worker of this process came further last, in milliseconds since 1970; 0: there is none.
    beat: AtomicI64,
    pub(crate) counts: Counts,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            ports: OnceLock::new(),
            written: Notify::new(),
            numbered: watch::Sender::new(0),
            beat: AtomicI64::new(0),
            counts: Counts::default(),
        }
    }
}

/// For how long the worker may come no further: a hundred of its periods, and more than any of its units takes.
const SILENCE: Duration = Duration::from_secs(30);

impl Webhooks {
    /// An event was committed.
    pub(crate) fn wake(&self) {
        self.written.notify_one();
    }

    /// The worker has come further.
    pub(super) fn beat(&self, now: Timestamp) {
        self.beat.store(now.as_millis(), Ordering::Relaxed);
    }

    /// Whether the worker comes further, or there is none in this process.
    pub(super) fn is_alive(&self, now: Timestamp) -> bool {
        match self.beat.load(Ordering::Relaxed) {
            0 => true,
            // A clock that was set back tells nothing.
            beat => Duration::from_millis(millis_between(Timestamp::from_millis(beat), now)) <= SILENCE,
        }
    }
}

/// Counters of this process.
#[derive(Default)]
pub(crate) struct Counts {
    outcomes: [AtomicU64; AttemptOutcome::ALL.len()],
    delivered: AtomicU64,
    dead: AtomicU64,
    delivery_millis: AtomicU64,
    waiting: AtomicU64,
    oldest_millis: AtomicU64,
}

/// What has become of webhooks in this process.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookCounts {
    /// Attempts by how they ended.
    pub attempts: Vec<(AttemptOutcome, u64)>,
    /// Deliveries that a receiver has taken.
    pub delivered: u64,
    /// Deliveries that were given up.
    pub dead: u64,
    /// Time from queuing to taking, of all deliveries that were taken, in seconds.
    pub delivery_seconds: f64,
    /// Deliveries of the installation that are not final, as they were counted last.
    pub waiting: u64,
    /// Age of the oldest of them then, in seconds.
    pub oldest_seconds: f64,
}

impl Counts {
    pub(super) fn attempt(&self, outcome: AttemptOutcome) {
        for (one, count) in AttemptOutcome::ALL.iter().zip(&self.outcomes) {
            if *one == outcome {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn delivered(&self, queued_at: Timestamp, now: Timestamp) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
        self.delivery_millis.fetch_add(millis_between(queued_at, now), Ordering::Relaxed);
    }

    pub(super) fn dead(&self) {
        self.dead.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn backlog(&self, waiting: u64, oldest: Option<Timestamp>, now: Timestamp) {
        self.waiting.store(waiting, Ordering::Relaxed);
        self.oldest_millis.store(oldest.map_or(0, |oldest| millis_between(oldest, now)), Ordering::Relaxed);
    }

    /// What was counted.
    pub(crate) fn read(&self) -> WebhookCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let seconds = |count: &AtomicU64| Duration::from_millis(read(count)).as_secs_f64();
        WebhookCounts {
            attempts: AttemptOutcome::ALL.iter().copied().zip(self.outcomes.iter().map(read)).collect(),
            delivered: read(&self.delivered),
            dead: read(&self.dead),
            delivery_seconds: seconds(&self.delivery_millis),
            waiting: read(&self.waiting),
            oldest_seconds: seconds(&self.oldest_millis),
        }
    }
}

fn millis_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millis().saturating_sub(from.as_millis())).unwrap_or(0)
}
