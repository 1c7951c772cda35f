//! What is written beside every change: events for others, and the audit trail.

use async_trait::async_trait;
use countersign_domain::audit::{Action, Actor, AuditEntry, Channel};
use countersign_domain::changes::Changes;
use countersign_domain::event::{CommittedEvent, CountedUnits, Event, EventParts, Happened};
use countersign_domain::ids::{AuditEntryId, EventId, FeatureId, LicenseId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{AuditTrail, Outbox, Page};
use rusqlite::{Row, params};

use crate::rows::{Place, all, changed, column, removed, time};
use crate::transaction::SqliteTx;

const INSERT_EVENT: &str =
    "insert into outbox (site, kind, subject, device, feature, units, total, channel, actor, created_at, changes)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const LIST_EVENTS: &str =
    "select id, channel, actor, created_at, kind, subject, device, feature, units, total, changes from outbox
    where site = ?1 and id > ?2 order by id limit ?3";
const LIST_OF_LICENSE: &str =
    "select id, channel, actor, created_at, kind, subject, device, feature, units, total, changes from outbox
    where site = ?1 and subject = ?2 and kind like 'license.%' and id > ?3 order by id limit ?4";
const DELETE_EVENTS_BEFORE: &str = "delete from outbox where created_at < ?2 and id in
    (select id from outbox where site = ?1 order by id limit ?3)";
const INSERT_ENTRY: &str = "insert into audit_trail (site, channel, actor, verb, subject, created_at)
    values (?1, ?2, ?3, ?4, ?5, ?6)";
const LIST_ENTRIES: &str = "select id, channel, actor, created_at, verb, subject from audit_trail
    where site = ?1 and id > ?2 order by id limit ?3";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] =
    &[INSERT_EVENT, LIST_EVENTS, LIST_OF_LICENSE, DELETE_EVENTS_BEFORE, INSERT_ENTRY, LIST_ENTRIES];

#[async_trait]
impl Outbox for SqliteTx<'_> {
    async fn insert_changed(
        &mut self,
        site: SiteId,
        happened: &Happened,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let EventParts { kind, subject, device, counted } = happened.event.parts();
        let changes = (!happened.changes.is_empty()).then(|| happened.changes.to_text());
        let feature = counted.and_then(|counted| counted.feature).map(|feature| feature.0);
        let (units, total) = (counted.map(|counted| counted.units), counted.map(|counted| counted.total));
        let (channel, name) = (actor.channel.as_str(), &actor.name);
        let now = now.as_millis();
        let values = params![site.0, kind, subject, device, feature, units, total, channel, name, now, changes];
        self.tells = true;
        self.attempt(|c| changed(c, INSERT_EVENT, values).map(|_| ()))
    }

    fn has_written(&self) -> bool {
        self.tells
    }

    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<CommittedEvent>, StoreError> {
        self.attempt(|c| all(c, LIST_EVENTS, (site.0, page.after, page.limit), committed_event))
    }

    async fn list_of_license(
        &mut self,
        site: SiteId,
        license: LicenseId,
        page: Page,
    ) -> Result<Vec<CommittedEvent>, StoreError> {
        self.attempt(|c| all(c, LIST_OF_LICENSE, (site.0, license.0, page.after, page.limit), committed_event))
    }

    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.attempt(|c| removed(c, DELETE_EVENTS_BEFORE, (site.0, before.as_millis(), limit)))
    }
}

#[async_trait]
impl AuditTrail for SqliteTx<'_> {
    async fn insert(&mut self, site: SiteId, actor: &Actor, action: &Action, now: Timestamp) -> Result<(), StoreError> {
        let (channel, name) = (actor.channel.as_str(), &actor.name);
        let values = (site.0, channel, name, action.verb, &action.subject, now.as_millis());
        self.attempt(|c| changed(c, INSERT_ENTRY, values).map(|_| ()))
    }

    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<AuditEntry>, StoreError> {
        self.attempt(|c| all(c, LIST_ENTRIES, (site.0, page.after, page.limit), audit_entry))
    }
}

pub(super) fn committed_event(row: &Row<'_>) -> Result<CommittedEvent, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "outbox", row: id };
    let kind: String = column(row, 4)?;
    let counted = counted(column(row, 7)?, column(row, 8)?, column(row, 9)?);
    let parts = EventParts { kind: &kind, subject: column(row, 5)?, device: column(row, 6)?, counted };
    Ok(CommittedEvent {
        id: EventId(id),
        event: place.present("kind", Event::from_parts(parts))?,
        changes: changes(place, column(row, 10)?)?,
        actor: actor(place, row)?,
        at: time(column(row, 3)?),
    })
}

/// What was noted of an event.
fn changes(place: Place, text: Option<String>) -> Result<Changes, StoreError> {
    place.present("changes", text.map_or(Some(Changes::default()), |text| Changes::from_text(&text)))
}

/// Units, where both numbers are there.
fn counted(feature: Option<i64>, units: Option<i64>, total: Option<i64>) -> Option<CountedUnits> {
    Some(CountedUnits { feature: feature.map(FeatureId), units: units?, total: total? })
}

fn audit_entry(row: &Row<'_>) -> Result<AuditEntry, StoreError> {
    let id: i64 = column(row, 0)?;
    Ok(AuditEntry {
        id: AuditEntryId(id),
        actor: actor(Place { table: "audit_trail", row: id }, row)?,
        verb: column(row, 4)?,
        subject: column(row, 5)?,
        at: time(column(row, 3)?),
    })
}

fn actor(place: Place, row: &Row<'_>) -> Result<Actor, StoreError> {
    Ok(Actor { channel: place.present("channel", Channel::parse(&column::<String>(row, 1)?))?, name: column(row, 2)? })
}
