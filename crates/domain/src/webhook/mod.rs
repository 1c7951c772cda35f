//! Telling others what has changed: receivers, what they want to hear, deliveries, and when a delivery is tried again
//! (`docs/protocol/events.md`).

mod checkpoint;
mod delivery;
mod endpoint;
mod expiry;
mod facts;
mod matching;
mod schedule;
mod settings;
mod trouble;
mod verdict;

pub use checkpoint::{Checkpoint, CheckpointCounts, CountedDelivery};
pub use delivery::{
    Attempt, AttemptOutcome, AttemptTrigger, BackfillStage, Delivery, DeliveryState, EXCERPT_LIMIT, NewAttempt,
    NewDelivery, PAYLOAD_LIMIT, Recovery, RecoveryState, checkpoint_id, snapshot_id,
};
pub use endpoint::{
    ENDPOINTS, Endpoint, EndpointState, NewEndpoint, NewWebhookSecret, SECRETS, SignatureKind, WebhookSecret,
};
pub use expiry::{ExpiryNotices, ExpiryStage};
pub use facts::{DeviceStory, Entity, EventFacts, LineItem, OrderStory, ProductStory, Story};
pub use matching::{Change, EventTypes, Family, FamilySet};
pub use schedule::{LONGEST_WAIT, RetrySchedule};
pub use settings::{
    Authorization, CloudEventsMode, DeliveryOrder, DevicePayload, EndpointSettings, EndpointSettingsError, Pace,
    PayloadFormat, PayloadSize,
};
pub use trouble::{Notice, Trouble};
pub use verdict::{Verdict, judge};
