//! What devices have told, as producers read it.

use countersign_domain::ids::{DeviceId, SiteId};
use countersign_domain::report::{KeptDeviceEvent, KeptStatusReport};
use countersign_store::repositories::{Page, StatusReportFilter};

use crate::{Ctx, Fault};

/// Status reports of a site, by row id: in the order in which they were received.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list_reports(
    ctx: &Ctx,
    site: SiteId,
    filter: StatusReportFilter,
    page: Page,
) -> Result<Vec<KeptStatusReport>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.status_reports().list(site, filter, page).await?) })).await
}

/// Events that devices of a site have logged, by row id; of one device only, if one is given.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list_events(
    ctx: &Ctx,
    site: SiteId,
    device: Option<DeviceId>,
    page: Page,
) -> Result<Vec<KeptDeviceEvent>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.device_events().list(site, device, page).await?) })).await
}
