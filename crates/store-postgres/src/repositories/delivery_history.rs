//! Attempts to deliver, and deliveries that are sent again together.

use std::time::Duration;

use async_trait::async_trait;
use countersign_domain::ids::{DeliveryId, EndpointId, RecoveryId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{
    Attempt, AttemptOutcome, AttemptTrigger, BackfillStage, DeliveryState, NewAttempt, Recovery, RecoveryState,
};
use countersign_store::StoreError;
use countersign_store::repositories::DeliveryHistory;
use tokio_postgres::Row;

use crate::connection::{Owned, Value};
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const INSERT: &str =
    "insert into delivery_attempts (delivery, number, reason, at, duration, outcome, status, address, tls,
    excerpt, error) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing";
const INSERT_ALL: &str =
    "insert into delivery_attempts (delivery, number, reason, at, duration, outcome, status, address, tls,
    excerpt, error) select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[],
    $7::bigint[], $8::text[], $9::text[], $10::bytea[], $11::text[]) on conflict do nothing";
const LIST: &str = "select delivery, number, reason, at, duration, outcome, status, address, tls, excerpt, error
    from delivery_attempts where delivery = $1 order by number desc limit $2";
const INSERT_RECOVERY: &str = "insert into recoveries (site, endpoint, since, until, from_state, state, after, queued,
    created_at, backfill) values ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8) returning id";
const FIND_RECOVERY: &str =
    "select id, site, endpoint, since, until, from_state, state, after, queued, created_at, backfill
    from recoveries where id = $2 and site = $1";
const RUNNING: &str = "select r.id, r.site, r.endpoint, since, until, from_state, r.state, after, queued, r.created_at,
    backfill
    from recoveries r join webhook_endpoints e on e.id = r.endpoint where r.state = 'running' and r.id > $1
    and e.state = 'enabled' and (e.paused_until is null or e.paused_until <= $2) order by r.id limit $3";
const RUNNING_OF: &str = "select id from recoveries where endpoint = $1 and state = 'running' order by id limit 1";
const ADVANCE: &str =
    "update recoveries set state = $2, after = $3, queued = $4, backfill = $5 where id = $1 and state = 'running'";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] =
    &[INSERT, INSERT_ALL, LIST, INSERT_RECOVERY, FIND_RECOVERY, RUNNING, RUNNING_OF, ADVANCE];

