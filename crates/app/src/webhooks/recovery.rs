//! Sending again: one delivery, or all of a time.

use std::collections::HashSet;
use std::sync::Arc;

use countersign_domain::audit::Action;
use countersign_domain::ids::{DeliveryId, EndpointId, EventId, RecoveryId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{DeliveryState, Endpoint, EndpointState, Recovery, RecoveryState};
use countersign_store::repositories::DeliveryRange;
use countersign_store::{StoreError, Tx};

use super::facts::Devices;
use super::ports::Formats;
use super::telling;
use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Deliveries that one unit of work queues again.
const DELIVERIES_PER_UNIT: u32 = 100;
/// Deliveries of a task that may wait at a time: what is new goes between them.
const AT_A_TIME: u64 = 500;
/// Recoveries that go on in one look, those of all sites in turn.
const RECOVERIES: u32 = 20;
/// Recoveries that failed and are remembered as logged.
const REMEMBERED: usize = 1000;

/// Why nothing is sent again.
#[derive(Debug, thiserror::Error)]
pub enum ResendError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It waits for its first attempts anyway.
    #[error("deliveries in state {0} are sent by themselves")]
    Open(DeliveryState),
    /// Nothing is ever sent to the receiver.
    #[error("the endpoint is switched off; enable it first")]
    Off,
    /// Another task of the same receiver goes on.
    #[error("task {0} of this endpoint still goes on; wait for it, or cancel it")]
    Running(RecoveryId),
    /// No such event, receiver or recovery.
    #[error("this site has no such event, endpoint or task")]
    Unknown,
    /// This process cannot make bodies.
    #[error("webhooks are not available in this process")]
    Unavailable,
}

takes_store_errors!(ResendError);

/// Sends an event to a receiver again: the same bytes, outside the schedule. A receiver that has never been sent the event
/// gets it with what it is about as it is now. One that is disabled gets it when it is enabled.
///
/// # Errors
/// [`ResendError::Unknown`] when the site has no such event or receiver, [`ResendError::Off`] when it is sent nothing.
pub async fn redeliver(
    ctx: &Ctx,
    site: SiteId,
    event: EventId,
    endpoint: EndpointId,
) -> Result<DeliveryId, ResendError> {
    let formats = ctx.webhooks.ports.get().ok_or(ResendError::Unavailable)?.formats.clone();
    let action = Action::new("webhook.redeliver", format!("{event} to {endpoint}"));
    let queued = ctx.record::<_, ResendError, _>(site, action, move |tx| {
        Box::pin(async move {
            let receiver = lock(tx, site, endpoint).await?;
            let now = tx.now().await?;
            let of_event = |all: Vec<countersign_domain::webhook::Delivery>| {
                all.into_iter().find(|one| one.endpoint == endpoint).map(|one| one.id)
            };
            if let Some(delivery) = of_event(tx.deliveries().of_event(site, event).await?) {
                tx.deliveries().send_again(site, delivery, now).await?;
                return Ok(delivery);
            }
            let found = tx.event_numbers().find(site, event).await?.ok_or(ResendError::Unknown)?;
            let name = tx.event_numbers().site_name(site).await?.ok_or(ResendError::Unknown)?;
            let facts = telling::facts(tx, site, name, &found, &Devices::default()).await?;
            let body = formats.render(&facts, &receiver.settings);
            tx.deliveries().insert(&telling::delivery(&receiver, &facts, body), now).await?;
            Ok(of_event(tx.deliveries().of_event(site, event).await?).ok_or(StoreError::OutcomeUnknown)?)
        })
    });
    let delivery = queued.await?;
    ctx.webhooks.wake();
    Ok(delivery)
}

/// What is to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recover {
    /// The receiver.
    pub endpoint: EndpointId,
    /// What was queued from then on.
    pub since: Timestamp,
    /// And before then.
    pub until: Timestamp,
    /// Only what has ended so.
    pub from: DeliveryState,
}

