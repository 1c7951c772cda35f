//! Seats of floating licenses and features.

use async_trait::async_trait;
use countersign_domain::ids::{DeviceId, FeatureId, LicenseId, SeatId};
use countersign_domain::licensing::{Seat, SeatPool};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Page, Seats};
use rusqlite::{Connection, Row, params};

use crate::rows::{Place, all, changed, column, first, time};
use crate::transaction::SqliteTx;

const FIND: &str = "select device, taken_at, seen_at, ends_at, borrowed_until from seats
    where license = ?1 and feature = ?2 and device = ?3";
const COUNT: &str = "select seats from seat_counts where license = ?1 and feature = ?2";
const COUNT_ENDED: &str = "select count(*) from seats where license = ?1 and feature = ?2 and ends_at <= ?3";
const FIRST_END: &str = "select ends_at from seats where license = ?1 and feature = ?2 and ends_at > ?3
    order by ends_at limit 1";
const DELETE_ENDED: &str = "delete from seats where id in
    (select id from seats where license = ?1 and feature = ?2 and ends_at <= ?3 order by ends_at limit ?4)";
const ADD: &str = "insert into seat_counts (license, feature, seats) values (?1, ?2, 1)
    on conflict (license, feature) do update set seats = seats + 1";
const SUBTRACT: &str = "update seat_counts set seats = seats - ?3 where license = ?1 and feature = ?2";
const UPDATE: &str = "update seats set taken_at = ?4, seen_at = ?5, ends_at = ?6, borrowed_until = ?7
    where license = ?1 and feature = ?2 and device = ?3";
const INSERT: &str = "insert into seats (license, feature, device, taken_at, seen_at, ends_at, borrowed_until)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const EXTEND: &str = "update seats set seen_at = ?5, ends_at = max(ends_at, ?6)
    where license = ?1 and feature = ?2 and device = ?3 and ends_at > ?4";
const DELETE: &str = "delete from seats where license = ?1 and feature = ?2 and device = ?3";
const POOLS_OF: &str = "select s.feature from seat_counts p cross join seats s
    on s.license = p.license and s.feature = p.feature and s.device = ?2 where p.license = ?1 order by p.feature";
const LIST: &str = "select device, taken_at, seen_at, ends_at, borrowed_until, id, license, feature from seats
    where license = ?1 and id > ?3 and ends_at > ?2 order by id limit ?4";
const FIND_ENDED: &str = "select p.license, p.feature from seat_counts p
    where (p.license, p.feature) > (?2, ?3) and p.seats > 0 and exists
        (select 1 from seats s where s.license = p.license and s.feature = p.feature and s.ends_at <= ?1)
    order by p.license, p.feature limit 1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    FIND,
    COUNT,
    COUNT_ENDED,
    FIRST_END,
    DELETE_ENDED,
    ADD,
    SUBTRACT,
    UPDATE,
    INSERT,
    EXTEND,
    DELETE,
    POOLS_OF,
    LIST,
    FIND_ENDED,
];

