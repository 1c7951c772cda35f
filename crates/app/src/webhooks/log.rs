//! The log of events, which is also a way to get them without a receiver that can be reached; and what became of each.

use std::time::Duration;

use countersign_domain::ids::{DeliveryId, EndpointId, EventId, SiteId};
use countersign_domain::webhook::{Attempt, Delivery, EventFacts, Family};
use countersign_store::StoreError;
use countersign_store::repositories::{DeliveryCount, Page};
use tokio::time::timeout;

use super::facts::Devices;
use super::telling;
use crate::{Ctx, Fault};

/// Most events that are looked through for one part of the log.
const LOOKED_THROUGH: u32 = 500;
/// Longest wait for the next event.
const LONGEST_POLL: Duration = Duration::from_secs(60);
/// How often others' events are looked for while somebody waits.
const POLL: Duration = Duration::from_millis(500);
/// Most turns of giving numbers before a part of the log is read.
const TURNS: usize = 1000;
/// Most attempts of one delivery that are listed, the newest ones.
const ATTEMPTS: u32 = 200;

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Only of this family.
    pub family: Option<Family>,
    /// Only of this type.
    pub event_type: Option<String>,
    /// Only about this, such as `ENT:90211`.
    pub entity: Option<String>,
    /// Only from this time on.
    pub since: Option<countersign_domain::time::Timestamp>,
    /// Only before this time.
    pub until: Option<countersign_domain::time::Timestamp>,
}

/// A part of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPart {
    /// Events in the order of their numbers, with what they are about as it is now.
    pub events: Vec<EventFacts>,
    /// The number after which the next part begins. It grows even where no event was wanted.
    pub next: i64,
    /// The last number of the site.
    pub last: i64,
}

/// Events of a site behind a number. When there is none yet, waits for one, at most for `wait`.
///
/// # Errors
/// [`Fault`] when the store fails.
pub async fn list(
    ctx: &Ctx,
    site: SiteId,
    after: i64,
    limit: usize,
    filter: LogFilter,
    wait: Duration,
) -> Result<LogPart, Fault> {
    let deadline = wait.min(LONGEST_POLL);
    catch_up(ctx).await?;
    // The last part that was read: what was looked through in vain is not looked through again.
    let mut latest = None;
    let waiting = async {
        let mut numbered = ctx.webhooks.numbered.subscribe();
        let mut from = after;
        loop {
            numbered.mark_unchanged();
            let part = read(ctx, site, from, limit, filter.clone()).await?;
            if !part.events.is_empty() || deadline.is_zero() {
                return Ok(part);
            }
            let more = part.next > from && part.next < part.last;
            from = part.next;
            latest = Some(part);
            if !more {
                catch_up(ctx).await?;
                // Others' events are found without being told of.
                let _ = timeout(POLL, numbered.changed()).await;
            }
        }
    };
    if deadline.is_zero() {
        return waiting.await;
    }
    let part = timeout(deadline, waiting).await;
    match (part, latest) {
        (Ok(part), _) => part,
        (Err(_), Some(part)) => Ok(part),
        (Err(_), None) => read(ctx, site, after, limit, filter).await,
    }
}

/// All events of a site behind a number, or the first `limit` of them: as many parts of the log as that takes.
///
/// # Errors
/// [`Fault`] when the store fails.
pub async fn list_all(ctx: &Ctx, site: SiteId, after: i64, limit: usize) -> Result<Vec<EventFacts>, Fault> {
    let (mut events, mut after) = (Vec::new(), after);
    while events.len() < limit {
        let left = limit.saturating_sub(events.len());
        let part = list(ctx, site, after, left, LogFilter::default(), Duration::ZERO).await?;
        events.extend(part.events);
        if part.next >= part.last || part.next <= after {
            break;
        }
        after = part.next;
    }
    Ok(events)
}

/// Gives numbers to events that have none, where no worker has: a command beside no server also sees what it has done.
pub(super) async fn catch_up(ctx: &Ctx) -> Result<(), Fault> {
    let Some(ports) = ctx.webhook_ports() else { return Ok(()) };
    for _ in 0..TURNS {
        let is_behind =
            ctx.store().read::<_, StoreError, _>(|tx| Box::pin(async move { tx.event_numbers().is_behind().await }));
        if !is_behind.await? || !telling::tell(ctx, &ports.formats, None, None).await?.more {
            break;
        }
    }
    Ok(())
}