/// How many deliveries a recovery would send again.
///
/// # Errors
/// [`ResendError`] says why it cannot be asked for.
pub async fn count(ctx: &Ctx, site: SiteId, recover: Recover) -> Result<u64, ResendError> {
    check(recover)?;
    let count = ctx.store().read::<_, ResendError, _>(move |tx| {
        Box::pin(async move {
            tx.endpoints().find(site, recover.endpoint).await?.ok_or(ResendError::Unknown)?;
            Ok(tx.deliveries().count_range(recover.endpoint, range(recover, DeliveryId(0))).await?)
        })
    });
    count.await
}

/// Begins to send deliveries again, oldest first. It goes on by itself, once the receiver is enabled; [`find`] says how far
/// it is. A receiver has one task at a time.
///
/// # Errors
/// [`ResendError`] says why it was not begun.
pub async fn start(ctx: &Ctx, site: SiteId, recover: Recover) -> Result<Recovery, ResendError> {
    check(recover)?;
    let Recover { endpoint, since, until, from } = recover;
    let recovery = ctx.record::<_, ResendError, _>(site, Action::new("webhook.recover", endpoint), move |tx| {
        Box::pin(async move {
            lock_free(tx, site, endpoint).await?;
            let created_at = tx.now().await?;
            // What is sent again now must not come round once more when it ends.
            let until = until.min(created_at);
            let mut recovery = Recovery {
                id: RecoveryId(0),
                site,
                endpoint,
                since,
                until,
                from,
                state: RecoveryState::Running,
                backfill: None,
                after: DeliveryId(0),
                queued: 0,
                created_at,
            };
            recovery.id = tx.delivery_history().insert_recovery(&recovery).await?;
            Ok(recovery)
        })
    });
    recovery.await
}

/// How far a recovery is.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find(ctx: &Ctx, site: SiteId, recovery: RecoveryId) -> Result<Option<Recovery>, Fault> {
    ctx.store()
        .read(move |tx| Box::pin(async move { Ok(tx.delivery_history().find_recovery(site, recovery).await?) }))
        .await
}

/// Stops a recovery. What it has queued is sent.
///
/// # Errors
/// [`ResendError::Unknown`] when the site has no such recovery.
pub async fn cancel(ctx: &Ctx, site: SiteId, recovery: RecoveryId) -> Result<Recovery, ResendError> {
    ctx.record::<_, ResendError, _>(site, Action::new("webhook.cancel-recovery", recovery), move |tx| {
        Box::pin(async move {
            let found = tx.delivery_history().find_recovery(site, recovery).await?.ok_or(ResendError::Unknown)?;
            let cancelled = Recovery { state: RecoveryState::Cancelled, ..found };
            tx.delivery_history().advance_recovery(&cancelled).await?;
            tx.delivery_history().find_recovery(site, recovery).await?.ok_or(ResendError::Unknown)
        })
    })
    .await
}

/// A receiver to which something is sent, now or once it is enabled.
pub(super) async fn lock(tx: &mut dyn Tx, site: SiteId, endpoint: EndpointId) -> Result<Endpoint, ResendError> {
    let receiver = tx.endpoints().lock(site, endpoint).await?.ok_or(ResendError::Unknown)?;
    if receiver.state == EndpointState::Enabled || receiver.state.holds() {
        Ok(receiver)
    } else {
        Err(ResendError::Off)
    }
}

/// A receiver that has no task, locked, so that of two that begin one at the same time the second sees the first.
pub(super) async fn lock_free(tx: &mut dyn Tx, site: SiteId, endpoint: EndpointId) -> Result<(), ResendError> {
    lock(tx, site, endpoint).await?;
    let running = tx.delivery_history().running_recovery(endpoint).await?;
    running.map_or(Ok(()), |running| Err(ResendError::Running(running)))
}

/// The recoveries that a process goes on with.
#[derive(Default)]
pub(super) struct Recoveries {
    /// The last one that was looked at: each has its turn, however many there are.
    after: Option<RecoveryId>,
    /// Those that have failed and were logged.
    failing: HashSet<RecoveryId>,
}

