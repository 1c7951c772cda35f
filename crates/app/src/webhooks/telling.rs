//! Giving events their numbers, and queuing each one for the receivers that want it: one unit of work for both, so that
//! no event has a number and was not queued.

use std::sync::Arc;

use countersign_domain::event::CommittedEvent;
use countersign_domain::ids::{EndpointId, SiteId};
use countersign_domain::site::SiteName;
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{
    Delivery, DeliveryOrder, Endpoint, EndpointState, EventFacts, NewDelivery, PAYLOAD_LIMIT, WebhookSecret,
};
use countersign_store::repositories::NumberedEvent;
use countersign_store::{BoxFuture, StoreError, Tx};

use super::facts::{Devices, story};
use super::node::Node;
use super::ports::Formats;
use super::rooms::Rooms;
use super::rounds::signing_secrets;
use crate::{Ctx, Fault};

/// Most events that one unit of work gives numbers: other writers never wait long for it.
const EVENTS_PER_UNIT: u32 = 128;
/// So many it takes even where a receiver has room for fewer: a receiver that is sent one at a time must not make a commit of
/// each event of all sites.
const FEWEST_PER_UNIT: u32 = 32;
/// Bytes of bodies that are gathered before they are queued together: many receivers of long bodies must not fill the memory.
const GATHERED: usize = 1 << 20;
/// The lane of a receiver whose events all wait for each other.
pub(super) const ONE_LANE: &str = "*";

/// What a turn has done.
#[derive(Default)]
pub(super) struct Told {
    /// Events that got a number.
    pub(super) events: usize,
    /// What was taken up at once.
    pub(super) taken: Vec<Taken>,
    /// Receivers that have something new which was not.
    pub(super) endpoints: Vec<(SiteId, EndpointId)>,
    /// All receivers that have something new.
    pub(super) hearing: Vec<EndpointId>,
    /// Whether there may be more events without a number.
    pub(super) more: bool,
    /// Whether a site of these events has a receiver that is not switched off.
    pub(super) heard: bool,
}

/// Deliveries that were taken up for a receiver, and what they are sent with.
pub(super) struct Taken {
    pub(super) endpoint: Endpoint,
    pub(super) secrets: Vec<WebhookSecret>,
    pub(super) deliveries: Vec<Delivery>,
}

/// Gives numbers to some events that have none, and queues them for their receivers. What a receiver has room for is taken
/// up for the senders of this process, if it has any. With `most` not many more events than that are taken.
///
/// A row that cannot be read must not hold up all others: the events are then taken one by one, and the one that cannot be
/// told gets its number without being told, which is logged.
///
/// # Errors
/// [`Fault`] when the store fails.
pub(super) async fn tell(
    ctx: &Ctx,
    formats: &Arc<dyn Formats>,
    senders: Option<&Arc<Node>>,
    most: Option<usize>,
) -> Result<Told, Fault> {
    match turn(ctx, Some(formats.clone()), senders.cloned(), limit(most)).await {
        Err(Fault::Store(StoreError::BrokenRow { .. })) => {}
        outcome => return outcome,
    }
    match turn(ctx, Some(formats.clone()), senders.cloned(), 1).await {
        Err(fault @ Fault::Store(StoreError::BrokenRow { .. })) => {
            report(&fault);
            turn(ctx, None, None, 1).await
        }
        outcome => outcome,
    }
}

fn report(error: &(dyn std::error::Error + 'static)) {
    tracing::error!(error, "an event cannot be told: it, or what it is about, cannot be read");
}

async fn turn(
    ctx: &Ctx,
    formats: Option<Arc<dyn Formats>>,
    senders: Option<Arc<Node>>,
    limit: u32,
) -> Result<Told, Fault> {
    let unit = ctx.store().write(move |tx| Box::pin(number_and_queue(tx, formats, senders, limit)));
    Ok(unit.await.inspect(|told| note(ctx, told))?)
}

/// From now on gives numbers to events in their own commits, while somebody hears of them and has room: what is told then waits
/// for one commit and not for two. `false`: the store cannot do that.
pub(super) fn follow(node: &Arc<Node>) -> bool {
    let (next, ended) = (node.clone(), node.clone());
    node.ctx.store().follow(
        move || Some(unit(&next, next.may_follow()?)),
        move |told: Result<Told, StoreError>| match told {
            Ok(told) => {
                let more = told.more;
                note(&ended.ctx, &told);
                ended.heed(told);
                if more {
                    ended.ctx.webhooks.wake();
                }
            }
            // The worker finds out why.
            Err(_) => {
                ended.rest(true);
                ended.ctx.webhooks.wake();
            }
        },
    )
}

fn unit(
    node: &Arc<Node>,
    most: Option<usize>,
) -> impl for<'t> FnOnce(&'t mut dyn Tx) -> BoxFuture<'t, Result<Told, StoreError>> + Send + use<> {
    let (formats, senders, limit) = (Some(node.ports.formats.clone()), Some(node.clone()), limit(most));
    move |tx| Box::pin(number_and_queue(tx, formats, senders, limit))
}

