//! What is on its way to receivers.

use async_trait::async_trait;
use countersign_domain::ids::{DeliveryId, EndpointId, EventId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{Delivery, DeliveryState, NewDelivery};
use countersign_store::StoreError;
use countersign_store::repositories::{Deliveries, DeliveryCount, DeliveryRange, Page};
use rusqlite::{Connection, Row, params};

use super::lanes::{self, Joining, Leaving};
use crate::rows::{Place, Repeated, all, changed, column, exists, first, removed, text, time};
use crate::transaction::SqliteTx;

macro_rules! columns {
    ($verb:literal, $body:literal, $rest:literal) => {
        concat!(
            $verb,
            " id, site, endpoint, event, sequence, event_type, entity, lane, state, attempts, manual, claim, due_at,
            created_at, ended_at, source, ",
            $body,
            $rest
        )
    };
}

const INSERT: &str =
    "insert into deliveries (site, endpoint, event, sequence, event_type, entity, lane, state, attempts,
    claim, due_at, created_at, body, source, topic, after)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
    on conflict do nothing";
const SUPERSEDED: &str = "select id, lane from deliveries where endpoint = ?1 and topic = ?2 and claim = 0
    and ended_at is null order by id limit ?3";
const IS_DUE: &str = "select exists
    (select 1 from deliveries where endpoint = ?1 and state = 'queued' and due_at <= ?2)";
const DUE_ENDPOINTS: &str = "select e.site, e.id from webhook_endpoints e where e.state = 'enabled'
    and (e.paused_until is null or e.paused_until <= ?1) and exists
    (select 1 from deliveries d where d.endpoint = e.id and d.state = 'queued' and d.due_at <= ?1)
    order by e.id limit ?2";
const CLAIM: &str = columns!(
    "update deliveries set claim = claim + 1, due_at = ?3 where id in
    (select id from deliveries where endpoint = ?1 and state = 'queued' and due_at <= ?2 order by due_at, id limit ?4)
    returning",
    "body",
    ""
);
const SETTLE: &str =
    "update deliveries set lane = ?3, state = ?4, attempts = ?5, manual = ?6, due_at = ?7, ended_at = ?8
    where id = ?1 and claim = ?2 and state = 'queued'";
const FIND: &str = columns!("select", "body", " from deliveries where id = ?2 and site = ?1");
const OF_EVENT: &str =
    columns!("select", "body", " from deliveries where +site = ?1 and event = ?2 order by endpoint limit 500");
const LIST: &str = columns!("select", "x''", " from deliveries where endpoint = ?1 and id > ?2 order by id limit ?3");
const COUNTS: &str = "select state, count(*), min(created_at) from deliveries where endpoint = ?1 group by state";
/// All receivers, of which there are few, by row id.
const BACKLOG: &str = "select count(*), min(d.created_at) from webhook_endpoints e
    cross join deliveries d on d.endpoint = e.id and d.state in ('queued', 'waiting') where e.id > 0";
/// Those that wait from the last one back, so that no lane is ever without its head.
const WAITING: &str =
    "select id, lane from deliveries where endpoint = ?1 and state = 'waiting' order by id desc limit ?2";
const QUEUED: &str = "select id, lane from deliveries where endpoint = ?1 and state = 'queued' order by id limit ?2";
/// What had ended and was asked for once more is again what it was.
const CANCEL: &str =
    "update deliveries set state = coalesce(manual, 'cancelled'), lane = null, after = null, manual = null,
    ended_at = ?2 where id = ?1";
const COUNT_RANGE: &str = "select count(*) from deliveries
    where endpoint = ?1 and state = ?2 and id > ?3 and created_at >= ?4 and created_at < ?5";
const LIST_RANGE: &str = "select id from deliveries
    where endpoint = ?1 and state = ?2 and id > ?3 and created_at >= ?4 and created_at < ?5 order by id limit ?6";
const SEND_AGAIN: &str = "update deliveries set manual = case when ended_at is null then manual else state end,
    lane = case when ended_at is null then lane end, state = case when ended_at is null then state else 'queued' end,
    due_at = ?3, ended_at = null, claim = claim + 1 where id = ?2 and site = ?1";