impl Recoveries {
    /// Goes on with recoveries, a little each. `true`: one went on. One that fails is logged and holds up no other.
    pub(super) async fn go_on(&mut self, ctx: &Ctx, formats: &Arc<dyn Formats>) -> Result<bool, Fault> {
        let after = self.after.unwrap_or(RecoveryId(0));
        let running = ctx.store().read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let now = tx.now().await?;
                let mut running = Vec::new();
                for recovery in tx.delivery_history().running_recoveries(after, now, RECOVERIES).await? {
                    let is_full = is_full(tx, &recovery).await?;
                    running.push((recovery, is_full));
                }
                Ok(running)
            })
        });
        let running = running.await?;
        let is_last = running.len() < RECOVERIES as usize;
        self.after = running.last().filter(|_| !is_last).map(|(last, _)| last.id);
        if self.failing.len() > REMEMBERED {
            self.failing.clear();
        }
        let mut busy = false;
        for (recovery, is_full) in running {
            // Looked at before a unit is begun for it: what was queued last may take its receiver long.
            if is_full {
                continue;
            }
            let id = recovery.id;
            match step(ctx, formats.clone(), recovery).await {
                Ok(went_on) => {
                    busy |= went_on;
                    self.failing.remove(&id);
                }
                Err(fault) if self.failing.insert(id) => {
                    let error: &dyn std::error::Error = &fault;
                    tracing::error!(recovery.id = %id, error, "deliveries cannot be sent again; it is tried on");
                }
                Err(_) => {}
            }
        }
        Ok(busy)
    }
}

/// Whether so much of a task waits that it does not go on yet.
async fn is_full(tx: &mut dyn Tx, recovery: &Recovery) -> Result<bool, StoreError> {
    let waiting = match recovery.backfill {
        Some(_) => tx.deliveries().count_snapshots(recovery.endpoint).await?,
        None => tx.deliveries().count_manual(recovery.endpoint).await?,
    };
    Ok(waiting >= AT_A_TIME)
}

async fn step(ctx: &Ctx, formats: Arc<dyn Formats>, recovery: Recovery) -> Result<bool, Fault> {
    let went_on = ctx.write::<_, StoreError, _>(recovery.site, move |tx| {
        Box::pin(async move {
            // Another node may have gone on meanwhile; with the receiver locked this is how far it is.
            let receiver = tx.endpoints().lock(recovery.site, recovery.endpoint).await?;
            if receiver.is_none_or(|receiver| receiver.state != EndpointState::Enabled)
                || is_full(tx, &recovery).await?
            {
                return Ok(false);
            }
            let current = tx.delivery_history().find_recovery(recovery.site, recovery.id).await?;
            let Some(current) = current.filter(|one| one.state == RecoveryState::Running) else { return Ok(false) };
            if let Some(stage) = current.backfill {
                return super::backfill::step(tx, &formats, current, stage).await;
            }
            let Recovery { endpoint, since, until, from, .. } = current;
            let range = range(Recover { endpoint, since, until, from }, current.after);
            let some = tx.deliveries().list_range(endpoint, range, DELIVERIES_PER_UNIT).await?;
            let now = tx.now().await?;
            for delivery in &some {
                tx.deliveries().send_again(recovery.site, *delivery, now).await?;
            }
            let is_last = u32::try_from(some.len()).is_ok_and(|count| count < DELIVERIES_PER_UNIT);
            let state = if is_last { RecoveryState::Done } else { RecoveryState::Running };
            let after = some.last().copied().unwrap_or(current.after);
            let queued = current.queued.saturating_add(u64::try_from(some.len()).unwrap_or(u64::MAX));
            tx.delivery_history().advance_recovery(&Recovery { state, after, queued, ..current }).await?;
            Ok(!some.is_empty())
        })
    });
    Ok(went_on.await?)
}

fn check(recover: Recover) -> Result<(), ResendError> {
    if recover.from.is_final() { Ok(()) } else { Err(ResendError::Open(recover.from)) }
}

fn range(recover: Recover, after: DeliveryId) -> DeliveryRange {
    let Recover { since, until, from, .. } = recover;
    DeliveryRange { state: from, since, until, after }
}
