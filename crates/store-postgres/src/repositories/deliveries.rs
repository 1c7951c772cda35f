//! What is on its way to receivers.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use countersign_domain::ids::{DeliveryId, EndpointId, EventId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{Delivery, DeliveryState, NewDelivery};
use countersign_store::StoreError;
use countersign_store::repositories::{Deliveries, DeliveryCount, DeliveryRange, Page};
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

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
    claim, due_at, created_at, body, source, topic)
    values ($1, $2, $3, $4, $5, $6, $7, case when exists
    (select 1 from deliveries where endpoint = $2 and lane = $7) then 'waiting' else 'queued' end, 0, 0, $8, $8, $9, $10,
    $11)
    on conflict do nothing";
/// What was queued before takes no part: nobody must wait behind it here.
const INSERT_ALL: &str =
    "insert into deliveries (site, endpoint, event, sequence, event_type, entity, lane, state, attempts,
    claim, due_at, created_at, body, source, topic)
    select n.site, n.endpoint, n.event, n.sequence, n.event_type, n.entity, n.lane,
    case when n.waits then 'waiting' else 'queued' end, 0, case when n.waits or n.taken_until is null then 0 else 1 end,
    case when n.waits then $1 else coalesce(n.taken_until, $1) end, $1, n.body, n.source, n.topic
    from (select n.*, n.lane is not null
        and (row_number() over (partition by n.endpoint, n.lane order by n.position) > 1 or exists
        (select 1 from deliveries d where d.endpoint = n.endpoint and d.lane = n.lane)) as waits
        from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[],
        $9::bytea[], $10::text[], $11::text[], $12::bigint[]) with ordinality
        as n (site, endpoint, event, sequence, event_type, entity, lane, body, source, topic, taken_until, position)
        where not exists (select 1 from deliveries d where d.event = n.event and d.endpoint = n.endpoint)) as n
    order by n.position on conflict do nothing returning id, endpoint, event, claim";
const SUPERSEDED: &str = "select id, lane, state from deliveries where endpoint = $1 and topic = $2 and claim = 0
    and ended_at is null order by id limit $3";
const SUPERSEDE: &str = "update deliveries set state = 'cancelled', lane = null, manual = null, ended_at = $2
    where id = $1";
const IS_DUE: &str = "select exists
    (select 1 from deliveries where endpoint = $1 and state = 'queued' and due_at <= $2)";
const DUE_ENDPOINTS: &str = "select e.site, e.id from webhook_endpoints e where e.state = 'enabled'
    and (e.paused_until is null or e.paused_until <= $1) and exists
    (select 1 from deliveries d where d.endpoint = e.id and d.state = 'queued' and d.due_at <= $1)
    order by e.id limit $2";
const CLAIM: &str = columns!(
    "update deliveries set claim = claim + 1, due_at = $3 where id = any(array(
    select id from deliveries where endpoint = $1 and state = 'queued' and due_at <= $2 order by due_at, id limit $4
    for update skip locked)) returning",
    "body",
    ""
);
const SETTLE: &str =
    "update deliveries set lane = $3, state = $4, attempts = $5, manual = $6, due_at = $7, ended_at = $8
    where id = $1 and claim = $2 and state = 'queued'";
/// The state is compared as it is, so that each delivery is found by its id: the index of what is queued may be long.
const SETTLE_ALL: &str =
    "update deliveries d set lane = n.lane, state = n.state, attempts = n.attempts, manual = n.manual, due_at = n.due_at,
    ended_at = n.ended_at
    from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[])
    with ordinality as n (id, claim, lane, state, attempts, manual, due_at, ended_at, position)
    where d.id = n.id and d.claim = n.claim and d.state || '' = 'queued' returning n.position";
const NEXT_OF_LANES: &str = "update deliveries d set state = 'queued', due_at = $3
    from unnest($1::bigint[], $2::text[]) as n (endpoint, lane) cross join lateral
    (select id from deliveries where endpoint = n.endpoint and lane = n.lane order by sequence, id limit 1) as head
    where d.id = head.id and d.state = 'waiting'";
const NEXT_OF_LANE: &str = "update deliveries set state = 'queued', due_at = $3 where id =
    (select id from deliveries where endpoint = $1 and lane = $2 order by sequence, id limit 1) and state = 'waiting'";
const FIND: &str = columns!("select", "body", " from deliveries where id = $2 and site = $1");
const OF_EVENT: &str =
    columns!("select", "body", " from deliveries where site = $1 and event = $2 order by endpoint limit 500");
const LIST: &str =
    columns!("select", "''::bytea", " from deliveries where endpoint = $1 and id > $2 order by id limit $3");