const COUNT_MANUAL: &str = "select count(*) from deliveries where endpoint = ?1 and manual is not null";
const COUNT_SNAPSHOTS: &str = "select count(*) from deliveries where endpoint = ?1 and event < 0 and ended_at is null";
const DELETE_ATTEMPTS: &str = "delete from delivery_attempts where delivery = ?1";
const DELETE: &str = "delete from deliveries where id = ?1";
const OLD: &str =
    "select id from deliveries where site = ?1 and state = ?2 and ended_at < ?3 order by ended_at limit ?4";
const OF_ENDPOINT: &str = "select id, lane from deliveries where endpoint = ?1 order by id limit ?2";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    SUPERSEDED,
    IS_DUE,
    DUE_ENDPOINTS,
    CLAIM,
    SETTLE,
    FIND,
    OF_EVENT,
    LIST,
    COUNTS,
    BACKLOG,
    WAITING,
    QUEUED,
    CANCEL,
    COUNT_RANGE,
    LIST_RANGE,
    SEND_AGAIN,
    COUNT_MANUAL,
    COUNT_SNAPSHOTS,
    DELETE_ATTEMPTS,
    DELETE,
    OLD,
    OF_ENDPOINT,
];

#[async_trait]
impl Deliveries for SqliteTx<'_> {
    async fn insert(&mut self, new: &NewDelivery, now: Timestamp) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(Insertion::of(c)?.insert(new, now)?.is_some()))
    }

    async fn insert_all(&mut self, new: Vec<NewDelivery>, now: Timestamp) -> Result<Vec<Delivery>, StoreError> {
        self.attempt(|c| {
            let (mut taken, mut insertion) = (Vec::new(), Insertion::of(c)?);
            for new in new {
                if let Some((id, Some(until))) = insertion.insert(&new, now)? {
                    taken.push(new.taken(id, until, now));
                }
            }
            Ok(taken)
        })
    }

    async fn supersede(&mut self, endpoint: EndpointId, topic: &str, now: Timestamp) -> Result<u64, StoreError> {
        self.attempt(|c| {
            cancel_each(c, endpoint, &all(c, SUPERSEDED, (endpoint.0, topic, SUPERSEDED_AT_ONCE), in_lane)?, now)
        })
    }

    async fn is_due(&mut self, endpoint: EndpointId, now: Timestamp) -> Result<bool, StoreError> {
        self.attempt(|c| exists(c, IS_DUE, (endpoint.0, now.as_millis())))
    }

    async fn due_endpoints(&mut self, now: Timestamp, limit: u32) -> Result<Vec<(SiteId, EndpointId)>, StoreError> {
        let read = |row: &Row<'_>| Ok((SiteId(column(row, 0)?), EndpointId(column(row, 1)?)));
        self.attempt(|c| all(c, DUE_ENDPOINTS, (now.as_millis(), limit), read))
    }

    async fn claim(
        &mut self,
        endpoint: EndpointId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let values = (endpoint.0, now.as_millis(), until.as_millis(), limit);
        let mut claimed = self.attempt(|c| all(c, CLAIM, values, delivery))?;
        claimed.sort_by_key(|delivery| delivery.sequence);
        Ok(claimed)
    }

    async fn settle(&mut self, delivery: &Delivery, now: Timestamp) -> Result<bool, StoreError> {
        self.attempt(|c| Settlement::of(c)?.settle(delivery, now))
    }

    async fn settle_all(&mut self, deliveries: &[Delivery], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        self.attempt(|c| {
            let mut settlement = Settlement::of(c)?;
            deliveries.iter().map(|delivery| settlement.settle(delivery, now)).collect()
        })
    }

    async fn find(&mut self, site: SiteId, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.attempt(|c| first(c, FIND, (site.0, id.0), delivery))
    }

    async fn of_event(&mut self, site: SiteId, event: EventId) -> Result<Vec<Delivery>, StoreError> {
        self.attempt(|c| all(c, OF_EVENT, (site.0, event.0), delivery))
    }

    async fn list(&mut self, endpoint: EndpointId, page: Page) -> Result<Vec<Delivery>, StoreError> {
        self.attempt(|c| all(c, LIST, (endpoint.0, page.after, page.limit), delivery))
    }

    async fn counts(&mut self, endpoint: EndpointId) -> Result<Vec<DeliveryCount>, StoreError> {
        let read = |row: &Row<'_>| {
            let place = Place { table: "deliveries", row: 0 };
            Ok(DeliveryCount {
                state: place.present("state", DeliveryState::parse(text(row, 0)?))?,
                count: count(row, 1)?,
                oldest: time(column(row, 2)?),
            })
        };
        self.attempt(|c| all(c, COUNTS, [endpoint.0], read))
    }

    async fn backlog(&mut self) -> Result<(u64, Option<Timestamp>), StoreError> {
        let read = |row: &Row<'_>| Ok((count(row, 0)?, column::<Option<i64>>(row, 1)?.map(time)));
        self.attempt(|c| Ok(first(c, BACKLOG, [], read)?.unwrap_or_default()))
    }

    async fn cancel(&mut self, endpoint: EndpointId, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.attempt(|c| {
            let waiting = cancel_each(c, endpoint, &all(c, WAITING, (endpoint.0, limit), in_lane)?, now)?;
            let rest = limit.saturating_sub(u32::try_from(waiting).unwrap_or(u32::MAX));
            Ok(waiting + cancel_each(c, endpoint, &all(c, QUEUED, (endpoint.0, rest), in_lane)?, now)?)
        })
    }

    async fn count_range(&mut self, endpoint: EndpointId, range: DeliveryRange) -> Result<u64, StoreError> {
        let DeliveryRange { state, since, until, after } = range;
        let values = (endpoint.0, state.as_str(), after.0, since.as_millis(), until.as_millis());
        self.attempt(|c| Ok(first(c, COUNT_RANGE, values, |row| count(row, 0))?.unwrap_or(0)))
    }

    async fn list_range(
        &mut self,
        endpoint: EndpointId,
        range: DeliveryRange,
        limit: u32,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        let DeliveryRange { state, since, until, after } = range;
        let values = (endpoint.0, state.as_str(), after.0, since.as_millis(), until.as_millis(), limit);
        self.attempt(|c| all(c, LIST_RANGE, values, |row| column(row, 0).map(DeliveryId)))
    }

    async fn send_again(&mut self, site: SiteId, delivery: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, SEND_AGAIN, (site.0, delivery.0, now.as_millis()))? == 1))
    }

    async fn count_manual(&mut self, endpoint: EndpointId) -> Result<u64, StoreError> {
        self.attempt(|c| Ok(first(c, COUNT_MANUAL, [endpoint.0], |row| count(row, 0))?.unwrap_or(0)))
    }

    async fn count_snapshots(&mut self, endpoint: EndpointId) -> Result<u64, StoreError> {
        self.attempt(|c| Ok(first(c, COUNT_SNAPSHOTS, [endpoint.0], |row| count(row, 0))?.unwrap_or(0)))
    }

    async fn delete_before(
        &mut self,
        site: SiteId,
        state: DeliveryState,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        self.attempt(|c| {
            let old = all(c, OLD, (site.0, state.as_str(), before.as_millis(), limit), |row| column(row, 0))?;
            delete(c, &old)
        })
    }

    async fn delete_of(&mut self, endpoint: EndpointId, limit: u32) -> Result<u64, StoreError> {
        self.attempt(|c| {
            let all = all(c, OF_ENDPOINT, (endpoint.0, limit), in_lane)?;
            for (id, lane) in &all {
                if let Some(lane) = lane {
                    lanes::forget(c, (endpoint, lane), *id)?;
                }
            }
            delete(c, &all.into_iter().map(|(id, _)| id.0).collect::<Vec<_>>())
        })
    }
}

