//! How a license stands.

use std::time::Duration;

use countersign_domain::device::Device;
use countersign_domain::ids::{LicenseUserId, SiteId};
use countersign_domain::licensing::{License, LicensedProduct};
use countersign_domain::text::{FeatureCode, HardwareId};
use countersign_domain::time::Timestamp;
use countersign_store::{StoreError, Tx};

use super::LicenseCaller;
use super::find::{self, Bound, Hold, LICENSES};
use super::question::{Identity, ReleaseFilter};
use super::refusal::{LicenseError, Refusal};
use super::versions::newest;
use super::view::{AssignedUser, FeatureView, LicenseView, ViewedDevice};
use crate::{Ctx, Fault};

/// How far the time at which a device was last heard of may be behind: noting each check would make it a write.
const LAST_SEEN: Duration = Duration::from_secs(3600);

/// A license on a device where it is active, as it stands now. One that has expired is told as expired.
///
/// # Errors
/// [`Refusal`] says why there is no answer.
pub async fn check(
    ctx: &Ctx,
    caller: &LicenseCaller,
    identity: Identity,
    releases: ReleaseFilter,
) -> Result<LicenseView, LicenseError> {
    let caller = caller.clone();
    let (view, seen) = ctx
        .store()
        .read::<_, LicenseError, _>({
            let caller = caller.clone();
            move |tx| {
                Box::pin(async move {
                    let bound = find::bound(tx, &caller, &identity, Hold::Look).await?;
                    let now = tx.now().await?;
                    let seen = unheard(&bound.device, now);
                    Ok((view_bound(tx, caller.site, bound, &releases, now).await?, seen))
                })
            }
        })
        .await?;
    if let (Some(device), true) = (view.device.as_ref().map(|device| device.id), seen) {
        let noted = ctx.write::<_, Fault, _>(caller.site, move |tx| {
            Box::pin(async move {
                let now = tx.now().await?;
                Ok(tx.devices().set_last_seen(device, now).await?)
            })
        });
        noted.await?;
    }
    Ok(view)
}

/// Whether the device was not heard of for an hour. A time that lies ahead was noted while a clock was wrong.
fn unheard(device: &Device, now: Timestamp) -> bool {
    now >= device.last_seen_at.plus(LAST_SEEN) || now < device.last_seen_at
}

/// The same for one feature of the license.
///
/// # Errors
/// [`Refusal::FeatureUnknown`] when the license does not include it, and what checking the license says.
pub async fn check_feature(
    ctx: &Ctx,
    caller: &LicenseCaller,
    identity: Identity,
    code: FeatureCode,
) -> Result<FeatureView, LicenseError> {
    let caller = caller.clone();
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let Bound { license, .. } = find::bound(tx, &caller, &identity, Hold::Look).await?;
                let at = tx.now().await?;
                let license = current(license, at);
                let feature = license.features.into_iter().find(|feature| feature.code == code);
                let feature = feature.ok_or(Refusal::FeatureUnknown)?;
                Ok(FeatureView { license: license.id, feature, at })
            })
        })
        .await
}

/// The licenses that are active on a device and that the caller may ask about, by row id.
///
/// # Errors
/// [`LicenseError::Fault`] when the store cannot be read.
pub async fn device_licenses(
    ctx: &Ctx,
    caller: &LicenseCaller,
    hardware: HardwareId,
) -> Result<Vec<LicenseView>, LicenseError> {
    let caller = caller.clone();
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let (mut views, now) = (Vec::new(), tx.now().await?);
                for device in tx.devices().list_by_hardware(caller.site, &hardware).await? {
                    for activation in tx.activations().list_on_device(device.id).await?.into_iter().take(LICENSES) {
                        let license = tx.licenses().find_by_id(caller.site, activation.license).await?;
                        let Some(license) = license.filter(|license| caller.sees(license)) else { continue };
                        let product = product_of(tx, caller.site, &license).await?;
                        if caller.may_ask_about(product.product.id).is_ok() {
                            let seen = Seen { device: Some((&device, true)), releases: None, now };
                            let mut seen = view(tx, caller.site, license, product, seen).await?;
                            seen.user = assigned(tx, caller.site, &seen.license, activation.user).await?;
                            views.push(seen);
                        }
                    }
                }
                Ok(views)
            })
        })
        .await
}

/// The product of a license.
pub(super) async fn product_of(
    tx: &mut dyn Tx,
    site: SiteId,
    license: &License,
) -> Result<LicensedProduct, StoreError> {
    let found = tx.licensed_products().find_by_id(site, license.product.id).await?;
    found.ok_or(StoreError::BrokenRow { table: "licenses", column: "product", row: license.id.0 })
}

/// A license with all that belongs to it, on the device where it is active.
pub(super) async fn view_bound(
    tx: &mut dyn Tx,
    site: SiteId,
    bound: Bound,
    releases: &ReleaseFilter,
    now: Timestamp,
) -> Result<LicenseView, LicenseError> {
    let Bound { product, license, device, activation } = bound;
    let seen = Seen { device: Some((&device, true)), releases: Some(releases), now };
    let mut view = view(tx, site, license, product, seen).await?;
    view.user = assigned(tx, site, &view.license, activation.user).await?;
    Ok(view)
}

/// On what, and when, a license is seen.
pub(super) struct Seen<'a> {
    /// The device, and whether the license is active on it.
    pub(super) device: Option<(&'a Device, bool)>,
    /// Which releases the answer may name; `None`: none.
    pub(super) releases: Option<&'a ReleaseFilter>,
    /// When.
    pub(super) now: Timestamp,
}

/// A license with all that belongs to it.
pub(super) async fn view(
    tx: &mut dyn Tx,
    site: SiteId,
    license: License,
    product: LicensedProduct,
    seen: Seen<'_>,
) -> Result<LicenseView, LicenseError> {
    let Seen { device, releases, now } = seen;
    let broken = StoreError::BrokenRow { table: "licenses", column: "customer", row: license.id.0 };
    let customer = tx.customers().find_by_id(site, license.holder.customer).await?.ok_or(broken)?;
    let release = match releases {
        Some(filter) => newest(tx, &license, filter).await?,
        None => None,
    };
    let device = device.map(|(device, active)| {
        let hardware = HardwareId::new(device.identity.id.clone());
        Ok::<_, StoreError>(ViewedDevice {
            id: device.id,
            hardware: hardware.map_err(|_| StoreError::BrokenRow {
                table: "devices",
                column: "host_id",
                row: device.id.0,
            })?,
            active,
        })
    });
    Ok(LicenseView {
        site,
        license: current(license, now),
        product,
        customer,
        device: device.transpose()?,
        user: None,
        release,
        variables: Vec::new(),
        at: now,
    })
}

/// The user for whom a license is active, with the assignment.
pub(super) async fn assigned(
    tx: &mut dyn Tx,
    site: SiteId,
    license: &License,
    user: Option<LicenseUserId>,
) -> Result<Option<AssignedUser>, StoreError> {
    let Some(id) = user else { return Ok(None) };
    let (Some(user), Some(assignment)) =
        (tx.license_users().find_by_id(site, id).await?, tx.license_users().assignment(license.id, id).await?)
    else {
        return Ok(None);
    };
    Ok(Some(AssignedUser { user, assignment }))
}

/// A license whose units, and those of its features, are as they count now.
pub(super) fn current(mut license: License, now: Timestamp) -> License {
    let anchor = license.usage.first_activated_at;
    license.usage.meter = license.meter_at(now);
    for feature in &mut license.features {
        feature.meter = feature.rules.metering.at(feature.meter, anchor, now);
    }
    license
}
