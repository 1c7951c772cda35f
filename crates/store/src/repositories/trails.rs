//! What is written beside every change: events for others, and the audit trail.

use async_trait::async_trait;
use countersign_domain::audit::{Action, Actor, AuditEntry};
use countersign_domain::event::{CommittedEvent, Event, Happened};
use countersign_domain::ids::{LicenseId, SiteId};
use countersign_domain::time::Timestamp;

use super::Page;
use crate::StoreError;

/// Committed changes that others are told about. Belongs into the unit that makes the change.
#[async_trait]
pub trait Outbox: Send {
    /// Writes an event, with what it has changed.
    async fn insert_changed(
        &mut self,
        site: SiteId,
        happened: &Happened,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Writes an event of which nobody noted what it has changed.
    async fn insert(&mut self, site: SiteId, event: Event, actor: &Actor, now: Timestamp) -> Result<(), StoreError> {
        self.insert_changed(site, &event.into(), actor, now).await
    }

    /// Whether this unit has written an event.
    fn has_written(&self) -> bool;

    /// Events of a site, by row id.
    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<CommittedEvent>, StoreError>;

    /// Events of a license, by row id. Goes through all events of the site: for people who look at one license.
    async fn list_of_license(
        &mut self,
        site: SiteId,
        license: LicenseId,
        page: Page,
    ) -> Result<Vec<CommittedEvent>, StoreError>;

    /// Removes those of the `limit` first events of a site that were written before a time, and gives their number. Times
    /// grow with row ids: fewer than `limit` means that none is left.
    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}

/// Administrative writes. Belongs into the unit that makes the change.
#[async_trait]
pub trait AuditTrail: Send {
    /// Writes an entry.
    async fn insert(&mut self, site: SiteId, actor: &Actor, action: &Action, now: Timestamp) -> Result<(), StoreError>;

    /// Entries of a site, by row id.
    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<AuditEntry>, StoreError>;
}
