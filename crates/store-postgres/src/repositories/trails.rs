//! What is written beside every change: events for others, and the audit trail.

use async_trait::async_trait;
use countersign_domain::audit::{Action, Actor, AuditEntry, Channel};
use countersign_domain::changes::Changes;
use countersign_domain::event::{CommittedEvent, CountedUnits, Event, EventParts, Happened};
use countersign_domain::ids::{AuditEntryId, EventId, FeatureId, LicenseId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{AuditTrail, Outbox, Page};
use tokio_postgres::Row;

use crate::connection::{Owned, Value};
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const INSERT_EVENT: &str =
    "insert into outbox (site, kind, subject, device, feature, units, total, channel, actor, created_at, changes)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const LIST_EVENTS: &str =
    "select id, kind, subject, device, channel, actor, created_at, feature, units, total, changes from outbox
    where site = $1 and id > $2 order by id limit $3";
const LIST_OF_LICENSE: &str =
    "select id, kind, subject, device, channel, actor, created_at, feature, units, total, changes from outbox
    where site = $1 and subject = $2 and kind like 'license.%' and id > $3 order by id limit $4";
/// As with status reports: what another node has in hand is skipped, and the rows are chosen once.
const DELETE_EVENTS_BEFORE: &str = "delete from outbox where created_at < $2 and id = any(array(
    select id from outbox where site = $1 order by id limit $3 for update skip locked))";
const INSERT_ENTRY: &str = "insert into audit_trail (site, channel, actor, verb, subject, created_at)
    values ($1, $2, $3, $4, $5, $6)";
const LIST_ENTRIES: &str = "select id, channel, actor, verb, subject, created_at from audit_trail
    where site = $1 and id > $2 order by id limit $3";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] =
    &[INSERT_EVENT, LIST_EVENTS, LIST_OF_LICENSE, DELETE_EVENTS_BEFORE, INSERT_ENTRY, LIST_ENTRIES];

#[async_trait]
impl Outbox for PgTx<'_> {
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
        let values: Vec<Owned> = vec![
            Box::new(site.0),
            Box::new(kind),
            Box::new(subject),
            Box::new(device),
            Box::new(feature),
            Box::new(units),
            Box::new(total),
            Box::new(actor.channel.as_str()),
            Box::new(actor.name.clone()),
            Box::new(now.as_millis()),
            Box::new(changes),
        ];
        self.tells = true;
        self.later(INSERT_EVENT, values).await
    }

    fn has_written(&self) -> bool {
        self.tells
    }

    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<CommittedEvent>, StoreError> {
        self.all(LIST_EVENTS, &[&site.0, &page.after, &i64::from(page.limit)], committed_event).await
    }

    async fn list_of_license(
        &mut self,
        site: SiteId,
        license: LicenseId,
        page: Page,
    ) -> Result<Vec<CommittedEvent>, StoreError> {
        let values: [Value<'_>; 4] = [&site.0, &license.0, &page.after, &i64::from(page.limit)];
        self.all(LIST_OF_LICENSE, &values, committed_event).await
    }

    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.changed(DELETE_EVENTS_BEFORE, &[&site.0, &before.as_millis(), &i64::from(limit)]).await
    }
}

#[async_trait]
impl AuditTrail for PgTx<'_> {
    async fn insert(&mut self, site: SiteId, actor: &Actor, action: &Action, now: Timestamp) -> Result<(), StoreError> {
        let channel = actor.channel.as_str();
        let values: [Value<'_>; 6] = [&site.0, &channel, &actor.name, &action.verb, &action.subject, &now.as_millis()];
        self.changed(INSERT_ENTRY, &values).await?;
        Ok(())
    }

    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<AuditEntry>, StoreError> {
        self.all(LIST_ENTRIES, &[&site.0, &page.after, &i64::from(page.limit)], audit_entry).await
    }
}

pub(super) fn committed_event(row: &Row) -> Result<CommittedEvent, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "outbox", row: id };
    let kind: String = column(row, 1)?;
    let counted = counted(column(row, 7)?, column(row, 8)?, column(row, 9)?);
    let parts = EventParts { kind: &kind, subject: column(row, 2)?, device: column(row, 3)?, counted };
    Ok(CommittedEvent {
        id: EventId(id),
        event: place.present("kind", Event::from_parts(parts))?,
        changes: changes(place, column(row, 10)?)?,
        actor: actor(row, 4, place)?,
        at: time(column(row, 6)?),
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

fn audit_entry(row: &Row) -> Result<AuditEntry, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "audit_trail", row: id };
    Ok(AuditEntry {
        id: AuditEntryId(id),
        actor: actor(row, 1, place)?,
        verb: column(row, 3)?,
        subject: column(row, 4)?,
        at: time(column(row, 5)?),
    })
}

/// Who made a change, from the two columns that start at `from`: channel and name.
fn actor(row: &Row, from: usize, place: Place) -> Result<Actor, StoreError> {
    let channel = place.present("channel", Channel::parse(&column::<String>(row, from)?))?;
    Ok(Actor { channel, name: column(row, from + 1)? })
}
