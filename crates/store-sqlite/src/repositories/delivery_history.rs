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
use rusqlite::{Row, params};

use crate::rows::{Place, Repeated, all, changed, column, first, new_row, text, time};
use crate::transaction::SqliteTx;

const INSERT: &str =
    "insert into delivery_attempts (delivery, number, reason, at, duration, outcome, status, address, tls,
    excerpt, error) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) on conflict do nothing";
const LIST: &str = "select delivery, number, reason, at, duration, outcome, status, address, tls, excerpt, error
    from delivery_attempts where delivery = ?1 order by number desc limit ?2";
const INSERT_RECOVERY: &str = "insert into recoveries (site, endpoint, since, until, from_state, state, after, queued,
    created_at, backfill) values (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7, ?8)";
const FIND_RECOVERY: &str =
    "select id, site, endpoint, since, until, from_state, state, after, queued, created_at, backfill
    from recoveries where id = ?2 and site = ?1";
const RUNNING: &str = "select r.id, r.site, r.endpoint, since, until, from_state, r.state, after, queued, r.created_at,
    backfill
    from recoveries r join webhook_endpoints e on e.id = r.endpoint where r.state = 'running' and r.id > ?1
    and e.state = 'enabled' and (e.paused_until is null or e.paused_until <= ?2) order by r.id limit ?3";
const RUNNING_OF: &str = "select id from recoveries where endpoint = ?1 and state = 'running' order by id limit 1";
const ADVANCE: &str =
    "update recoveries set state = ?2, after = ?3, queued = ?4, backfill = ?5 where id = ?1 and state = 'running'";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, LIST, INSERT_RECOVERY, FIND_RECOVERY, RUNNING, RUNNING_OF, ADVANCE];

#[async_trait]
impl DeliveryHistory for SqliteTx<'_> {
    async fn insert_attempt(
        &mut self,
        delivery: DeliveryId,
        number: u32,
        attempt: &NewAttempt,
    ) -> Result<(), StoreError> {
        self.attempt(|c| insert(&mut Repeated::of(c, INSERT)?, delivery, number, attempt))
    }

    async fn insert_attempts(&mut self, attempts: &[(DeliveryId, u32, NewAttempt)]) -> Result<(), StoreError> {
        self.attempt(|c| {
            let mut insertion = Repeated::of(c, INSERT)?;
            attempts.iter().try_for_each(|(delivery, number, made)| insert(&mut insertion, *delivery, *number, made))
        })
    }

    async fn attempts(&mut self, delivery: DeliveryId, limit: u32) -> Result<Vec<Attempt>, StoreError> {
        self.attempt(|c| all(c, LIST, (delivery.0, limit), attempt))
    }

    async fn insert_recovery(&mut self, new: &Recovery) -> Result<RecoveryId, StoreError> {
        let values = params![
            new.site.0,
            new.endpoint.0,
            new.since.as_millis(),
            new.until.as_millis(),
            new.from.as_str(),
            new.state.as_str(),
            new.created_at.as_millis(),
            new.backfill.map(BackfillStage::as_str),
        ];
        self.attempt(|c| new_row(c, INSERT_RECOVERY, values)?.map(RecoveryId).ok_or(StoreError::OutcomeUnknown))
    }

    async fn find_recovery(&mut self, site: SiteId, id: RecoveryId) -> Result<Option<Recovery>, StoreError> {
        self.attempt(|c| first(c, FIND_RECOVERY, (site.0, id.0), recovery))
    }

    async fn running_recoveries(
        &mut self,
        after: RecoveryId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Recovery>, StoreError> {
        self.attempt(|c| all(c, RUNNING, (after.0, now.as_millis(), limit), recovery))
    }

    async fn running_recovery(&mut self, endpoint: EndpointId) -> Result<Option<RecoveryId>, StoreError> {
        self.attempt(|c| first(c, RUNNING_OF, [endpoint.0], |row| column(row, 0).map(RecoveryId)))
    }

    async fn advance_recovery(&mut self, to: &Recovery) -> Result<bool, StoreError> {
        let queued = i64::try_from(to.queued).unwrap_or(i64::MAX);
        let values = (to.id.0, to.state.as_str(), to.after.0, queued, to.backfill.map(BackfillStage::as_str));
        self.attempt(|c| Ok(changed(c, ADVANCE, values)? == 1))
    }
}

/// `insertion`: [`INSERT`].
fn insert(
    insertion: &mut Repeated<'_>,
    delivery: DeliveryId,
    number: u32,
    attempt: &NewAttempt,
) -> Result<(), StoreError> {
    let values = params![
        delivery.0,
        number,
        attempt.trigger.as_str(),
        attempt.at.as_millis(),
        i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX),
        attempt.outcome.as_str(),
        attempt.status,
        attempt.address,
        attempt.tls,
        attempt.excerpt,
        attempt.error,
    ];
    insertion.changed(values).map(drop)
}

fn attempt(row: &Row<'_>) -> Result<Attempt, StoreError> {
    let delivery: i64 = column(row, 0)?;
    let place = Place { table: "delivery_attempts", row: delivery };
    Ok(Attempt {
        delivery: DeliveryId(delivery),
        number: column(row, 1)?,
        made: NewAttempt {
            trigger: place.present("reason", AttemptTrigger::parse(text(row, 2)?))?,
            at: time(column(row, 3)?),
            duration: Duration::from_millis(u64::try_from(column::<i64>(row, 4)?).unwrap_or(0)),
            outcome: place.present("outcome", AttemptOutcome::parse(text(row, 5)?))?,
            status: column(row, 6)?,
            address: column(row, 7)?,
            tls: column(row, 8)?,
            excerpt: column(row, 9)?,
            error: column(row, 10)?,
        },
    })
}

fn recovery(row: &Row<'_>) -> Result<Recovery, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "recoveries", row: id };
    Ok(Recovery {
        id: RecoveryId(id),
        site: SiteId(column(row, 1)?),
        endpoint: EndpointId(column(row, 2)?),
        since: Timestamp::from_millis(column(row, 3)?),
        until: Timestamp::from_millis(column(row, 4)?),
        from: place.present("from_state", DeliveryState::parse(text(row, 5)?))?,
        state: place.present("state", RecoveryState::parse(text(row, 6)?))?,
        backfill: stage(place, column(row, 10)?)?,
        after: DeliveryId(column(row, 7)?),
        queued: u64::try_from(column::<i64>(row, 8)?).unwrap_or(0),
        created_at: time(column(row, 9)?),
    })
}

fn stage(place: Place, word: Option<String>) -> Result<Option<BackfillStage>, StoreError> {
    word.map(|word| place.present("backfill", BackfillStage::parse(&word))).transpose()
}
