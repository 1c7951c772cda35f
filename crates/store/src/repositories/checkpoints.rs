//! What receivers of webhooks are counted to have been told.

use async_trait::async_trait;
use countersign_domain::ids::{DeliveryId, EndpointId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{CheckpointCounts, CountedDelivery};

use crate::StoreError;

/// Counts of receivers, and when they are told them next. They go with their receiver.
#[async_trait]
pub trait Checkpoints: Send {
    /// Lays down when the next checkpoint of a receiver is made by itself; `None`: never.
    async fn schedule(&mut self, endpoint: EndpointId, due_at: Option<Timestamp>) -> Result<(), StoreError>;

    /// Receivers that are enabled and whose next checkpoint is due, the longest due first, at most `limit`.
    async fn due(&mut self, now: Timestamp, limit: u32) -> Result<Vec<(SiteId, EndpointId)>, StoreError>;

    /// When the next checkpoint of a receiver is due.
    async fn due_at(&mut self, endpoint: EndpointId) -> Result<Option<Timestamp>, StoreError>;

    /// Whether a checkpoint of a receiver is still to be sent.
    async fn is_under_way(&mut self, endpoint: EndpointId) -> Result<bool, StoreError>;

    /// The counts of a receiver; all zero before its first checkpoint.
    async fn counts(&mut self, endpoint: EndpointId) -> Result<CheckpointCounts, StoreError>;

    /// Deliveries of events to a receiver behind one, by row id, at most `limit`. What is told without an event is not among
    /// them. The unit has locked the receiver.
    async fn uncounted(
        &mut self,
        endpoint: EndpointId,
        after: DeliveryId,
        limit: u32,
    ) -> Result<Vec<CountedDelivery>, StoreError>;

    /// Writes the counts of a receiver. The unit has locked it.
    async fn advance(&mut self, endpoint: EndpointId, counts: &CheckpointCounts) -> Result<(), StoreError>;
}
