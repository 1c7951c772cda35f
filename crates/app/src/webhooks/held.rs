//! What is held for receivers that are sent nothing, for a time.

use countersign_domain::ids::{DeliveryId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{Delivery, DeliveryState};
use countersign_store::repositories::DeliveryRange;
use countersign_store::{StoreError, Tx};

/// Cancels at most `limit` deliveries that were queued before a time for receivers of a site that hold them, and gives
/// their number. What was to be sent again by hand is again as it was before.
pub(crate) async fn cancel_held(
    tx: &mut dyn Tx,
    site: SiteId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let mut left = limit;
    let now = tx.now().await?;
    for endpoint in tx.endpoints().lock_all(site).await? {
        if !endpoint.state.holds() {
            continue;
        }
        // Those that wait in a lane become heads of it one by one: the next unit finds them.
        let (since, after) = (Timestamp::EPOCH, DeliveryId(0));
        let range = DeliveryRange { state: DeliveryState::Queued, since, until: before, after };
        for id in tx.deliveries().list_range(endpoint.id, range, left).await? {
            let Some(delivery) = tx.deliveries().find(site, id).await? else { continue };
            let state = delivery.manual.unwrap_or(DeliveryState::Cancelled);
            tx.deliveries().settle(&Delivery { state, manual: None, ..delivery }, now).await?;
            left = left.saturating_sub(1);
        }
    }
    Ok(limit.saturating_sub(left).into())
}