/// What queues events.
struct Insertion<'c> {
    connection: &'c Connection,
    joining: Joining<'c>,
    insert: Repeated<'c>,
}

impl<'c> Insertion<'c> {
    fn of(connection: &'c Connection) -> Result<Self, StoreError> {
        Ok(Self { connection, joining: Joining::of(connection)?, insert: Repeated::of(connection, INSERT)? })
    }

    /// Queues an event, and gives its row id, and until when it is taken up. `None`: it was queued before.
    fn insert(
        &mut self,
        new: &NewDelivery,
        now: Timestamp,
    ) -> Result<Option<(DeliveryId, Option<Timestamp>)>, StoreError> {
        let before = match &new.lane {
            Some(lane) => self.joining.last(new.endpoint, lane)?,
            None => None,
        };
        let (state, taken_until) = match before {
            Some(_) => (DeliveryState::Waiting, None),
            None => (DeliveryState::Queued, new.taken_until),
        };
        let values = params![
            new.site.0,
            new.endpoint.0,
            new.event.0,
            new.sequence,
            new.event_type,
            new.entity,
            new.lane,
            state.as_str(),
            i64::from(taken_until.is_some()),
            taken_until.unwrap_or(now).as_millis(),
            now.as_millis(),
            new.body,
            new.source,
            new.topic,
            before,
        ];
        if self.insert.changed(values)? == 0 {
            return Ok(None);
        }
        let id = DeliveryId(self.connection.last_insert_rowid());
        if let Some(lane) = &new.lane {
            self.joining.add(new.endpoint, lane, id)?;
        }
        Ok(Some((id, taken_until)))
    }
}

