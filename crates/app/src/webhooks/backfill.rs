//! Telling one receiver what there is, so that a new one begins with everything: products, orders, licenses and devices as
//! they are, one after the other, a little at a time. What changes meanwhile is told as always.

use std::sync::Arc;

use countersign_domain::audit::{Action, Actor, Channel};
use countersign_domain::changes::Changes;
use countersign_domain::event::Event;
use countersign_domain::ids::{DeliveryId, EndpointId, RecoveryId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{
    BackfillStage, DeliveryState, EventFacts, Family, PAYLOAD_LIMIT, Recovery, RecoveryState, Story, snapshot_id,
};
use countersign_store::repositories::{LicenseFilter, Page};
use countersign_store::{StoreError, Tx};

use super::facts::{Devices, story};
use super::ports::Formats;
use super::recovery::{ResendError, lock_free};
use super::telling;
use crate::Ctx;

/// Rows that one unit of work tells of.
const ROWS_PER_UNIT: u32 = 50;

/// Begins to tell a receiver what there is. It goes on by itself, once the receiver is enabled; [`find`](super::recovery::find)
/// says how far it is, and [`cancel`](super::recovery::cancel) stops it. A receiver has one task at a time.
///
/// # Errors
/// [`ResendError`] says why it was not begun.
pub async fn start(ctx: &Ctx, site: SiteId, endpoint: EndpointId) -> Result<Recovery, ResendError> {
    let begun = ctx.record::<_, ResendError, _>(site, Action::new("webhook.backfill", endpoint), move |tx| {
        Box::pin(async move {
            lock_free(tx, site, endpoint).await?;
            let created_at = tx.now().await?;
            let mut task = Recovery {
                id: RecoveryId(0),
                site,
                endpoint,
                since: Timestamp::EPOCH,
                until: created_at,
                from: DeliveryState::Delivered,
                state: RecoveryState::Running,
                backfill: Some(BackfillStage::Products),
                after: DeliveryId(0),
                queued: 0,
                created_at,
            };
            task.id = tx.delivery_history().insert_recovery(&task).await?;
            Ok(task)
        })
    });
    begun.await
}

/// Goes on with a task whose receiver is locked. `false`: the receiver is gone.
pub(super) async fn step(
    tx: &mut dyn Tx,
    formats: &Arc<dyn Formats>,
    mut task: Recovery,
    stage: BackfillStage,
) -> Result<bool, StoreError> {
    let site = task.site;
    let Some(endpoint) = tx.endpoints().find(site, task.endpoint).await? else { return Ok(false) };
    let Some(name) = tx.event_numbers().site_name(site).await? else { return Ok(false) };
    let family = match stage {
        BackfillStage::Products => Family::Product,
        BackfillStage::Orders | BackfillStage::Licenses => Family::Entitlement,
        BackfillStage::Devices => Family::Device,
    };
    let wanted = endpoint.settings.families.has(family);
    let rows = if wanted { rows(tx, site, stage, task.after.0).await? } else { Vec::new() };
    let (sequence, at) = (tx.event_numbers().last(site).await?, tx.now().await?);
    let known = Devices::of(tx, site, rows.iter().map(|(_, event)| *event)).await?;
    for (row, event) in &rows {
        task.after = DeliveryId(*row);
        let number = u32::try_from(task.queued).unwrap_or(u32::MAX).saturating_add(1);
        let id = snapshot_id(task.id, number);
        let story = story(tx, site, *event, &known).await?;
        let (event, changes, actor) = (*event, Changes::default(), Actor::of(Channel::System));
        let facts = EventFacts {
            id,
            sequence,
            event,
            changes,
            coalesced: false,
            actor,
            at,
            site_id: site,
            site: name.clone(),
            story,
        };
        if matches!(facts.story, Story::Missing(_)) || !endpoint.settings.wants_product(facts.products()) {
            continue;
        }
        let body = formats.render(&facts, &endpoint.settings);
        if body.len() > PAYLOAD_LIMIT {
            tracing::error!(entity = %facts.entity(), endpoint.id = %endpoint.id, "what there is is too long to be told");
            continue;
        }
        if tx.deliveries().insert(&telling::delivery(&endpoint, &facts, body), at).await? {
            task.queued = task.queued.saturating_add(1);
        }
    }
    if u32::try_from(rows.len()).is_ok_and(|count| count < ROWS_PER_UNIT) {
        task.after = DeliveryId(0);
        match stage.next() {
            Some(next) => task.backfill = Some(next),
            None => task.state = RecoveryState::Done,
        }
    }
    tx.delivery_history().advance_recovery(&task).await
}

/// Some rows of a kind behind one, with what they are told as.
async fn rows(
    tx: &mut dyn Tx,
    site: SiteId,
    stage: BackfillStage,
    after: i64,
) -> Result<Vec<(i64, Event)>, StoreError> {
    let page = Page { after, limit: ROWS_PER_UNIT };
    let most = usize::try_from(ROWS_PER_UNIT).unwrap_or(usize::MAX);
    Ok(match stage {
        BackfillStage::Products => {
            let all = tx.licensed_products().list(site).await?;
            let mut ids: Vec<_> = all.iter().map(|one| one.product.id).filter(|id| id.0 > after).collect();
            ids.sort_unstable_by_key(|id| id.0);
            ids.into_iter().take(most).map(|id| (id.0, Event::ProductSnapshot(id))).collect()
        }
        BackfillStage::Orders => {
            let some = tx.orders().list(site, None, page).await?;
            some.iter().map(|order| (order.id.0, Event::OrderSnapshot(order.id))).collect()
        }
        BackfillStage::Licenses => {
            let some = tx.licenses().list(site, LicenseFilter::default(), page).await?;
            some.iter().map(|license| (license.id.0, Event::LicenseSnapshot(license.id))).collect()
        }
        BackfillStage::Devices => {
            let some = tx.devices().list(site, None, page).await?;
            some.iter().map(|device| (device.id.0, Event::DeviceSnapshot(device.id))).collect()
        }
    })
}
