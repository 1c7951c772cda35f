//! Seats of floating licenses and features.

use async_trait::async_trait;
use countersign_domain::ids::{DeviceId, FeatureId, LicenseId, SeatId};
use countersign_domain::licensing::{Seat, SeatPool};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Page, Seats};
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const FIND: &str = "select device, taken_at, seen_at, ends_at, borrowed_until from seats
    where license = $1 and feature = $2 and device = $3";
const COUNT_HELD: &str =
    "select seats - (select count(*) from seats where license = $1 and feature = $2 and ends_at <= $3)
    from seat_counts where license = $1 and feature = $2";
const FIRST_END: &str = "select ends_at from seats where license = $1 and feature = $2 and ends_at > $3
    order by ends_at limit 1";
// Asked again of each row, because one that is being extended is waited for, and then has not ended.
const DELETE_ENDED: &str = "delete from seats where ends_at <= $3 and id in
    (select id from seats where license = $1 and feature = $2 and ends_at <= $3 order by ends_at limit $4)";
// Written first, because a row that is not there cannot be locked.
const BEGIN: &str = "insert into seat_counts (license, feature, seats) values ($1, $2, 0) on conflict do nothing";
const LOCK: &str = "select seats from seat_counts where license = $1 and feature = $2 for update";
const ADD: &str = "update seat_counts set seats = seats + 1 where license = $1 and feature = $2";
const SUBTRACT: &str = "update seat_counts set seats = seats - $3 where license = $1 and feature = $2";
const UPDATE: &str = "update seats set taken_at = $4, seen_at = $5, ends_at = $6, borrowed_until = $7
    where license = $1 and feature = $2 and device = $3";
const INSERT: &str = "insert into seats (license, feature, device, taken_at, seen_at, ends_at, borrowed_until)
    values ($1, $2, $3, $4, $5, $6, $7)";
const EXTEND: &str = "update seats set seen_at = $5, ends_at = greatest(ends_at, $6)
    where license = $1 and feature = $2 and device = $3 and ends_at > $4";
const DELETE: &str = "delete from seats where license = $1 and feature = $2 and device = $3";
const POOLS_OF: &str = "select s.feature from seat_counts p join seats s
    on s.license = p.license and s.feature = p.feature and s.device = $2 where p.license = $1 order by s.feature";
const LIST: &str = "select device, taken_at, seen_at, ends_at, borrowed_until, id, license, feature from seats
    where license = $1 and id > $3 and ends_at > $2 order by id limit $4";
