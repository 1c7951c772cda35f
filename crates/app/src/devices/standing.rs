//! What a device is entitled to, as the store has it now.

use countersign_domain::device::{DeviceClass, DeviceIdentity, DeviceStatus};
use countersign_domain::ids::{ProductId, SiteId};
use countersign_domain::licensing::Entitlements;
use countersign_domain::time::Date;

use crate::{Ctx, Fault};

/// What a site knows of a device that gives an identity.
pub(crate) enum Standing {
    /// It is registered and in use.
    Known(Entitlements),
    /// It has never registered, or is out of use.
    Unknown,
}

/// Looks a device up, and which of some products its account holds on a day.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub(crate) async fn standing(
    ctx: &Ctx,
    site: SiteId,
    identity: &DeviceIdentity,
    asked_as: DeviceClass,
    products: Vec<ProductId>,
    today: Date,
) -> Result<Standing, Fault> {
    let identity = identity.clone();
    ctx.store()
        .look_up(move |tx| {
            Box::pin(async move {
                let device = match tx.devices().find_known(site, &identity).await? {
                    Some(device) => Some(device),
                    // One that has activated a license under nothing but its hardware ID.
                    None => tx.devices().find_known(site, &identity.of_hardware()).await?,
                };
                let Some(device) = device.filter(|device| device.status == DeviceStatus::Active) else {
                    return Ok(Standing::Unknown);
                };
                let held = tx.licenses().held_by_account_of(device, &products, today).await?;
                // A device that was entered as a served one gains nothing by asking as another.
                let class = if device.class == DeviceClass::Served { device.class } else { asked_as };
                Ok(Standing::Known(Entitlements::of(class, &held)))
            })
        })
        .await
}
