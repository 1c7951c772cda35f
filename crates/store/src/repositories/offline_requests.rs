//! Files by which devices without a connection ask, as far as they were used.

use async_trait::async_trait;
use countersign_domain::ids::{DeviceId, SiteId};
use countersign_domain::time::Timestamp;

use crate::StoreError;

/// A request file that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineRequest {
    /// What the device calls it.
    pub id: String,
    /// Digest of what it says.
    pub digest: [u8; 32],
    /// The device that it was used for.
    pub device: DeviceId,
    /// When.
    pub done_at: Timestamp,
}

/// Request files that were used.
#[async_trait]
pub trait OfflineRequests: Send {
    /// Writes that a file was used. `false`: one of this ID was used before.
    async fn insert(&mut self, site: SiteId, request: &OfflineRequest) -> Result<bool, StoreError>;

    /// The file of an ID, if it was used.
    async fn find(&mut self, site: SiteId, id: &str) -> Result<Option<OfflineRequest>, StoreError>;

    /// How many files were used for a device at a time or later.
    async fn count_since(&mut self, device: DeviceId, since: Timestamp) -> Result<u64, StoreError>;
}
