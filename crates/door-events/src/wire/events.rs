//! Events and what became of them, as JSON.

use countersign_domain::webhook::{Attempt, BackfillStage, Delivery, EventFacts, Recovery};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A part of the log
#[derive(Serialize, ToSchema)]
pub(crate) struct EventList {
    /// In the order of their numbers
    pub(crate) events: Vec<EventBody>,
    /// The number to go on with
    #[schema(example = 1207)]
    pub(crate) next: i64,
    /// The last number of the site
    #[schema(example = 1207)]
    pub(crate) last: i64,
}

/// An event
#[derive(Serialize, ToSchema)]
pub(crate) struct EventBody {
    #[schema(example = 90211)]
    id: i64,
    /// Number in the site, without gaps
    #[schema(example = 1207)]
    sequence: i64,
    #[serde(rename = "type")]
    #[schema(example = "lineitem.expired")]
    event_type: &'static str,
    #[schema(example = "ENT:90211")]
    entity: String,
    #[schema(example = "2026-01-01T00:00:00Z")]
    timestamp: String,
    /// The way on which it came
    #[schema(example = "command-line")]
    source: &'static str,
    user: String,
    /// The body in the form that was asked for, from the rows as they are now
    #[schema(value_type = Object)]
    payload: Box<RawValue>,
}

impl EventBody {
    /// An event with its body; `None` when that is no JSON, which does not happen.
    pub(crate) fn new(facts: &EventFacts, payload: Vec<u8>) -> Option<Self> {
        Some(Self {
            id: facts.id.0,
            sequence: facts.sequence,
            event_type: facts.event.type_name(),
            entity: facts.entity().to_string(),
            timestamp: facts.at.to_string(),
            source: facts.actor.channel.as_str(),
            user: facts.actor.name.clone(),
            payload: RawValue::from_string(String::from_utf8(payload).ok()?).ok()?,
        })
    }
}

/// Deliveries
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryList {
    /// One for each
    pub(crate) deliveries: Vec<DeliveryBody>,
}

/// An event on its way to an endpoint
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryBody {
    #[schema(example = 5512)]
    id: i64,
    endpoint_id: i64,
    event_id: i64,
    sequence: i64,
    event_type: String,
    entity: String,
    /// queued, waiting, delivered, dead or cancelled
    #[schema(example = "delivered")]
    state: &'static str,
    /// webhook-id, the same on every attempt
    #[schema(example = "evt_90211_12")]
    message_id: String,
    attempts: u32,
    /// When it is sent next
    due_at: Option<String>,
    created_at: String,
    ended_at: Option<String>,
    /// The bytes that are sent; not in lists
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<AttemptBody>>,
}

/// An attempt to deliver
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptBody {
    #[schema(example = 1)]
    number: u32,
    /// schedule or manual
    #[schema(example = "schedule")]
    trigger: &'static str,
    at: String,
    duration_ms: u64,
    /// answered, blocked, broken, ours, timed-out or unreachable
    #[schema(example = "answered")]
    outcome: &'static str,
    #[schema(example = 503)]
    status: Option<u16>,
    address: String,
    tls: String,
    /// The beginning of the answer
    answer: String,
    error: String,
}

impl DeliveryBody {
    /// A delivery of a list.
    pub(crate) fn brief(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.0,
            endpoint_id: delivery.endpoint.0,
            event_id: delivery.event.0,
            sequence: delivery.sequence,
            event_type: delivery.event_type.clone(),
            entity: delivery.entity.clone(),
            state: delivery.state.as_str(),
            message_id: delivery.message_id(),
            attempts: delivery.attempts,
            due_at: (!delivery.state.is_final()).then(|| delivery.due_at.to_string()),
            created_at: delivery.created_at.to_string(),
            ended_at: delivery.ended_at.map(|time| time.to_string()),
            body: None,
            history: None,
        }
    }

    /// All of a delivery.
    pub(crate) fn whole(delivery: &Delivery, attempts: &[Attempt]) -> Self {
        let body = Some(String::from_utf8_lossy(&delivery.body).into_owned());
        Self { body, history: Some(attempts.iter().map(attempt).collect()), ..Self::brief(delivery) }
    }
}

fn attempt(attempt: &Attempt) -> AttemptBody {
    let made = &attempt.made;
    AttemptBody {
        number: attempt.number,
        trigger: made.trigger.as_str(),
        at: made.at.to_string(),
        duration_ms: u64::try_from(made.duration.as_millis()).unwrap_or(u64::MAX),
        outcome: made.outcome.as_str(),
        status: made.status,
        address: made.address.clone(),
        tls: made.tls.clone(),
        answer: String::from_utf8_lossy(&made.excerpt).into_owned(),
        error: made.error.clone(),
    }
}

/// To whom an event is sent again
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RedeliverInput {
    #[schema(example = 12)]
    pub(crate) endpoint_id: i64,
}

/// What was queued
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RedeliverAnswer {
    #[schema(example = 5512)]
    pub(crate) delivery_id: i64,
}

/// What is sent again
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RecoverInput {
    #[schema(example = 12)]
    pub(crate) endpoint_id: i64,
    /// What was queued from then on
    #[schema(example = "2026-01-01T00:00:00Z")]
    pub(crate) since: Option<String>,
    /// And before then
    pub(crate) until: Option<String>,
    /// Only what has ended so: dead, cancelled or delivered
    #[schema(example = "dead")]
    pub(crate) state: Option<String>,
    /// Only count
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// How many would be sent again
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoverCount {
    #[schema(example = 3)]
    pub(crate) count: u64,
}

/// How far sending again is
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskBody {
    #[schema(example = 7)]
    id: i64,
    endpoint_id: i64,
    /// running, done or cancelled
    #[schema(example = "running")]
    state: &'static str,
    /// What an endpoint is being told of: products, orders, licenses or devices; null: deliveries are sent again
    #[schema(example = "licenses")]
    backfill: Option<&'static str>,
    queued: u64,
    created_at: String,
}

impl From<&Recovery> for TaskBody {
    fn from(task: &Recovery) -> Self {
        Self {
            id: task.id.0,
            endpoint_id: task.endpoint.0,
            state: task.state.as_str(),
            backfill: task.backfill.map(BackfillStage::as_str),
            queued: task.queued,
            created_at: task.created_at.to_string(),
        }
    }
}