#[async_trait]
impl DeliveryHistory for PgTx<'_> {
    async fn insert_attempt(
        &mut self,
        delivery: DeliveryId,
        number: u32,
        attempt: &NewAttempt,
    ) -> Result<(), StoreError> {
        let values: [Value<'_>; 11] = [
            &delivery.0,
            &i64::from(number),
            &attempt.trigger.as_str(),
            &attempt.at.as_millis(),
            &i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX),
            &attempt.outcome.as_str(),
            &attempt.status.map(i64::from),
            &attempt.address,
            &attempt.tls,
            &attempt.excerpt,
            &attempt.error,
        ];
        self.changed(INSERT, &values).await?;
        Ok(())
    }

    async fn insert_attempts(&mut self, attempts: &[(DeliveryId, u32, NewAttempt)]) -> Result<(), StoreError> {
        let keys = attempts.iter().map(|(delivery, number, _)| (delivery.0, i64::from(*number)));
        let (deliveries, numbers): (Vec<i64>, Vec<i64>) = keys.unzip();
        let made = || attempts.iter().map(|(.., made)| made);
        let text =
            |part: fn(&NewAttempt) -> &str| -> Vec<String> { made().map(|made| part(made).to_owned()).collect() };
        let durations = made().map(|made| i64::try_from(made.duration.as_millis()).unwrap_or(i64::MAX));
        let values: Vec<Owned> = vec![
            Box::new(deliveries),
            Box::new(numbers),
            Box::new(text(|made| made.trigger.as_str())),
            Box::new(made().map(|made| made.at.as_millis()).collect::<Vec<_>>()),
            Box::new(durations.collect::<Vec<_>>()),
            Box::new(text(|made| made.outcome.as_str())),
            Box::new(made().map(|made| made.status.map(i64::from)).collect::<Vec<_>>()),
            Box::new(text(|made| &made.address)),
            Box::new(text(|made| &made.tls)),
            Box::new(made().map(|made| made.excerpt.clone()).collect::<Vec<_>>()),
            Box::new(text(|made| &made.error)),
        ];
        self.later(INSERT_ALL, values).await
    }

    async fn attempts(&mut self, delivery: DeliveryId, limit: u32) -> Result<Vec<Attempt>, StoreError> {
        self.all(LIST, &[&delivery.0, &i64::from(limit)], attempt).await
    }

    async fn insert_recovery(&mut self, new: &Recovery) -> Result<RecoveryId, StoreError> {
        let values: [Value<'_>; 8] = [
            &new.site.0,
            &new.endpoint.0,
            &new.since.as_millis(),
            &new.until.as_millis(),
            &new.from.as_str(),
            &new.state.as_str(),
            &new.created_at.as_millis(),
            &new.backfill.map(BackfillStage::as_str),
        ];
        self.inserted(INSERT_RECOVERY, &values).await?.map(RecoveryId).ok_or(StoreError::OutcomeUnknown)
    }

    async fn find_recovery(&mut self, site: SiteId, id: RecoveryId) -> Result<Option<Recovery>, StoreError> {
        self.first(FIND_RECOVERY, &[&site.0, &id.0], recovery).await
    }

    async fn running_recoveries(
        &mut self,
        after: RecoveryId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Recovery>, StoreError> {
        self.all(RUNNING, &[&after.0, &now.as_millis(), &i64::from(limit)], recovery).await
    }

    async fn running_recovery(&mut self, endpoint: EndpointId) -> Result<Option<RecoveryId>, StoreError> {
        self.first(RUNNING_OF, &[&endpoint.0], |row| column(row, 0).map(RecoveryId)).await
    }

    async fn advance_recovery(&mut self, to: &Recovery) -> Result<bool, StoreError> {
        let queued = i64::try_from(to.queued).unwrap_or(i64::MAX);
        let stage = to.backfill.map(BackfillStage::as_str);
        let values: [Value<'_>; 5] = [&to.id.0, &to.state.as_str(), &to.after.0, &queued, &stage];
        Ok(self.changed(ADVANCE, &values).await? == 1)
    }
}

fn attempt(row: &Row) -> Result<Attempt, StoreError> {
    let delivery: i64 = column(row, 0)?;
    let place = Place { table: "delivery_attempts", row: delivery };
    Ok(Attempt {
        delivery: DeliveryId(delivery),
        number: place.check("number", u32::try_from(column::<i64>(row, 1)?))?,
        made: NewAttempt {
            trigger: place.present("reason", AttemptTrigger::parse(&column::<String>(row, 2)?))?,
            at: time(column(row, 3)?),
            duration: Duration::from_millis(u64::try_from(column::<i64>(row, 4)?).unwrap_or(0)),
            outcome: place.present("outcome", AttemptOutcome::parse(&column::<String>(row, 5)?))?,
            status: place.check("status", column::<Option<i64>>(row, 6)?.map(u16::try_from).transpose())?,
            address: column(row, 7)?,
            tls: column(row, 8)?,
            excerpt: column(row, 9)?,
            error: column(row, 10)?,
        },
    })
}

fn recovery(row: &Row) -> Result<Recovery, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "recoveries", row: id };
    Ok(Recovery {
        id: RecoveryId(id),
        site: SiteId(column(row, 1)?),
        endpoint: EndpointId(column(row, 2)?),
        since: Timestamp::from_millis(column(row, 3)?),
        until: Timestamp::from_millis(column(row, 4)?),
        from: place.present("from_state", DeliveryState::parse(&column::<String>(row, 5)?))?,
        state: place.present("state", RecoveryState::parse(&column::<String>(row, 6)?))?,
        backfill: stage(place, column(row, 10)?)?,
        after: DeliveryId(column(row, 7)?),
        queued: u64::try_from(column::<i64>(row, 8)?).unwrap_or(0),
        created_at: time(column(row, 9)?),
    })
}

fn stage(place: Place, word: Option<String>) -> Result<Option<BackfillStage>, StoreError> {
    word.map(|word| place.present("backfill", BackfillStage::parse(&word))).transpose()
}
