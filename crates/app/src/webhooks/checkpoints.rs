//! Telling receivers how much they must have by now: checkpoints, on demand and at intervals.

use std::sync::Arc;
use std::time::Duration;

use countersign_domain::audit::{Action, Channel};
use countersign_domain::ids::{EndpointId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{Checkpoint, DeliveryOrder, Endpoint, EndpointState, NewDelivery, checkpoint_id};
use countersign_store::{StoreError, Tx};

use super::ports::Formats;
use super::recovery::{ResendError, lock};
use super::telling::ONE_LANE;
use crate::{Ctx, Fault};

/// Deliveries that one unit of work counts.
const DELIVERIES_PER_UNIT: u32 = 10_000;
/// Units until a checkpoint on demand tells as much as was counted.
const UNITS: usize = 1000;
/// Receivers that are told in one look; the next one tells the others.
const RECEIVERS: u32 = 100;
/// When it is tried again for a receiver whose rows cannot be read.
const LATER: Duration = Duration::from_secs(15 * 60);
/// The topic and the type of checkpoints: a new one takes the place of one that nobody has taken up yet.
const CHECKPOINT: &str = "checkpoint";

/// Tells a receiver how much it must have by now. What is not over yet is counted by a later one.
///
/// # Errors
/// [`ResendError::Unknown`] when the site has no such receiver, [`ResendError::Off`] when it is sent nothing.
pub async fn tell(ctx: &Ctx, site: SiteId, endpoint: EndpointId) -> Result<Checkpoint, ResendError> {
    let formats = ctx.webhooks.ports.get().ok_or(ResendError::Unavailable)?.formats.clone();
    super::log::catch_up(ctx).await?;
    for _ in 1..UNITS {
        if !count(ctx, site, endpoint).await? {
            break;
        }
    }
    let made = ctx.record::<_, ResendError, _>(site, Action::new("webhook.checkpoint", endpoint), move |tx| {
        Box::pin(async move {
            let receiver = lock(tx, site, endpoint).await?;
            let (checkpoint, _) = counted(tx, &receiver).await?;
            Ok(queue(tx, &*formats, &receiver, checkpoint).await?)
        })
    });
    let made = made.await?;
    ctx.webhooks.wake();
    Ok(made)
}

/// Tells receivers whose time has come. `true`: there were some.
pub(super) async fn go_on(ctx: &Ctx, formats: &Arc<dyn Formats>) -> Result<bool, Fault> {
    let due = ctx.store().read::<_, StoreError, _>(|tx| {
        Box::pin(async move {
            let now = tx.now().await?;
            tx.checkpoints().due(now, RECEIVERS).await
        })
    });
    let due = due.await?;
    let busy = !due.is_empty();
    for (site, endpoint) in due {
        let formats = formats.clone();
        let told = ctx.write(site, move |tx| Box::pin(tell_due(tx, formats, site, endpoint)));
        match told.await {
            Ok(()) => {}
            // The others are told all the same.
            Err(broken @ StoreError::BrokenRow { .. }) => {
                report(endpoint, &broken);
                postpone(ctx, site, endpoint).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(busy)
}

async fn tell_due(
    tx: &mut dyn Tx,
    formats: Arc<dyn Formats>,
    site: SiteId,
    endpoint: EndpointId,
) -> Result<(), StoreError> {
    let Some(receiver) = tx.endpoints().lock(site, endpoint).await? else { return Ok(()) };
    let now = tx.now().await?;
    // Another node may have told it meanwhile.
    let is_due = tx.checkpoints().due_at(endpoint).await?.is_some_and(|due_at| due_at <= now);
    if receiver.state != EndpointState::Enabled || !is_due {
        return Ok(());
    }
    // A receiver that takes nothing would get one after the other.
    if tx.checkpoints().is_under_way(endpoint).await? {
        return schedule(tx, &receiver, now).await;
    }
    let (checkpoint, is_whole) = counted(tx, &receiver).await?;
    if !is_whole {
        // The next look goes on.
        return tx.checkpoints().advance(endpoint, &checkpoint.counts).await;
    }
    queue(tx, &*formats, &receiver, checkpoint).await?;
    schedule(tx, &receiver, now).await
}

fn report(endpoint: EndpointId, error: &(dyn std::error::Error + 'static)) {
    tracing::error!(endpoint.id = %endpoint, error, "a checkpoint cannot be made; it is tried later");
}

async fn postpone(ctx: &Ctx, site: SiteId, endpoint: EndpointId) -> Result<(), StoreError> {
    ctx.write(site, move |tx| {
        Box::pin(async move {
            let later = tx.now().await?.plus(LATER);
            tx.checkpoints().schedule(endpoint, Some(later)).await
        })
    })
    .await
}

/// Lays down when a receiver is told next: never, or when its interval has passed.
pub(super) async fn schedule(tx: &mut dyn Tx, receiver: &Endpoint, now: Timestamp) -> Result<(), StoreError> {
    let due_at = receiver.settings.checkpoints().map(|interval| now.plus(interval));
    tx.checkpoints().schedule(receiver.id, due_at).await
}

/// Counts some more. `true`: there is still more.
async fn count(ctx: &Ctx, site: SiteId, endpoint: EndpointId) -> Result<bool, ResendError> {
    ctx.write(site, move |tx| {
        Box::pin(async move {
            let receiver = lock(tx, site, endpoint).await?;
            let (checkpoint, is_whole) = counted(tx, &receiver).await?;
            tx.checkpoints().advance(endpoint, &checkpoint.counts).await?;
            Ok(!is_whole)
        })
    })
    .await
}

/// The next checkpoint of a receiver that is locked, and whether it counts all that there is to count.
async fn counted(tx: &mut dyn Tx, receiver: &Endpoint) -> Result<(Checkpoint, bool), StoreError> {
    let (site_id, endpoint) = (receiver.site, receiver.id);
    let before = tx.checkpoints().counts(endpoint).await?;
    let some = tx.checkpoints().uncounted(endpoint, before.after, DELIVERIES_PER_UNIT).await?;
    let is_all = u32::try_from(some.len()).is_ok_and(|count| count < DELIVERIES_PER_UNIT);
    let last = tx.event_numbers().last(site_id).await?;
    let counts = before.counting(&some, is_all, last);
    let reached_end = some.last().is_none_or(|row| row.id == counts.after);
    let site = tx.event_numbers().site_name(site_id).await?.ok_or(StoreError::OutcomeUnknown)?;
    let at = tx.now().await?;
    Ok((Checkpoint { site_id, site, endpoint, counts, last, at }, is_all || !reached_end))
}

async fn queue(
    tx: &mut dyn Tx,
    formats: &dyn Formats,
    receiver: &Endpoint,
    mut checkpoint: Checkpoint,
) -> Result<Checkpoint, StoreError> {
    checkpoint.counts.number = checkpoint.counts.number.saturating_add(1);
    tx.checkpoints().advance(receiver.id, &checkpoint.counts).await?;
    tx.deliveries().supersede(receiver.id, CHECKPOINT, checkpoint.at).await?;
    let delivery = NewDelivery {
        site: receiver.site,
        endpoint: receiver.id,
        event: checkpoint_id(checkpoint.counts.number),
        sequence: checkpoint.counts.sequence,
        event_type: CHECKPOINT.to_owned(),
        source: Channel::System.source().to_owned(),
        entity: format!("SITE:{}", receiver.site),
        lane: (receiver.settings.order == DeliveryOrder::Strict).then(|| ONE_LANE.to_owned()),
        topic: Some(CHECKPOINT.to_owned()),
        taken_until: None,
        body: formats.checkpoint(&checkpoint, &receiver.settings),
    };
    tx.deliveries().insert(&delivery, checkpoint.at).await?;
    Ok(checkpoint)
}