/// What writes how deliveries are after an attempt.
struct Settlement<'c> {
    settle: Repeated<'c>,
    leaving: Leaving<'c>,
}

impl<'c> Settlement<'c> {
    fn of(connection: &'c Connection) -> Result<Self, StoreError> {
        Ok(Self { settle: Repeated::of(connection, SETTLE)?, leaving: Leaving::of(connection)? })
    }

    fn settle(&mut self, delivery: &Delivery, now: Timestamp) -> Result<bool, StoreError> {
        let is_final = delivery.state.is_final();
        let values = params![
            delivery.id.0,
            delivery.claim,
            if is_final { None } else { delivery.lane.as_deref() },
            delivery.state.as_str(),
            delivery.attempts,
            delivery.manual.map(DeliveryState::as_str),
            delivery.due_at.as_millis(),
            is_final.then(|| now.as_millis()),
        ];
        let settled = self.settle.changed(values)? == 1;
        if let (true, true, Some(lane)) = (settled, is_final, &delivery.lane) {
            self.leaving.head(delivery.endpoint, lane, delivery.id, now)?;
        }
        Ok(settled)
    }
}

/// Cancels what has not ended, one by one: the lane of each goes on.
fn cancel_each(
    connection: &Connection,
    endpoint: EndpointId,
    deliveries: &[(DeliveryId, Option<String>)],
    now: Timestamp,
) -> Result<u64, StoreError> {
    for (id, lane) in deliveries {
        let before = lanes::before(connection, *id)?;
        changed(connection, CANCEL, (id.0, now.as_millis()))?;
        if let Some(lane) = lane {
            lanes::leave(connection, (endpoint, lane), (*id, before), now)?;
        }
    }
    Ok(u64::try_from(deliveries.len()).unwrap_or(u64::MAX))
}

fn delete(connection: &Connection, deliveries: &[i64]) -> Result<u64, StoreError> {
    let mut count = 0;
    for id in deliveries {
        changed(connection, DELETE_ATTEMPTS, [id])?;
        count += removed(connection, DELETE, [id])?;
    }
    Ok(count)
}

fn count(row: &Row<'_>, index: usize) -> Result<u64, StoreError> {
    Ok(u64::try_from(column::<i64>(row, index)?).unwrap_or(0))
}

fn delivery(row: &Row<'_>) -> Result<Delivery, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "deliveries", row: id };
    let manual: Option<String> = column(row, 10)?;
    let manual = manual.map(|word| place.present("manual", DeliveryState::parse(&word))).transpose()?;
    Ok(Delivery {
        id: DeliveryId(id),
        site: SiteId(column(row, 1)?),
        endpoint: EndpointId(column(row, 2)?),
        event: EventId(column(row, 3)?),
        sequence: column(row, 4)?,
        event_type: column(row, 5)?,
        entity: column(row, 6)?,
        lane: column(row, 7)?,
        state: place.present("state", DeliveryState::parse(text(row, 8)?))?,
        attempts: column(row, 9)?,
        manual,
        claim: column(row, 11)?,
        due_at: time(column(row, 12)?),
        created_at: time(column(row, 13)?),
        ended_at: column::<Option<i64>>(row, 14)?.map(time),
        source: column(row, 15)?,
        body: column(row, 16)?,
    })
}

fn in_lane(row: &Row<'_>) -> Result<(DeliveryId, Option<String>), StoreError> {
    Ok((DeliveryId(column(row, 0)?), column(row, 1)?))
}

/// Most deliveries on one topic that are cancelled at once. There is one, unless coalescing was asked for just now.
const SUPERSEDED_AT_ONCE: u32 = 1000;
