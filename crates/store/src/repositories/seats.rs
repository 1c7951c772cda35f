//! Seats of floating licenses and features, and who was refused one.

use async_trait::async_trait;
use countersign_domain::ids::{DeviceId, LicenseId, SeatDenialId, SeatId, SiteId};
use countersign_domain::licensing::{Seat, SeatDenial, SeatPool, SeatRefusal};
use countersign_domain::time::Timestamp;

use super::Page;
use crate::StoreError;

/// Seats. How many a pool has is counted along, because counting them takes as long as there are many. Rows of seats that
/// have ended stay until they are removed; a time `ended_by` says which these are.
#[async_trait]
pub trait Seats: Send {
    /// The seat of a device, whether it has ended or not.
    async fn find(&mut self, pool: SeatPool, device: DeviceId) -> Result<Option<Seat>, StoreError>;

    /// How many seats are held. Looks at the counter and at those that have ended, not at those that are held.
    async fn count_held(&mut self, pool: SeatPool, ended_by: Timestamp) -> Result<u32, StoreError>;

    /// When the first of the held seats ends.
    async fn first_end(&mut self, pool: SeatPool, ended_by: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Locks a pool until this unit ends, so that no other one adds or removes seats, and gives the number of its rows. A unit
    /// that locks several locks them in their order; licenses and devices are locked before.
    async fn lock(&mut self, pool: SeatPool) -> Result<u32, StoreError>;

    /// Removes at most `limit` seats of a locked pool that have ended, those that ended first, and gives their number.
    async fn delete_ended(&mut self, pool: SeatPool, ended_by: Timestamp, limit: u32) -> Result<u32, StoreError>;

    /// Writes the seat of a device in a locked pool, in the place of the one that it has.
    async fn put(&mut self, pool: SeatPool, seat: &Seat) -> Result<(), StoreError>;

    /// Moves the end of a seat that is held, without locking its pool: the end is never moved back, and nothing but the times
    /// changes. `false`: the device holds none.
    async fn extend(
        &mut self,
        pool: SeatPool,
        device: DeviceId,
        ended_by: Timestamp,
        times: (Timestamp, Timestamp),
    ) -> Result<bool, StoreError>;

    /// Removes the seat of a device, and locks the pool. `false`: it has none, nor one that has ended.
    async fn delete(&mut self, pool: SeatPool, device: DeviceId) -> Result<bool, StoreError>;

    /// Seats of a license and its features that are held, by row id.
    async fn list(
        &mut self,
        license: LicenseId,
        ended_by: Timestamp,
        page: Page,
    ) -> Result<Vec<(SeatId, SeatPool, Seat)>, StoreError>;

    /// The first pool after another, by license and feature, of which a seat has ended. It looks at each pool on its way.
    async fn find_ended(
        &mut self,
        ended_by: Timestamp,
        after: Option<SeatPool>,
    ) -> Result<Option<SeatPool>, StoreError>;
}

/// Who was refused a seat.
#[async_trait]
pub trait SeatDenials: Send {
    /// The last refusals of a device for a reason.
    async fn find_last(
        &mut self,
        pool: SeatPool,
        device: DeviceId,
        reason: SeatRefusal,
    ) -> Result<Option<SeatDenial>, StoreError>;

    /// Notes a refusal: it is added to those of its hour.
    async fn note(
        &mut self,
        site: SiteId,
        pool: SeatPool,
        device: DeviceId,
        reason: SeatRefusal,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Refusals of a site, or of one license, by row id.
    async fn list(
        &mut self,
        site: SiteId,
        license: Option<LicenseId>,
        page: Page,
    ) -> Result<Vec<(SeatDenialId, SeatDenial)>, StoreError>;

    /// Removes at most `limit` rows of a site whose hour began before a time, and gives their number.
    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