fn limit(most: Option<usize>) -> u32 {
    let most = most.and_then(|most| u32::try_from(most).ok());
    most.map_or(EVENTS_PER_UNIT, |most| most.clamp(FEWEST_PER_UNIT, EVENTS_PER_UNIT))
}

/// Wakes those who read the numbers.
fn note(ctx: &Ctx, told: &Told) {
    if told.events > 0 {
        ctx.webhooks.numbered.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// The unit. Without formats the events get numbers and are not told.
async fn number_and_queue(
    tx: &mut dyn Tx,
    formats: Option<Arc<dyn Formats>>,
    senders: Option<Arc<Node>>,
    limit: u32,
) -> Result<Told, StoreError> {
    let rows = tx.event_numbers().advance(limit).await?;
    let mut told = Told { events: rows.len(), ..Told::default() };
    told.more = u32::try_from(rows.len()).is_ok_and(|count| count == limit) || formats.is_none();
    let Some(formats) = formats else { return Ok(told) };
    let mut events = Vec::new();
    for (site, row) in rows {
        match row.into_event() {
            Ok(event) => events.push((site, event)),
            Err(error) => report(&error),
        }
    }
    let mut sites: Vec<SiteId> = events.iter().map(|(site, _)| *site).collect();
    sites.sort_unstable();
    sites.dedup();
    for site in sites {
        let of_site = events.iter().filter(|(its, _)| *its == site).map(|(_, event)| event);
        queue(tx, site, of_site, (&*formats, senders.as_deref()), &mut told).await?;
    }
    Ok(told)
}

/// Queues events of a site for the receivers that want them. The receivers stay locked until the unit ends: an attempt
/// that ends meanwhile would otherwise not see that somebody waits behind it.
async fn queue<'e>(
    tx: &mut dyn Tx,
    site: SiteId,
    events: impl Iterator<Item = &'e NumberedEvent> + Send,
    (formats, senders): (&dyn Formats, Option<&Node>),
    told: &mut Told,
) -> Result<(), StoreError> {
    let mut endpoints = Vec::new();
    for row in tx.endpoints().lock_each(site).await? {
        match row {
            Ok(endpoint) if endpoint.state == EndpointState::Off => {}
            Ok(endpoint) => endpoints.push(endpoint),
            // The others are told all the same.
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(site.id = %site, error, "a receiver of webhooks misses events: it cannot be read");
            }
        }
    }
    if endpoints.is_empty() {
        return Ok(());
    }
    told.heard = true;
    let Some(name) = tx.event_numbers().site_name(site).await? else { return Ok(()) };
    let now = tx.now().await?;
    let wanted = events.filter_map(|event| {
        let wants = |endpoint: &&Endpoint| {
            endpoint.after_number < event.sequence
                && endpoint.settings.wants(event.committed.event, &event.committed.actor)
        };
        let wanting: Vec<_> = endpoints.iter().filter(wants).collect();
        (!wanting.is_empty()).then_some((event, wanting))
    });
    let wanted: Vec<_> = wanted.collect();
    let mut wanting: Vec<&Endpoint> = Vec::new();
    for (_, of_event) in &wanted {
        wanting.extend(of_event);
    }
    wanting.sort_unstable_by_key(|endpoint| endpoint.id);
    wanting.dedup_by_key(|endpoint| endpoint.id);
    told.hearing.extend(wanting.iter().map(|endpoint| endpoint.id));
    let mut rooms = Rooms::of(tx, senders, &wanting, now).await?;
    let known = Devices::of(tx, site, wanted.iter().map(|(event, _)| event.committed.event)).await?;
    let mut gathered = Gathered::default();
    for (event, wanting) in wanted {
        let facts = facts(tx, site, name.clone(), event, &known).await?;
        for endpoint in wanting {
            if !endpoint.settings.wants_product(facts.products()) {
                continue;
            }
            let coalesced = endpoint.settings.coalesce && {
                let topic = facts.topic(endpoint.settings.format);
                tx.deliveries().supersede(endpoint.id, &topic, now).await? > 0
            };
            let last = coalesced.then(|| EventFacts { coalesced, ..facts.clone() });
            let facts = last.as_ref().unwrap_or(&facts);
            let mut delivery = delivery(endpoint, facts, formats.render(facts, &endpoint.settings));
            if delivery.body.len() > PAYLOAD_LIMIT {
                tracing::error!(event.id = %event.committed.id, endpoint.id = %endpoint.id, "an event is too long to be told");
                continue;
            }
            delivery.taken_until = rooms.take(endpoint.id);
            if delivery.taken_until.is_none() && !told.endpoints.contains(&(site, endpoint.id)) {
                told.endpoints.push((site, endpoint.id));
            }
            if endpoint.settings.coalesce {
                // The next event may be on the same topic.
                tx.deliveries().insert(&delivery, now).await?;
            } else {
                gathered.add(tx, delivery, now).await?;
            }
        }
    }
    gathered.queue(tx, now).await?;
    for endpoint in endpoints {
        let (deliveries, others) = gathered.taken.into_iter().partition(|one: &Delivery| one.endpoint == endpoint.id);
        gathered.taken = others;
        if !deliveries.is_empty() {
            let secrets = signing_secrets(tx, endpoint.id, now).await?;
            told.taken.push(Taken { endpoint, secrets, deliveries });
        }
    }
    Ok(())
}