const COUNTS: &str = "select state, count(*), min(created_at) from deliveries where endpoint = $1 group by state";
const BACKLOG: &str = "select count(*), min(d.created_at) from webhook_endpoints e
    join deliveries d on d.endpoint = e.id and d.state in ('queued', 'waiting')";
const CANCEL: &str =
    "update deliveries set state = 'cancelled', lane = null, manual = null, ended_at = $2 where id = any(array(
    select id from deliveries where endpoint = $1 and state = 'waiting' order by id desc limit $3))";
/// What had ended and was asked for once more is again what it was.
const CANCEL_QUEUED: &str =
    "update deliveries set state = coalesce(manual, 'cancelled'), lane = null, manual = null, ended_at = $2
    where id = any(array(select id from deliveries where endpoint = $1 and state = 'queued' order by id limit $3))";
const COUNT_RANGE: &str = "select count(*) from deliveries
    where endpoint = $1 and state = $2 and id > $3 and created_at >= $4 and created_at < $5";
const LIST_RANGE: &str = "select id from deliveries
    where endpoint = $1 and state = $2 and id > $3 and created_at >= $4 and created_at < $5 order by id limit $6";
const SEND_AGAIN: &str = "update deliveries set manual = case when ended_at is null then manual else state end,
    lane = case when ended_at is null then lane end, state = case when ended_at is null then state else 'queued' end,
    due_at = $3, ended_at = null, claim = claim + 1 where id = $2 and site = $1";