#[async_trait]
impl Seats for SqliteTx<'_> {
    async fn find(&mut self, pool: SeatPool, device: DeviceId) -> Result<Option<Seat>, StoreError> {
        self.attempt(|c| first(c, FIND, (pool.license.0, feature(pool), device.0), seat))
    }

    async fn count_held(&mut self, pool: SeatPool, ended_by: Timestamp) -> Result<u32, StoreError> {
        self.attempt(|c| {
            let ended: Option<i64> =
                first(c, COUNT_ENDED, (pool.license.0, feature(pool), ended_by.as_millis()), |row| column(row, 0))?;
            Ok(count(c, pool)?.saturating_sub(u32::try_from(ended.unwrap_or(0)).unwrap_or(u32::MAX)))
        })
    }

    async fn first_end(&mut self, pool: SeatPool, ended_by: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let values = (pool.license.0, feature(pool), ended_by.as_millis());
        self.attempt(|c| first(c, FIRST_END, values, |row| column(row, 0).map(time)))
    }

    async fn lock(&mut self, pool: SeatPool) -> Result<u32, StoreError> {
        // There is one writer: whatever a unit reads stays true until it ends.
        self.attempt(|c| count(c, pool))
    }

    async fn delete_ended(&mut self, pool: SeatPool, ended_by: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let values = (pool.license.0, feature(pool), ended_by.as_millis(), limit);
        self.attempt(|c| {
            let deleted = changed(c, DELETE_ENDED, values)?;
            subtract(c, pool, deleted)?;
            Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
        })
    }

    async fn put(&mut self, pool: SeatPool, seat: &Seat) -> Result<(), StoreError> {
        let values = params![
            pool.license.0,
            feature(pool),
            seat.device.0,
            seat.taken_at.as_millis(),
            seat.seen_at.as_millis(),
            seat.ends_at.as_millis(),
            seat.borrowed_until.map(Timestamp::as_millis),
        ];
        self.attempt(|c| {
            if changed(c, UPDATE, values)? == 0 {
                changed(c, INSERT, values)?;
                changed(c, ADD, (pool.license.0, feature(pool)))?;
            }
            Ok(())
        })
    }

    async fn extend(
        &mut self,
        pool: SeatPool,
        device: DeviceId,
        ended_by: Timestamp,
        (seen_at, ends_at): (Timestamp, Timestamp),
    ) -> Result<bool, StoreError> {
        let (license, feature) = (pool.license.0, feature(pool));
        let values = (license, feature, device.0, ended_by.as_millis(), seen_at.as_millis(), ends_at.as_millis());
        self.attempt(|c| Ok(changed(c, EXTEND, values)? == 1))
    }

    async fn delete(&mut self, pool: SeatPool, device: DeviceId) -> Result<bool, StoreError> {
        self.attempt(|c| delete(c, pool, device))
    }

    async fn list(
        &mut self,
        license: LicenseId,
        ended_by: Timestamp,
        page: Page,
    ) -> Result<Vec<(SeatId, SeatPool, Seat)>, StoreError> {
        let values = (license.0, ended_by.as_millis(), page.after, page.limit);
        self.attempt(|c| all(c, LIST, values, |row| Ok((SeatId(column(row, 5)?), pool(row, 6)?, seat(row)?))))
    }

    async fn find_ended(
        &mut self,
        ended_by: Timestamp,
        after: Option<SeatPool>,
    ) -> Result<Option<SeatPool>, StoreError> {
        // No license has the row id 0.
        let (license, feature) = after.map_or((0, 0), |after| (after.license.0, feature(after)));
        self.attempt(|c| first(c, FIND_ENDED, (ended_by.as_millis(), license, feature), |row| pool(row, 0)))
    }
}

/// Removes all seats of a license on a device.
pub(super) fn delete_all(connection: &Connection, license: LicenseId, device: DeviceId) -> Result<(), StoreError> {
    let features: Vec<i64> = all(connection, POOLS_OF, (license.0, device.0), |row| column(row, 0))?;
    for feature in features {
        delete(connection, SeatPool { license, feature: of_column(feature) }, device)?;
    }
    Ok(())
}

fn delete(connection: &Connection, pool: SeatPool, device: DeviceId) -> Result<bool, StoreError> {
    let deleted = changed(connection, DELETE, (pool.license.0, feature(pool), device.0))?;
    subtract(connection, pool, deleted)?;
    Ok(deleted == 1)
}

fn count(connection: &Connection, pool: SeatPool) -> Result<u32, StoreError> {
    let seats = first(connection, COUNT, (pool.license.0, feature(pool)), |row| column::<i64>(row, 0))?;
    Place { table: "seat_counts", row: pool.license.0 }.check("seats", u32::try_from(seats.unwrap_or(0)))
}

fn subtract(connection: &Connection, pool: SeatPool, deleted: usize) -> Result<(), StoreError> {
    if deleted > 0 {
        let deleted = i64::try_from(deleted).unwrap_or(i64::MAX);
        changed(connection, SUBTRACT, (pool.license.0, feature(pool), deleted))?;
    }
    Ok(())
}

/// The column of a pool's feature.
pub(super) fn feature(pool: SeatPool) -> i64 {
    pool.feature.map_or(0, |feature| feature.0)
}

fn of_column(feature: i64) -> Option<FeatureId> {
    (feature != 0).then_some(FeatureId(feature))
}

/// A pool from the two columns that start at `from`: license and feature.
pub(super) fn pool(row: &Row<'_>, from: usize) -> Result<SeatPool, StoreError> {
    Ok(SeatPool { license: LicenseId(column(row, from)?), feature: of_column(column(row, from + 1)?) })
}

/// A seat from the first five columns.
fn seat(row: &Row<'_>) -> Result<Seat, StoreError> {
    Ok(Seat {
        device: DeviceId(column(row, 0)?),
        taken_at: time(column(row, 1)?),
        seen_at: time(column(row, 2)?),
        ends_at: time(column(row, 3)?),
        borrowed_until: column::<Option<i64>>(row, 4)?.map(time),
    })
}