/// Lateral, so that each pool is looked at by itself, and never all seats.
const FIND_ENDED: &str = "select p.license, p.feature from seat_counts p cross join lateral
        (select 1 from seats s where s.license = p.license and s.feature = p.feature and s.ends_at <= $1 limit 1) ended
    where (p.license, p.feature) > ($2, $3) and p.seats > 0 order by p.license, p.feature limit 1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    FIND,
    COUNT_HELD,
    FIRST_END,
    DELETE_ENDED,
    BEGIN,
    LOCK,
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
impl Seats for PgTx<'_> {
    async fn find(&mut self, pool: SeatPool, device: DeviceId) -> Result<Option<Seat>, StoreError> {
        self.first(FIND, &[&pool.license.0, &feature(pool), &device.0], seat).await
    }

    async fn count_held(&mut self, pool: SeatPool, ended_by: Timestamp) -> Result<u32, StoreError> {
        let values: [Value<'_>; 3] = [&pool.license.0, &feature(pool), &ended_by.as_millis()];
        let held = self.first(COUNT_HELD, &values, |row| column::<i64>(row, 0)).await?;
        number(pool, held)
    }

    async fn first_end(&mut self, pool: SeatPool, ended_by: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let values: [Value<'_>; 3] = [&pool.license.0, &feature(pool), &ended_by.as_millis()];
        self.first(FIRST_END, &values, |row| column(row, 0).map(time)).await
    }

    async fn lock(&mut self, pool: SeatPool) -> Result<u32, StoreError> {
        let mut seats = self.first(LOCK, &[&pool.license.0, &feature(pool)], |row| column::<i64>(row, 0)).await?;
        if seats.is_none() {
            self.changed(BEGIN, &[&pool.license.0, &feature(pool)]).await?;
            seats = self.first(LOCK, &[&pool.license.0, &feature(pool)], |row| column::<i64>(row, 0)).await?;
        }
        number(pool, seats)
    }

    async fn delete_ended(&mut self, pool: SeatPool, ended_by: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let limit = i64::from(limit);
        let values: [Value<'_>; 4] = [&pool.license.0, &feature(pool), &ended_by.as_millis(), &limit];
        let deleted = self.changed(DELETE_ENDED, &values).await?;
        self.subtract(pool, deleted).await?;
        Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
    }

    async fn put(&mut self, pool: SeatPool, seat: &Seat) -> Result<(), StoreError> {
        let (feature, borrowed_until) = (feature(pool), seat.borrowed_until.map(Timestamp::as_millis));
        let (taken_at, seen_at, ends_at) =
            (seat.taken_at.as_millis(), seat.seen_at.as_millis(), seat.ends_at.as_millis());
        let values: [Value<'_>; 7] =
            [&pool.license.0, &feature, &seat.device.0, &taken_at, &seen_at, &ends_at, &borrowed_until];
        if self.changed(UPDATE, &values).await? == 0 {
            self.changed(INSERT, &values).await?;
            self.changed(ADD, &[&pool.license.0, &feature]).await?;
        }
        Ok(())
    }

    async fn extend(
        &mut self,
        pool: SeatPool,
        device: DeviceId,
        ended_by: Timestamp,
        (seen_at, ends_at): (Timestamp, Timestamp),
    ) -> Result<bool, StoreError> {
        let times = (ended_by.as_millis(), seen_at.as_millis(), ends_at.as_millis());
        let values: [Value<'_>; 6] = [&pool.license.0, &feature(pool), &device.0, &times.0, &times.1, &times.2];
        Ok(self.changed(EXTEND, &values).await? == 1)
    }

    async fn delete(&mut self, pool: SeatPool, device: DeviceId) -> Result<bool, StoreError> {
        self.changed(LOCK, &[&pool.license.0, &feature(pool)]).await?;
        let deleted = self.changed(DELETE, &[&pool.license.0, &feature(pool), &device.0]).await?;
        self.subtract(pool, deleted).await?;
        Ok(deleted == 1)
    }

    async fn list(
        &mut self,
        license: LicenseId,
        ended_by: Timestamp,
        page: Page,
    ) -> Result<Vec<(SeatId, SeatPool, Seat)>, StoreError> {
        let limit = i64::from(page.limit);
        let values: [Value<'_>; 4] = [&license.0, &ended_by.as_millis(), &page.after, &limit];
        self.all(LIST, &values, |row| Ok((SeatId(column(row, 5)?), pool(row, 6)?, seat(row)?))).await
    }

    async fn find_ended(
        &mut self,
        ended_by: Timestamp,
        after: Option<SeatPool>,
    ) -> Result<Option<SeatPool>, StoreError> {
        // No license has the row id 0.
        let (license, feature) = after.map_or((0, 0), |after| (after.license.0, feature(after)));
        self.first(FIND_ENDED, &[&ended_by.as_millis(), &license, &feature], |row| pool(row, 0)).await
    }
}

impl PgTx<'_> {
    /// Removes all seats of a license on a device.
    pub(super) async fn delete_seats(&mut self, license: LicenseId, device: DeviceId) -> Result<(), StoreError> {
        for feature in self.all(POOLS_OF, &[&license.0, &device.0], |row| column::<i64>(row, 0)).await? {
            Seats::delete(self, SeatPool { license, feature: of_column(feature) }, device).await?;
        }
        Ok(())
    }

    async fn subtract(&mut self, pool: SeatPool, deleted: u64) -> Result<(), StoreError> {
        if deleted > 0 {
            let deleted = i64::try_from(deleted).unwrap_or(i64::MAX);
            self.changed(SUBTRACT, &[&pool.license.0, &feature(pool), &deleted]).await?;
        }
        Ok(())
    }
}

fn number(pool: SeatPool, seats: Option<i64>) -> Result<u32, StoreError> {
    Place { table: "seat_counts", row: pool.license.0 }.check("seats", u32::try_from(seats.unwrap_or(0)))
}

/// The column of a pool's feature.
pub(super) fn feature(pool: SeatPool) -> i64 {
    pool.feature.map_or(0, |feature| feature.0)
}

fn of_column(feature: i64) -> Option<FeatureId> {
    (feature != 0).then_some(FeatureId(feature))
}

/// A pool from the two columns that start at `from`: license and feature.
pub(super) fn pool(row: &Row, from: usize) -> Result<SeatPool, StoreError> {
    Ok(SeatPool { license: LicenseId(column(row, from)?), feature: of_column(column(row, from + 1)?) })
}

/// A seat from the first five columns.
fn seat(row: &Row) -> Result<Seat, StoreError> {
    Ok(Seat {
        device: DeviceId(column(row, 0)?),
        taken_at: time(column(row, 1)?),
        seen_at: time(column(row, 2)?),
        ends_at: time(column(row, 3)?),
        borrowed_until: column::<Option<i64>>(row, 4)?.map(time),
    })
}
