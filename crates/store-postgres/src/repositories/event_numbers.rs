//! Numbers of events.

use async_trait::async_trait;
use countersign_domain::ids::{EventId, FeatureId, LicenseId, ProductId, SiteId};
use countersign_domain::site::SiteName;
use countersign_domain::time::Date;
use countersign_domain::webhook::ExpiryStage;
use countersign_store::StoreError;
use countersign_store::repositories::{EventNumbers, NumberedEvent, NumberedRow};
use tokio_postgres::Row;

use super::trails::committed_event;
use crate::connection::Value;
use crate::rows::{Place, column};
use crate::transaction::PgTx;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, kind, subject, device, channel, actor, created_at, feature, units, total, changes, site,
            coalesce(sequence, 0) from outbox ",
            $rest
        )
    };
}

/// Held by the unit that gives numbers; any number that nothing else in the database uses ("evnumber" in ASCII).
const LOCK: &str = "select 'locked' from (select pg_advisory_xact_lock(7311704031478506866)) as held";
const IS_BEHIND: &str = "select exists (select 1 from outbox where sequence is null and id > 0)";
/// What has been committed when this statement begins: rows with lower ids may still come, and get their numbers then.
const UNNUMBERED: &str = select!("where sequence is null and id > 0 order by id limit $1");
const NEXT: &str = "insert into event_numbers (site, last) values ($1, $2)
    on conflict (site) do update set last = event_numbers.last + excluded.last returning last";
const NUMBER: &str =
    "update outbox set sequence = n.sequence from unnest($1::bigint[], $2::bigint[]) as n (id, sequence)
    where outbox.id = n.id";
const LIST: &str = select!("where site = $1 and sequence > $2 order by sequence limit $3");
const FIND: &str = select!("where id = $2 and site = $1 and sequence is not null");
const JUMP: &str = "update event_numbers set last = last + $2 where site = $1";
const LAST: &str = "select last from event_numbers where site = $1";
const EXPIRY: &str = "select day, license from expiry_notices where site = $1 and days_left = $2 for update";
const SET_EXPIRY: &str = "insert into expiry_notices (site, days_left, day, license) values ($1, $2, $3, $4)
    on conflict (site, days_left) do update set day = excluded.day, license = excluded.license";
const LIST_ENDING: &str = "select end_date, id from licenses where site = $1 and end_date is not null
    and (end_date, id) > ($2, $3) and end_date < $4 order by end_date, id limit $5";
const SITE_NAME: &str = "select name from sites where id = $1";
const PRODUCT_OF: &str = "select product from features where id = $1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    LOCK,
    IS_BEHIND,
    UNNUMBERED,
    NEXT,
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
impl EventNumbers for PgTx<'_> {
    async fn is_behind(&mut self) -> Result<bool, StoreError> {
        Ok(self.first(IS_BEHIND, &[], |row| column(row, 0)).await?.unwrap_or(false))
    }

    async fn advance(&mut self, limit: u32) -> Result<Vec<(SiteId, NumberedRow)>, StoreError> {
        self.hold().await?;
        let read = |row: &Row| Ok((column::<i64>(row, 0)?, numbered_row(row)?));
        let (ids, mut rows): (Vec<i64>, Vec<_>) =
            self.all(UNNUMBERED, &[&i64::from(limit)], read).await?.into_iter().unzip();
        let mut sites: Vec<SiteId> = rows.iter().map(|(site, _)| *site).collect();
        sites.sort_unstable();
        sites.dedup();
        for site in sites {
            let of_site = || rows.iter().filter(|(its, _)| *its == site);
            let count = i64::try_from(of_site().count()).unwrap_or(i64::MAX);
            let last = self.first(NEXT, &[&site.0, &count], |row| column::<i64>(row, 0)).await?;
            let last = last.ok_or(StoreError::OutcomeUnknown)?;
            for ((_, row), sequence) in rows.iter_mut().filter(|(its, _)| *its == site).zip(last - count + 1..) {
                row.sequence = sequence;
            }
        }
        let sequences: Vec<i64> = rows.iter().map(|(_, row)| row.sequence).collect();
        self.changed(NUMBER, &[&ids, &sequences]).await?;
        Ok(rows)
    }

    async fn hold(&mut self) -> Result<(), StoreError> {
        self.rows(LOCK, &[]).await.map(drop)
    }

    async fn list(&mut self, site: SiteId, after: i64, limit: u32) -> Result<Vec<NumberedRow>, StoreError> {
        let read = |row: &Row| numbered_row(row).map(|(_, row)| row);
        self.all(LIST, &[&site.0, &after, &i64::from(limit)], read).await
    }

    async fn find(&mut self, site: SiteId, event: EventId) -> Result<Option<NumberedEvent>, StoreError> {
        self.first(FIND, &[&site.0, &event.0], |row| numbered_row(row)?.1.into_event()).await
    }

    async fn jump(&mut self, site: SiteId, by: i64) -> Result<(), StoreError> {
        self.changed(JUMP, &[&site.0, &by]).await?;
        Ok(())
    }

    async fn last(&mut self, site: SiteId) -> Result<i64, StoreError> {
        Ok(self.first(LAST, &[&site.0], |row| column(row, 0)).await?.unwrap_or(0))
    }

    async fn lock_expiry(&mut self, site: SiteId, stage: ExpiryStage) -> Result<Option<(Date, LicenseId)>, StoreError> {
        let place = Place { table: "expiry_notices", row: site.0 };
        let read = |row: &Row| Ok((place.date("day", &column::<String>(row, 0)?)?, LicenseId(column(row, 1)?)));
        self.first(EXPIRY, &[&site.0, &stage.number()], read).await
    }

    async fn set_expiry(
        &mut self,
        site: SiteId,
        stage: ExpiryStage,
        last: (Date, LicenseId),
    ) -> Result<(), StoreError> {
        let values: [Value<'_>; 4] = [&site.0, &stage.number(), &last.0.to_string(), &last.1.0];
        self.changed(SET_EXPIRY, &values).await?;
        Ok(())
    }

    async fn list_ending(
        &mut self,
        site: SiteId,
        after: (Date, LicenseId),
        before: Date,
        limit: u32,
    ) -> Result<Vec<(Date, LicenseId)>, StoreError> {
        let (day, before, limit) = (after.0.to_string(), before.to_string(), i64::from(limit));
        self.all(LIST_ENDING, &[&site.0, &day, &after.1.0, &before, &limit], ending).await
    }

    async fn site_name(&mut self, site: SiteId) -> Result<Option<SiteName>, StoreError> {
        let place = Place { table: "sites", row: site.0 };
        let read = |row: &Row| place.check("name", SiteName::new(column::<String>(row, 0)?));
        self.first(SITE_NAME, &[&site.0], read).await
    }

    async fn product_of(&mut self, feature: FeatureId) -> Result<Option<ProductId>, StoreError> {
        self.first(PRODUCT_OF, &[&feature.0], |row| column(row, 0).map(ProductId)).await
    }
}

fn ending(row: &Row) -> Result<(Date, LicenseId), StoreError> {
    let id: i64 = column(row, 1)?;
    let place = Place { table: "licenses", row: id };
    Ok((place.check("end_date", Date::parse(&column::<String>(row, 0)?))?, LicenseId(id)))
}

fn numbered_row(row: &Row) -> Result<(SiteId, NumberedRow), StoreError> {
    Ok((SiteId(column(row, 11)?), NumberedRow { sequence: column(row, 12)?, committed: committed_event(row) }))
}