/// What is queued together, and what of it was taken up.
#[derive(Default)]
struct Gathered {
    deliveries: Vec<NewDelivery>,
    bytes: usize,
    taken: Vec<Delivery>,
}

impl Gathered {
    async fn add(&mut self, tx: &mut dyn Tx, delivery: NewDelivery, now: Timestamp) -> Result<(), StoreError> {
        self.bytes = self.bytes.saturating_add(delivery.body.len());
        self.deliveries.push(delivery);
        if self.bytes >= GATHERED { self.queue(tx, now).await } else { Ok(()) }
    }

    async fn queue(&mut self, tx: &mut dyn Tx, now: Timestamp) -> Result<(), StoreError> {
        self.bytes = 0;
        let deliveries = std::mem::take(&mut self.deliveries);
        if !deliveries.is_empty() {
            self.taken.extend(tx.deliveries().insert_all(deliveries, now).await?);
        }
        Ok(())
    }
}

/// What an event is told with. `known`: see [`story`].
pub(super) async fn facts(
    tx: &mut dyn Tx,
    site: SiteId,
    name: SiteName,
    event: &NumberedEvent,
    known: &Devices,
) -> Result<EventFacts, StoreError> {
    let story = story(tx, site, event.committed.event, known).await?;
    let CommittedEvent { id, event: what, changes, actor, at } = event.committed.clone();
    let (sequence, site_id) = (event.sequence, site);
    Ok(EventFacts { id, sequence, event: what, changes, coalesced: false, actor, at, site_id, site: name, story })
}

/// An event on its way to a receiver.
pub(super) fn delivery(endpoint: &Endpoint, facts: &EventFacts, body: Vec<u8>) -> NewDelivery {
    let entity = facts.entity().to_string();
    let lane = match endpoint.settings.order {
        DeliveryOrder::None => None,
        DeliveryOrder::PerEntity => Some(entity.clone()),
        DeliveryOrder::Strict => Some(ONE_LANE.to_owned()),
    };
    NewDelivery {
        site: endpoint.site,
        endpoint: endpoint.id,
        event: facts.id,
        sequence: facts.sequence,
        event_type: facts.event.type_name().to_owned(),
        source: facts.actor.channel.source().to_owned(),
        entity,
        lane,
        topic: endpoint.settings.coalesce.then(|| facts.topic(endpoint.settings.format)),
        taken_until: None,
        body,
    }
}
