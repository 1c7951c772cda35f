//! One-time keys of devices behind an air gap.

use async_trait::async_trait;
use countersign_domain::ids::LicenseId;
use countersign_domain::time::Timestamp;

use crate::StoreError;

/// The public half of a one-time key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AirGapCode {
    /// Row id.
    pub id: i64,
    /// Its coordinates, X and then Y.
    pub public_key: [u8; 64],
}

/// One-time keys, by license.
#[async_trait]
pub trait AirGapCodes: Send {
    /// Writes a key.
    async fn insert(&mut self, license: LicenseId, public_key: &[u8; 64], now: Timestamp) -> Result<(), StoreError>;

    /// The keys of a license that were made at a time or later, oldest first.
    async fn list(&mut self, license: LicenseId, since: Timestamp) -> Result<Vec<AirGapCode>, StoreError>;

    /// Removes a key. `false`: it is not there any more.
    async fn delete(&mut self, license: LicenseId, id: i64) -> Result<bool, StoreError>;

    /// Removes the keys of a license that were made before a time.
    async fn delete_before(&mut self, license: LicenseId, before: Timestamp) -> Result<u64, StoreError>;
}
