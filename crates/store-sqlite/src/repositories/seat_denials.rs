//! Who was refused a seat.

use async_trait::async_trait;
use countersign_domain::ids::{DeviceId, LicenseId, SeatDenialId, SiteId};
use countersign_domain::licensing::{SeatDenial, SeatPool, SeatRefusal};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Page, SeatDenials};
use rusqlite::{Row, params};

use super::seats::{feature, pool};
use crate::rows::{Place, all, changed, column, first, removed, time};
use crate::transaction::SqliteTx;

const FIND_LAST: &str = "select id, license, feature, device, reason, first_at, last_at, times from seat_denials
    where license = ?1 and feature = ?2 and device = ?3 and reason = ?4 order by hour desc limit 1";
const NOTE: &str = "insert into seat_denials (site, license, feature, device, reason, hour, first_at, last_at, times)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, 1) on conflict (license, feature, device, reason, hour)
    do update set last_at = excluded.last_at, times = times + 1";
const LIST: &str = "select id, license, feature, device, reason, first_at, last_at, times from seat_denials
    where site = ?1 and id > ?2 order by id limit ?3";
const LIST_OF_LICENSE: &str = "select id, license, feature, device, reason, first_at, last_at, times from seat_denials
    where license = ?4 and +site = ?1 and id > ?2 order by id limit ?3";
const DELETE_BEFORE: &str = "delete from seat_denials where id in
    (select id from seat_denials where site = ?1 and hour < ?2 order by hour limit ?3)";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[FIND_LAST, NOTE, LIST, LIST_OF_LICENSE, DELETE_BEFORE];

#[async_trait]
impl SeatDenials for SqliteTx<'_> {
    async fn find_last(
        &mut self,
        pool: SeatPool,
        device: DeviceId,
        reason: SeatRefusal,
    ) -> Result<Option<SeatDenial>, StoreError> {
        let values = (pool.license.0, feature(pool), device.0, reason.as_str());
        self.attempt(|c| first(c, FIND_LAST, values, |row| Ok(denial(row)?.1)))
    }

    async fn note(
        &mut self,
        site: SiteId,
        pool: SeatPool,
        device: DeviceId,
        reason: SeatRefusal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let hour = SeatDenial::hour(now).as_millis();
        let values = params![site.0, pool.license.0, feature(pool), device.0, reason.as_str(), hour, now.as_millis()];
        self.attempt(|c| changed(c, NOTE, values).map(drop))
    }

    async fn list(
        &mut self,
        site: SiteId,
        license: Option<LicenseId>,
        page: Page,
    ) -> Result<Vec<(SeatDenialId, SeatDenial)>, StoreError> {
        self.attempt(|c| match license {
            None => all(c, LIST, (site.0, page.after, page.limit), denial),
            Some(license) => all(c, LIST_OF_LICENSE, (site.0, page.after, page.limit, license.0), denial),
        })
    }

    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.attempt(|c| removed(c, DELETE_BEFORE, (site.0, before.as_millis(), limit)))
    }
}

fn denial(row: &Row<'_>) -> Result<(SeatDenialId, SeatDenial), StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "seat_denials", row: id };
    let denial = SeatDenial {
        pool: pool(row, 1)?,
        device: DeviceId(column(row, 3)?),
        reason: place.present("reason", SeatRefusal::parse(&column::<String>(row, 4)?))?,
        first_at: time(column(row, 5)?),
        last_at: time(column(row, 6)?),
        times: place.check("times", u32::try_from(column::<i64>(row, 7)?))?,
    };
    Ok((SeatDenialId(id), denial))
}
