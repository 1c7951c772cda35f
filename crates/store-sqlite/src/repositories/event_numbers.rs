//! Numbers of events.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use async_trait::async_trait;
use countersign_domain::ids::{EventId, FeatureId, LicenseId, ProductId, SiteId};
use countersign_domain::site::SiteName;
use countersign_domain::time::Date;
use countersign_domain::webhook::ExpiryStage;
use countersign_store::StoreError;
use countersign_store::repositories::{EventNumbers, NumberedEvent, NumberedRow};
use rusqlite::{Connection, Row};

use super::trails::committed_event;
use crate::rows::{Place, Repeated, all, changed, column, exists, first, text};
use crate::transaction::SqliteTx;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, channel, actor, created_at, kind, subject, device, feature, units, total, changes, site,
            coalesce(sequence, 0) from outbox ",
            $rest
        )
    };
}

const IS_BEHIND: &str = "select exists (select 1 from outbox indexed by outbox_unnumbered where sequence is null)";
const UNNUMBERED: &str = select!("indexed by outbox_unnumbered where sequence is null order by id limit ?1");
const SET_LAST: &str = "insert into event_numbers (site, last) values (?1, ?2)
    on conflict (site) do update set last = excluded.last";
const NUMBER: &str = "update outbox set sequence = ?2 where id = ?1";
const LIST: &str = select!("where site = ?1 and sequence > ?2 order by sequence limit ?3");
const FIND: &str = select!("where id = ?2 and site = ?1 and sequence is not null");
const JUMP: &str = "update event_numbers set last = last + ?2 where site = ?1";
const LAST: &str = "select last from event_numbers where site = ?1";
const EXPIRY: &str = "select day, license from expiry_notices where site = ?1 and days_left = ?2";
const SET_EXPIRY: &str = "insert into expiry_notices (site, days_left, day, license) values (?1, ?2, ?3, ?4)
    on conflict (site, days_left) do update set day = excluded.day, license = excluded.license";
const LIST_ENDING: &str = "select end_date, id from licenses where site = ?1 and end_date is not null
    and (end_date, id) > (?2, ?3) and end_date < ?4 order by end_date, id limit ?5";
const SITE_NAME: &str = "select name from sites where id = ?1";
const PRODUCT_OF: &str = "select product from features where id = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    IS_BEHIND,
    UNNUMBERED,
    SET_LAST,
    NUMBER,
    LIST,
    FIND,
    JUMP,
    LAST,
    EXPIRY,
    SET_EXPIRY,
    LIST_ENDING,
    SITE_NAME,
    PRODUCT_OF,
];

#[async_trait]
impl EventNumbers for SqliteTx<'_> {
    async fn is_behind(&mut self) -> Result<bool, StoreError> {
        self.attempt(|c| exists(c, IS_BEHIND, []))
    }

    async fn advance(&mut self, limit: u32) -> Result<Vec<(SiteId, NumberedRow)>, StoreError> {
        self.attempt(|c| {
            let mut rows = all(c, UNNUMBERED, [limit], |row| Ok((column::<i64>(row, 0)?, numbered_row(row)?)))?;
            let (mut numbers, mut number) = (BTreeMap::new(), Repeated::of(c, NUMBER)?);
            for (id, (site, row)) in &mut rows {
                let last = match numbers.entry(*site) {
                    Entry::Occupied(last) => last.into_mut(),
                    Entry::Vacant(unread) => unread.insert(last(c, *site)?),
                };
                *last = last.saturating_add(1);
                row.sequence = *last;
                number.changed((*id, row.sequence))?;
            }
            for (site, last) in numbers {
                changed(c, SET_LAST, (site.0, last))?;
            }
            Ok(rows.into_iter().map(|(_, row)| row).collect())
        })
    }

    async fn hold(&mut self) -> Result<(), StoreError> {
        // There is one writer at a time.
        Ok(())
    }

    async fn list(&mut self, site: SiteId, after: i64, limit: u32) -> Result<Vec<NumberedRow>, StoreError> {
        self.attempt(|c| all(c, LIST, (site.0, after, limit), |row| numbered_row(row).map(|(_, row)| row)))
    }

    async fn find(&mut self, site: SiteId, event: EventId) -> Result<Option<NumberedEvent>, StoreError> {
        self.attempt(|c| first(c, FIND, (site.0, event.0), |row| numbered_row(row)?.1.into_event()))
    }

    async fn jump(&mut self, site: SiteId, by: i64) -> Result<(), StoreError> {
        self.attempt(|c| changed(c, JUMP, (site.0, by)).map(drop))
    }

    async fn last(&mut self, site: SiteId) -> Result<i64, StoreError> {
        self.attempt(|c| last(c, site))
    }

    async fn lock_expiry(&mut self, site: SiteId, stage: ExpiryStage) -> Result<Option<(Date, LicenseId)>, StoreError> {
        let place = Place { table: "expiry_notices", row: site.0 };
        let read = |row: &Row<'_>| Ok((place.date("day", text(row, 0)?)?, LicenseId(column(row, 1)?)));
        self.attempt(|c| first(c, EXPIRY, (site.0, stage.number()), read))
    }

    async fn set_expiry(
        &mut self,
        site: SiteId,
        stage: ExpiryStage,
        last: (Date, LicenseId),
    ) -> Result<(), StoreError> {
        let values = (site.0, stage.number(), last.0.to_string(), last.1.0);
        self.attempt(|c| changed(c, SET_EXPIRY, values).map(drop))
    }

    async fn list_ending(
        &mut self,
        site: SiteId,
        after: (Date, LicenseId),
        before: Date,
        limit: u32,
    ) -> Result<Vec<(Date, LicenseId)>, StoreError> {
        let values = (site.0, after.0.to_string(), after.1.0, before.to_string(), limit);
        self.attempt(|c| all(c, LIST_ENDING, values, ending))
    }

    async fn site_name(&mut self, site: SiteId) -> Result<Option<SiteName>, StoreError> {
        let place = Place { table: "sites", row: site.0 };
        self.attempt(|c| first(c, SITE_NAME, [site.0], |row| place.check("name", SiteName::new(text(row, 0)?))))
    }

    async fn product_of(&mut self, feature: FeatureId) -> Result<Option<ProductId>, StoreError> {
        self.attempt(|c| first(c, PRODUCT_OF, [feature.0], |row| column(row, 0).map(ProductId)))
    }
}

fn last(connection: &Connection, site: SiteId) -> Result<i64, StoreError> {
    Ok(first(connection, LAST, [site.0], |row| column(row, 0))?.unwrap_or(0))
}

fn ending(row: &Row<'_>) -> Result<(Date, LicenseId), StoreError> {
    let id: i64 = column(row, 1)?;
    Ok((Place { table: "licenses", row: id }.date("end_date", text(row, 0)?)?, LicenseId(id)))
}

fn numbered_row(row: &Row<'_>) -> Result<(SiteId, NumberedRow), StoreError> {
    Ok((SiteId(column(row, 11)?), NumberedRow { sequence: column(row, 12)?, committed: committed_event(row) }))
}