const COUNT_MANUAL: &str = "select count(*) from deliveries where endpoint = $1 and manual is not null";
const COUNT_SNAPSHOTS: &str = "select count(*) from deliveries where endpoint = $1 and event < 0 and ended_at is null";
const DELETE_ATTEMPTS: &str = "delete from delivery_attempts where delivery = any($1)";
const DELETE: &str = "delete from deliveries where id = any($1)";
const OLD: &str = "select id from deliveries where site = $1 and state = $2 and ended_at < $3 order by ended_at limit $4 for update skip locked";
const OF_ENDPOINT: &str = "select id from deliveries where endpoint = $1 order by id limit $2 for update";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    INSERT_ALL,
    SUPERSEDED,
    SUPERSEDE,
    IS_DUE,
    DUE_ENDPOINTS,
    CLAIM,
    SETTLE,
    SETTLE_ALL,
    NEXT_OF_LANES,
    NEXT_OF_LANE,
    FIND,
    OF_EVENT,
    LIST,
    COUNTS,
    BACKLOG,
    CANCEL,
    CANCEL_QUEUED,
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
impl Deliveries for PgTx<'_> {
    async fn insert(&mut self, new: &NewDelivery, now: Timestamp) -> Result<bool, StoreError> {
        let values: [Value<'_>; 11] = [
            &new.site.0,
            &new.endpoint.0,
            &new.event.0,
            &new.sequence,
            &new.event_type,
            &new.entity,
            &new.lane,
            &now.as_millis(),
            &new.body,
            &new.source,
            &new.topic,
        ];
        Ok(self.changed(INSERT, &values).await? == 1)
    }

    async fn insert_all(&mut self, new: Vec<NewDelivery>, now: Timestamp) -> Result<Vec<Delivery>, StoreError> {
        let values: [Value<'_>; 12] = [
            &now.as_millis(),
            &each(&new, |new| new.site.0),
            &each(&new, |new| new.endpoint.0),
            &each(&new, |new| new.event.0),
            &each(&new, |new| new.sequence),
            &each(&new, |new| new.event_type.as_str()),
            &each(&new, |new| new.entity.as_str()),
            &each(&new, |new| new.lane.as_deref()),
            &each(&new, |new| new.body.as_slice()),
            &each(&new, |new| new.source.as_str()),
            &each(&new, |new| new.topic.as_deref()),
            &each(&new, |new| new.taken_until.map(Timestamp::as_millis)),
        ];
        let read = |row: &Row| {
            let of: (i64, i64) = (column(row, 1)?, column(row, 2)?);
            Ok((of, (DeliveryId(column(row, 0)?), column::<i64>(row, 3)? == 1)))
        };
        let mut queued: BTreeMap<_, _> = self.all(INSERT_ALL, &values, read).await?.into_iter().collect();
        let taken = new.into_iter().filter_map(|new| {
            // Of two that are equal one was queued.
            let (id, is_taken) = queued.remove(&(new.endpoint.0, new.event.0))?;
            let until = new.taken_until.filter(|_| is_taken)?;
            Some(new.taken(id, until, now))
        });
        Ok(taken.collect())
    }

    async fn supersede(&mut self, endpoint: EndpointId, topic: &str, now: Timestamp) -> Result<u64, StoreError> {
        let found = self.all(SUPERSEDED, &[&endpoint.0, &topic, &SUPERSEDED_AT_ONCE], superseded).await?;
        for (id, ..) in &found {
            self.changed(SUPERSEDE, &[id, &now.as_millis()]).await?;
        }
        // Once all are gone: the next one of a lane must be none of them.
        for lane in found.iter().filter(|(.., is_head)| *is_head).filter_map(|(_, lane, _)| lane.as_ref()) {
            self.changed(NEXT_OF_LANE, &[&endpoint.0, lane, &now.as_millis()]).await?;
        }
        Ok(u64::try_from(found.len()).unwrap_or(u64::MAX))
    }

    async fn is_due(&mut self, endpoint: EndpointId, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.first(IS_DUE, &[&endpoint.0, &now.as_millis()], |row| column(row, 0)).await?.unwrap_or(false))
    }

    async fn due_endpoints(&mut self, now: Timestamp, limit: u32) -> Result<Vec<(SiteId, EndpointId)>, StoreError> {
        let read = |row: &Row| Ok((SiteId(column(row, 0)?), EndpointId(column(row, 1)?)));
        self.all(DUE_ENDPOINTS, &[&now.as_millis(), &i64::from(limit)], read).await
    }

    async fn claim(
        &mut self,
        endpoint: EndpointId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let values: [Value<'_>; 4] = [&endpoint.0, &now.as_millis(), &until.as_millis(), &i64::from(limit)];
        let mut claimed = self.all(CLAIM, &values, delivery).await?;
        claimed.sort_by_key(|delivery| delivery.sequence);
        Ok(claimed)
    }

    async fn settle(&mut self, delivery: &Delivery, now: Timestamp) -> Result<bool, StoreError> {
        let is_final = delivery.state.is_final();
        let values: [Value<'_>; 8] = [
            &delivery.id.0,
            &delivery.claim,
            &if is_final { None } else { delivery.lane.as_deref() },
            &delivery.state.as_str(),
            &i64::from(delivery.attempts),
            &delivery.manual.map(DeliveryState::as_str),
            &delivery.due_at.as_millis(),
            &is_final.then(|| now.as_millis()),
        ];
        let settled = self.changed(SETTLE, &values).await? == 1;
        if let (true, true, Some(lane)) = (settled, is_final, &delivery.lane) {
            self.changed(NEXT_OF_LANE, &[&delivery.endpoint.0, lane, &now.as_millis()]).await?;
        }
        Ok(settled)
    }

    async fn settle_all(&mut self, deliveries: &[Delivery], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        let is_final = |one: &Delivery| one.state.is_final();
        let values: [Value<'_>; 8] = [
            &each(deliveries, |one| one.id.0),
            &each(deliveries, |one| one.claim),
            &each(deliveries, |one| one.lane.as_deref().filter(|_| !is_final(one))),
            &each(deliveries, |one| one.state.as_str()),
            &each(deliveries, |one| i64::from(one.attempts)),
            &each(deliveries, |one| one.manual.map(DeliveryState::as_str)),
            &each(deliveries, |one| one.due_at.as_millis()),
            &each(deliveries, |one| is_final(one).then(|| now.as_millis())),
        ];
        let written: BTreeSet<i64> = self.all(SETTLE_ALL, &values, |row| column(row, 0)).await?.into_iter().collect();
        let settled: Vec<bool> = (1..).zip(deliveries).map(|(position, _)| written.contains(&position)).collect();
        let ended = deliveries.iter().zip(&settled).filter(|(one, settled)| **settled && is_final(one));
        let (endpoints, lanes): (Vec<i64>, Vec<String>) =
            ended.filter_map(|(one, _)| Some((one.endpoint.0, one.lane.clone()?))).unzip();
        if !lanes.is_empty() {
            self.later(NEXT_OF_LANES, vec![Box::new(endpoints), Box::new(lanes), Box::new(now.as_millis())]).await?;
        }
        Ok(settled)
    }

    async fn find(&mut self, site: SiteId, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.first(FIND, &[&site.0, &id.0], delivery).await
    }

    async fn of_event(&mut self, site: SiteId, event: EventId) -> Result<Vec<Delivery>, StoreError> {
        self.all(OF_EVENT, &[&site.0, &event.0], delivery).await
    }

    async fn list(&mut self, endpoint: EndpointId, page: Page) -> Result<Vec<Delivery>, StoreError> {
        self.all(LIST, &[&endpoint.0, &page.after, &i64::from(page.limit)], delivery).await
    }

    async fn counts(&mut self, endpoint: EndpointId) -> Result<Vec<DeliveryCount>, StoreError> {
        let read = |row: &Row| {
            let place = Place { table: "deliveries", row: 0 };
            Ok(DeliveryCount {
                state: place.present("state", DeliveryState::parse(&column::<String>(row, 0)?))?,
                count: count(row, 1)?,
                oldest: time(column(row, 2)?),
            })
        };
        self.all(COUNTS, &[&endpoint.0], read).await
    }

    async fn backlog(&mut self) -> Result<(u64, Option<Timestamp>), StoreError> {
        let read = |row: &Row| Ok((count(row, 0)?, column::<Option<i64>>(row, 1)?.map(time)));
        Ok(self.first(BACKLOG, &[], read).await?.unwrap_or_default())
    }

    async fn cancel(&mut self, endpoint: EndpointId, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        // Those that wait first, so that no lane is ever without its head.
        let waiting = self.changed(CANCEL, &[&endpoint.0, &now.as_millis(), &i64::from(limit)]).await?;
        let rest = i64::from(limit).saturating_sub(i64::try_from(waiting).unwrap_or(i64::MAX)).max(0);
        Ok(waiting + self.changed(CANCEL_QUEUED, &[&endpoint.0, &now.as_millis(), &rest]).await?)
    }

    async fn count_range(&mut self, endpoint: EndpointId, range: DeliveryRange) -> Result<u64, StoreError> {
        let DeliveryRange { state, since, until, after } = range;
        let values: [Value<'_>; 5] = [&endpoint.0, &state.as_str(), &after.0, &since.as_millis(), &until.as_millis()];
        Ok(self.first(COUNT_RANGE, &values, |row| count(row, 0)).await?.unwrap_or(0))
    }

    async fn list_range(
        &mut self,
        endpoint: EndpointId,
        range: DeliveryRange,
        limit: u32,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        let DeliveryRange { state, since, until, after } = range;
        let (limit, state) = (i64::from(limit), state.as_str());
        let values: [Value<'_>; 6] = [&endpoint.0, &state, &after.0, &since.as_millis(), &until.as_millis(), &limit];
        self.all(LIST_RANGE, &values, |row| column(row, 0).map(DeliveryId)).await
    }

    async fn send_again(&mut self, site: SiteId, delivery: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.changed(SEND_AGAIN, &[&site.0, &delivery.0, &now.as_millis()]).await? == 1)
    }

    async fn count_manual(&mut self, endpoint: EndpointId) -> Result<u64, StoreError> {
        Ok(self.first(COUNT_MANUAL, &[&endpoint.0], |row| count(row, 0)).await?.unwrap_or(0))
    }

    async fn count_snapshots(&mut self, endpoint: EndpointId) -> Result<u64, StoreError> {
        Ok(self.first(COUNT_SNAPSHOTS, &[&endpoint.0], |row| count(row, 0)).await?.unwrap_or(0))
    }

    async fn delete_before(
        &mut self,
        site: SiteId,
        state: DeliveryState,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let values: [Value<'_>; 4] = [&site.0, &state.as_str(), &before.as_millis(), &i64::from(limit)];
        let old = self.all(OLD, &values, |row| column(row, 0)).await?;
        self.delete_deliveries(old).await
    }

    async fn delete_of(&mut self, endpoint: EndpointId, limit: u32) -> Result<u64, StoreError> {
        let all = self.all(OF_ENDPOINT, &[&endpoint.0, &i64::from(limit)], |row| column(row, 0)).await?;
        self.delete_deliveries(all).await
    }
}

impl PgTx<'_> {
    async fn delete_deliveries(&mut self, ids: Vec<i64>) -> Result<u64, StoreError> {
        self.changed(DELETE_ATTEMPTS, &[&ids]).await?;
        self.changed(DELETE, &[&ids]).await
    }
}

/// One value of each.
fn each<'a, T, V>(all: &'a [T], value: impl Fn(&'a T) -> V) -> Vec<V> {
    all.iter().map(value).collect()
}

fn count(row: &Row, index: usize) -> Result<u64, StoreError> {
    Ok(u64::try_from(column::<i64>(row, index)?).unwrap_or(0))
}

fn delivery(row: &Row) -> Result<Delivery, StoreError> {
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
        state: place.present("state", DeliveryState::parse(&column::<String>(row, 8)?))?,
        attempts: place.check("attempts", u32::try_from(column::<i64>(row, 9)?))?,
        manual,
        claim: column(row, 11)?,
        due_at: time(column(row, 12)?),
        created_at: time(column(row, 13)?),
        ended_at: column::<Option<i64>>(row, 14)?.map(time),
        source: column(row, 15)?,
        body: column(row, 16)?,
    })
}

/// Row id, lane, and whether the others of the lane wait for it.
fn superseded(row: &Row) -> Result<(i64, Option<String>, bool), StoreError> {
    Ok((column(row, 0)?, column(row, 1)?, column::<String>(row, 2)? == DeliveryState::Queued.as_str()))
}

/// Most deliveries on one topic that are cancelled at once. There is one, unless coalescing was asked for just now.
const SUPERSEDED_AT_ONCE: i64 = 1000;
