//! What receivers of webhooks are counted to have been told.

use async_trait::async_trait;
use countersign_domain::ids::{DeliveryId, EndpointId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{CheckpointCounts, CountedDelivery, DeliveryState};
use countersign_store::StoreError;
use countersign_store::repositories::Checkpoints;
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const SCHEDULE: &str = "insert into checkpoints (endpoint, due_at) values ($1, $2)
    on conflict (endpoint) do update set due_at = excluded.due_at";
const DUE: &str = "select e.site, e.id from checkpoints c join webhook_endpoints e on e.id = c.endpoint
    where c.due_at <= $1 and e.state = 'enabled' order by c.due_at limit $2";
const DUE_AT: &str = "select due_at from checkpoints where endpoint = $1";
const IS_UNDER_WAY: &str = "select exists (select 1 from deliveries where endpoint = $1 and event < 0
    and ended_at is null and event > -4294967296)";
const COUNTS: &str = "select number, sequence, after, delivered, dead, cancelled from checkpoints where endpoint = $1";
const UNCOUNTED: &str = "select id, sequence, coalesce(manual, state) from deliveries
    where endpoint = $1 and id > $2 and event > 0 order by id limit $3";
const ADVANCE: &str = "insert into checkpoints (endpoint, number, sequence, after, delivered, dead, cancelled)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict (endpoint) do update set number = excluded.number,
    sequence = excluded.sequence, after = excluded.after, delivered = excluded.delivered, dead = excluded.dead,
    cancelled = excluded.cancelled";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[SCHEDULE, DUE, DUE_AT, IS_UNDER_WAY, COUNTS, UNCOUNTED, ADVANCE];

#[async_trait]
impl Checkpoints for PgTx<'_> {
    async fn schedule(&mut self, endpoint: EndpointId, due_at: Option<Timestamp>) -> Result<(), StoreError> {
        self.changed(SCHEDULE, &[&endpoint.0, &due_at.map(Timestamp::as_millis)]).await.map(drop)
    }

    async fn due(&mut self, now: Timestamp, limit: u32) -> Result<Vec<(SiteId, EndpointId)>, StoreError> {
        let read = |row: &Row| Ok((SiteId(column(row, 0)?), EndpointId(column(row, 1)?)));
        self.all(DUE, &[&now.as_millis(), &i64::from(limit)], read).await
    }

    async fn due_at(&mut self, endpoint: EndpointId) -> Result<Option<Timestamp>, StoreError> {
        let read = |row: &Row| Ok(column::<Option<i64>>(row, 0)?.map(time));
        Ok(self.first(DUE_AT, &[&endpoint.0], read).await?.flatten())
    }

    async fn is_under_way(&mut self, endpoint: EndpointId) -> Result<bool, StoreError> {
        Ok(self.first(IS_UNDER_WAY, &[&endpoint.0], |row| column(row, 0)).await?.unwrap_or(false))
    }

    async fn counts(&mut self, endpoint: EndpointId) -> Result<CheckpointCounts, StoreError> {
        Ok(self.first(COUNTS, &[&endpoint.0], counts).await?.unwrap_or_default())
    }

    async fn uncounted(
        &mut self,
        endpoint: EndpointId,
        after: DeliveryId,
        limit: u32,
    ) -> Result<Vec<CountedDelivery>, StoreError> {
        self.all(UNCOUNTED, &[&endpoint.0, &after.0, &i64::from(limit)], counted).await
    }

    async fn advance(&mut self, endpoint: EndpointId, to: &CheckpointCounts) -> Result<(), StoreError> {
        let values: [Value<'_>; 7] = [
            &endpoint.0,
            &i64::from(to.number),
            &to.sequence,
            &to.after.0,
            &number(to.delivered),
            &number(to.dead),
            &number(to.cancelled),
        ];
        self.changed(ADVANCE, &values).await.map(drop)
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn counts(row: &Row) -> Result<CheckpointCounts, StoreError> {
    let count = |index| Ok::<_, StoreError>(u64::try_from(column::<i64>(row, index)?).unwrap_or(0));
    Ok(CheckpointCounts {
        number: u32::try_from(column::<i64>(row, 0)?).unwrap_or(u32::MAX),
        sequence: column(row, 1)?,
        after: DeliveryId(column(row, 2)?),
        delivered: count(3)?,
        dead: count(4)?,
        cancelled: count(5)?,
    })
}

fn counted(row: &Row) -> Result<CountedDelivery, StoreError> {
    let id: i64 = column(row, 0)?;
    let state = DeliveryState::parse(&column::<String>(row, 2)?);
    let state = Place { table: "deliveries", row: id }.present("state", state)?;
    Ok(CountedDelivery { id: DeliveryId(id), sequence: column(row, 1)?, state })
}
