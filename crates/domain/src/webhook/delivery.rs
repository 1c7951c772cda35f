//! Events on their way to receivers.

use std::time::Duration;

use crate::ids::{DeliveryId, EndpointId, EventId, RecoveryId, SiteId};
use crate::licensing::lines::words;
use crate::time::Timestamp;

/// Longest body of a webhook, in bytes.
pub const PAYLOAD_LIMIT: usize = 256 * 1024;
/// How much of an answer is kept, in bytes.
pub const EXCERPT_LIMIT: usize = 16 * 1024;

words! {
    /// How far a delivery is.
    DeliveryState {
        /// It will not be sent.
        Cancelled = "cancelled",
        /// All attempts have failed.
        Dead = "dead",
        /// The receiver has taken it.
        Delivered = "delivered",
        /// It is sent when its time has come, while its receiver is enabled.
        Queued = "queued",
        /// It waits for the one before it.
        Waiting = "waiting",
    }

    /// Why an attempt was made.
    AttemptTrigger {
        /// Somebody has asked for it.
        Manual = "manual",
        /// Its time had come.
        Schedule = "schedule",
    }

    /// How an attempt ended.
    AttemptOutcome {
        /// There was an answer with a status.
        Answered = "answered",
        /// We may not send to where the URL leads.
        Blocked = "blocked",
        /// The answer was not HTTP, or broke off.
        Broken = "broken",
        /// Our own side failed, such as the proxy on the way; nothing is the receiver's fault.
        Ours = "ours",
        /// There was no answer in time.
        TimedOut = "timed-out",
        /// There was no connection: no address, refused, or no trusted certificate.
        Unreachable = "unreachable",
    }

    /// What a receiver is being told of, one kind after the other.
    BackfillStage {
        /// Products with their features.
        Products = "products",
        /// Orders.
        Orders = "orders",
        /// Licenses.
        Licenses = "licenses",
        /// Devices.
        Devices = "devices",
    }

    /// How far sending again is.
    RecoveryState {
        /// Somebody has stopped it.
        Cancelled = "cancelled",
        /// All are queued.
        Done = "done",
        /// Some are still to be queued.
        Running = "running",
    }
}

impl BackfillStage {
    /// The next kind; `None`: it was the last one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Products => Some(Self::Orders),
            Self::Orders => Some(Self::Licenses),
            Self::Licenses => Some(Self::Devices),
            Self::Devices => None,
        }
    }
}

impl DeliveryState {
    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Cancelled | Self::Dead | Self::Delivered)
    }
}

/// An event that is about to be queued for a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The site of both.
    pub site: SiteId,
    /// The receiver.
    pub endpoint: EndpointId,
    /// The event; below 0 where there is none ([`checkpoint_id`], [`snapshot_id`]).
    pub event: EventId,
    /// The number of the event; where there is none, that of an event that it is newer than.
    pub sequence: i64,
    /// Name of its type.
    pub event_type: String,
    /// On which way the change came, as receivers are told it.
    pub source: String,
    /// What it is about, such as `ENT:90211`.
    pub entity: String,
    /// Deliveries of one lane go one after the other; `None`: this one waits for nothing.
    pub lane: Option<String>,
    /// See [`EventFacts::topic`](super::EventFacts::topic); `None`: it stays whatever comes.
    pub topic: Option<String>,
    /// Until when it is taken up by whoever queues it, unless it waits for another one; `None`: whoever comes first takes it up.
    pub taken_until: Option<Timestamp>,
    /// The bytes that are sent, each time.
    pub body: Vec<u8>,
}

impl NewDelivery {
    /// What becomes of it when it is queued and taken up at once, under an id.
    #[must_use]
    pub fn taken(self, id: DeliveryId, until: Timestamp, now: Timestamp) -> Delivery {
        let Self { site, endpoint, event, sequence, event_type, source, entity, lane, body, .. } = self;
        Delivery {
            id,
            site,
            endpoint,
            event,
            sequence,
            event_type,
            source,
            entity,
            lane,
            state: DeliveryState::Queued,
            attempts: 0,
            manual: None,
            claim: 1,
            due_at: until,
            created_at: now,
            ended_at: None,
            body,
        }
    }
}