async fn read(ctx: &Ctx, site: SiteId, after: i64, limit: usize, filter: LogFilter) -> Result<LogPart, Fault> {
    let part = ctx.store().read::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let last = tx.event_numbers().last(site).await?;
            let mut part = LogPart { events: Vec::new(), next: after, last };
            let Some(name) = tx.event_numbers().site_name(site).await? else { return Ok(part) };
            for row in tx.event_numbers().list(site, after, LOOKED_THROUGH).await? {
                if part.events.len() >= limit {
                    break;
                }
                part.next = row.sequence;
                // What cannot be read was logged when it got its number.
                let Ok(event) = row.into_event() else { continue };
                let (what, at) = (event.committed.event, event.committed.at);
                let is_wanted = filter.family.is_none_or(|family| family == what.family())
                    && filter.event_type.as_deref().is_none_or(|wanted| wanted == what.type_name())
                    && filter.since.is_none_or(|since| at >= since)
                    && filter.until.is_none_or(|until| at < until);
                if !is_wanted {
                    continue;
                }
                let facts = telling::facts(tx, site, name.clone(), &event, &Devices::default()).await?;
                if filter.entity.as_ref().is_none_or(|entity| *entity == facts.entity().to_string()) {
                    part.events.push(facts);
                }
            }
            Ok(part)
        })
    });
    Ok(part.await?)
}

/// An event, with what it is about as it is now.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find(ctx: &Ctx, site: SiteId, event: EventId) -> Result<Option<EventFacts>, Fault> {
    let found = ctx.store().read::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let Some(event) = tx.event_numbers().find(site, event).await? else { return Ok(None) };
            let Some(name) = tx.event_numbers().site_name(site).await? else { return Ok(None) };
            telling::facts(tx, site, name, &event, &Devices::default()).await.map(Some)
        })
    });
    Ok(found.await?)
}

/// The deliveries of an event with the bytes that are sent, and the attempts of each, newest first.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn deliveries_of_event(
    ctx: &Ctx,
    site: SiteId,
    event: EventId,
) -> Result<Vec<(Delivery, Vec<Attempt>)>, Fault> {
    let found = ctx.store().read::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let mut all = Vec::new();
            for delivery in tx.deliveries().of_event(site, event).await? {
                let attempts = tx.delivery_history().attempts(delivery.id, ATTEMPTS).await?;
                all.push((delivery, attempts));
            }
            Ok(all)
        })
    });
    Ok(found.await?)
}

/// A delivery with the bytes that are sent, and its attempts, newest first.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find_delivery(
    ctx: &Ctx,
    site: SiteId,
    delivery: DeliveryId,
) -> Result<Option<(Delivery, Vec<Attempt>)>, Fault> {
    let found = ctx.store().read::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let Some(delivery) = tx.deliveries().find(site, delivery).await? else { return Ok(None) };
            let attempts = tx.delivery_history().attempts(delivery.id, ATTEMPTS).await?;
            Ok(Some((delivery, attempts)))
        })
    });
    Ok(found.await?)
}

/// The deliveries of a receiver, oldest first, without the bytes. Empty also when the site has no such receiver.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list_deliveries(
    ctx: &Ctx,
    site: SiteId,
    endpoint: EndpointId,
    page: Page,
) -> Result<Vec<Delivery>, Fault> {
    let found = ctx.store().read::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            if tx.endpoints().find(site, endpoint).await?.is_none() {
                return Ok(Vec::new());
            }
            tx.deliveries().list(endpoint, page).await
        })
    });
    Ok(found.await?)
}

/// How many deliveries of a receiver are how far. Empty also when the site has no such receiver.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn stats(ctx: &Ctx, site: SiteId, endpoint: EndpointId) -> Result<Vec<DeliveryCount>, Fault> {
    let found = ctx.store().read::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            if tx.endpoints().find(site, endpoint).await?.is_none() {
                return Ok(Vec::new());
            }
            tx.deliveries().counts(endpoint).await
        })
    });
    Ok(found.await?)
}
