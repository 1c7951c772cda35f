//! New files for devices that are active already.

use countersign_domain::ids::SiteId;
use countersign_domain::licensing::OfflineWay;
use countersign_domain::text::{HardwareId, LicenseKey};
use countersign_domain::time::Timestamp;

use super::super::check;
use super::super::find::{self, Bound, Found};
use super::super::question::ReleaseFilter;
use super::super::refusal::{LicenseError, Refusal};
use super::super::view::LicenseView;
use super::audit;
use crate::Ctx;

/// A license on a device as it stands now, for a new file. The producer makes it, and gives it to whoever has the device.
/// The third value is the client that the device told of.
///
/// # Errors
/// [`Refusal`] says why there is none.
pub async fn refresh_offline(
    ctx: &Ctx,
    site: SiteId,
    key: LicenseKey,
    hardware: HardwareId,
) -> Result<(LicenseView, Timestamp, String), LicenseError> {
    let actor = ctx.actor();
    ctx.write(site, move |tx| {
        Box::pin(async move {
            let license = tx.licenses().find(site, &key).await?.ok_or(Refusal::LicenseNotFound)?;
            if !license.rules.may_go_offline(OfflineWay::File) {
                return Err(Refusal::OfflineNotAllowed.into());
            }
            let product = check::product_of(tx, site, &license).await?;
            let bound = tx.activations().find_by_hardware(site, license.id, &hardware).await?;
            let Bound { product, license, device, activation, .. } =
                find::usable_on(Found { product, license, beside: None }, bound)?;
            let (now, id) = (tx.now().await?, device.id);
            let bound = Bound { product, license, device, activation, beside: None };
            let mut view = check::view_bound(tx, site, bound, (None, &ReleaseFilter::default()), now).await?;
            view.good_until = view.license.rules.file_end(now);
            let facts = tx.device_details().facts(id).await?;
            audit(tx, site, &actor, "license.refresh-offline", Some(view.license.id)).await?;
            Ok((view, now, facts.map(|(facts, _)| facts.sdk_version).unwrap_or_default()))
        })
    })
    .await
}