/// An event on its way to a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Row id.
    pub id: DeliveryId,
    /// The site of event and receiver.
    pub site: SiteId,
    /// The receiver.
    pub endpoint: EndpointId,
    /// The event.
    pub event: EventId,
    /// The number of the event.
    pub sequence: i64,
    /// Name of its type.
    pub event_type: String,
    /// On which way the change came, as receivers are told it.
    pub source: String,
    /// What it is about.
    pub entity: String,
    /// See [`NewDelivery::lane`]; `None` also when it is final.
    pub lane: Option<String>,
    /// How far it is.
    pub state: DeliveryState,
    /// Attempts that have ended.
    pub attempts: u32,
    /// The final state that it had when somebody asked for one more attempt, which does not count for the schedule.
    pub manual: Option<DeliveryState>,
    /// Counts how often a node has taken it up; a node that comes back late finds another number.
    pub claim: i64,
    /// When it is sent next; while a node has it, when others may take it up.
    pub due_at: Timestamp,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it became final.
    pub ended_at: Option<Timestamp>,
    /// The bytes that are sent; empty in lists.
    pub body: Vec<u8>,
}

impl Delivery {
    /// What receivers tell repeated deliveries by (`webhook-id`): the same on every attempt.
    #[must_use]
    pub fn message_id(&self) -> String {
        let (kind, number) = match self.event.0 {
            event @ 0.. => ("evt", event),
            checkpoint if checkpoint > -SNAPSHOTS => ("check", -checkpoint),
            snapshot => ("snap", snapshot.saturating_neg()),
        };
        format!("{kind}_{number}_{}", self.endpoint)
    }
}

/// What stands for an event where a receiver is told how much it must have by now.
#[must_use]
pub fn checkpoint_id(number: u32) -> EventId {
    EventId(-i64::from(number))
}

/// What stands for an event where a receiver is told what there is: another for each snapshot of each task.
#[must_use]
pub fn snapshot_id(task: RecoveryId, number: u32) -> EventId {
    EventId(-(task.0.saturating_mul(SNAPSHOTS).saturating_add(number.into())))
}

/// More than a task makes snapshots, and than a receiver has checkpoints.
const SNAPSHOTS: i64 = 1 << 32;

/// An attempt that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAttempt {
    /// Why it was made.
    pub trigger: AttemptTrigger,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// The status of the answer.
    pub status: Option<u16>,
    /// The address that was connected to; empty when there was none.
    pub address: String,
    /// The version of TLS; empty without it.
    pub tls: String,
    /// The first bytes of the answer's body.
    pub excerpt: Vec<u8>,
    /// What went wrong, for people; empty when nothing did.
    pub error: String,
}

/// An attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Which one it was, from 1.
    pub number: u32,
    /// What became of it.
    pub made: NewAttempt,
}

/// Deliveries of one receiver that are sent again together; or all that there is, told to one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Row id.
    pub id: RecoveryId,
    /// The site.
    pub site: SiteId,
    /// The receiver.
    pub endpoint: EndpointId,
    /// Only events that were queued from then on.
    pub since: Timestamp,
    /// Only events that were queued before.
    pub until: Timestamp,
    /// Only deliveries that are in this state.
    pub from: DeliveryState,
    /// How far it is.
    pub state: RecoveryState,
    /// What is being told; `None`: deliveries are sent again.
    pub backfill: Option<BackfillStage>,
    /// The last delivery that was looked at, or the last row of what is being told.
    pub after: DeliveryId,
    /// How many were queued.
    pub queued: u64,
    /// When it was asked for.
    pub created_at: Timestamp,
}
