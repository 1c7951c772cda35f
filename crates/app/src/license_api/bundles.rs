//! All licenses of a bundle at once.

use std::sync::Arc;

use countersign_domain::licensing::{Bundle, LicenseStatus};
use countersign_domain::text::ProductCode;
use countersign_store::{StoreError, Tx};

use super::activate::{bind, proved, release};
use super::find::{self, Bound, Found, Hold};
use super::once::{self, Done, Once};
use super::question::{Activate, Identity, ReleaseFilter};
use super::refusal::{LicenseError, Refusal};
use super::seats::{self, Need, Seated};
use super::view::LicenseView;
use super::{LicenseCaller, check};
use crate::Ctx;

/// Activates all licenses of a bundle on a device, or none.
///
/// # Errors
/// [`Refusal`] says why not; nothing was changed then.
pub async fn activate_bundle(
    ctx: &Ctx,
    caller: &LicenseCaller,
    request: Activate,
    once: Option<Once<Vec<LicenseView>>>,
) -> Result<Done<Vec<LicenseView>>, LicenseError> {
    let proved = Arc::new(proved(ctx, caller, request).await?);
    once::run(ctx, caller.site, once, move |tx| {
        let proved = proved.clone();
        Box::pin(async move {
            let mut views = Vec::new();
            for found in members(tx, &proved.caller, &proved.identity, Hold::Lock).await? {
                views.push(bind(tx, &proved, found).await?);
            }
            Ok(views)
        })
    })
    .await
}

/// Takes all licenses of a bundle off a device.
///
/// # Errors
/// [`Refusal::DeviceNotFound`] when none of them is active there, and what else finding them says.
pub async fn deactivate_bundle(ctx: &Ctx, caller: &LicenseCaller, identity: Identity) -> Result<(), LicenseError> {
    caller.may_write()?;
    let (site, caller, actor) = (caller.site, caller.clone(), ctx.actor());
    ctx.write(site, move |tx| {
        Box::pin(async move {
            let mut released = Err(Refusal::DeviceNotFound.into());
            for found in members(tx, &caller, &identity, Hold::Lock).await? {
                match release(tx, &caller, &found.license, &identity, &actor, &[]).await {
                    Ok(()) => released = Ok(()),
                    // One of them may have been released alone.
                    Err(LicenseError::Refused(Refusal::DeviceNotFound)) => {}
                    Err(error) => return Err(error),
                }
            }
            released
        })
    })
    .await
}

/// All licenses of a bundle that are active on a device, in the order of the bundle's products. Where seats are counted the
/// device gets one of each, or none.
///
/// # Errors
/// [`Refusal`] says why there is no answer, [`LicenseError::Denied`] that no seat is free.
pub async fn check_bundle(
    ctx: &Ctx,
    caller: &LicenseCaller,
    identity: Identity,
    releases: ReleaseFilter,
) -> Result<Vec<LicenseView>, LicenseError> {
    let asked = Arc::new((caller.clone(), identity, releases));
    let looked = ctx.store().read::<_, LicenseError, _>({
        let asked = asked.clone();
        move |tx| {
            Box::pin(async move {
                let (caller, identity, releases) = &*asked;
                let (mut views, mut needs) = (Vec::new(), Vec::new());
                for bound in active(tx, caller, identity, Hold::Look).await? {
                    let (now, device) = (tx.now().await?, bound.device.id);
                    let view = check::view_bound(tx, caller.site, bound, releases, now).await?;
                    let seen = (Seated::license(&view.license), view.seats.own);
                    needs.push(seats::need(tx, caller, &view.license, seen, device, now).await?);
                    views.push(view);
                }
                Ok((views, needs))
            })
        }
    });
    let (views, needs) = looked.await?;
    if needs.iter().all(|need| matches!(need, Need::Nothing)) {
        return Ok(views);
    }
    let taken = ctx.write(caller.site, move |tx| {
        Box::pin(async move {
            let (caller, identity, releases) = &*asked;
            let mut views = Vec::new();
            for bound in active(tx, caller, identity, Hold::Lock).await? {
                views.push(check::seat_and_view(tx, caller.site, bound, releases).await?);
            }
            Ok(views)
        })
    });
    seats::noted(ctx, caller.site, taken.await).await
}

/// Those licenses of a bundle that are active on a device.
async fn active(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    identity: &Identity,
    hold: Hold,
) -> Result<Vec<Bound>, LicenseError> {
    let (mut found, mut absent) = (Vec::new(), Refusal::LicenseNotFound);
    for member in members(tx, caller, identity, hold).await? {
        match find::on_device(tx, caller, member, identity).await {
            Ok(bound) => found.push(bound),
            Err(LicenseError::Refused(
                refusal @ (Refusal::DeviceNotFound | Refusal::LicenseNotActive | Refusal::LicenseNotEnabled),
            )) => absent = refusal,
            Err(error) => return Err(error),
        }
    }
    if found.is_empty() { Err(absent.into()) } else { Ok(found) }
}

/// The licenses of a bundle that an identity names: those that can be used. They are locked in the order of their keys.
pub(super) async fn members(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    identity: &Identity,
    hold: Hold,
) -> Result<Vec<Found>, LicenseError> {
    let Bundle { products, .. } = bundle(tx, caller, &identity.product).await?;
    let mut found = Vec::new();
    for product in products {
        caller.may_ask_about(product.product.id)?;
        find::usable(&product)?;
        let identity = Identity { license: None, ..identity.clone() };
        match find::named(tx, caller, &product, &identity, Hold::Look).await {
            Ok(license) => found.push(Found { product, license }),
            Err(LicenseError::Refused(Refusal::LicenseNotFound)) => {}
            Err(error) => return Err(error),
        }
    }
    if found.is_empty() {
        return Err(Refusal::LicenseNotFound.into());
    }
    if hold == Hold::Lock {
        found.sort_by(|one, other| one.license.key.cmp(&other.license.key));
        for found in &mut found {
            let locked = tx.licenses().lock_by_id(caller.site, found.license.id).await?;
            found.license = locked.ok_or(StoreError::OutcomeUnknown)?;
        }
    }
    found.retain(|found| hold == Hold::Look || found.license.terms.status == LicenseStatus::Enabled);
    if found.is_empty() { Err(Refusal::LicenseNotEnabled.into()) } else { Ok(found) }
}

async fn bundle(tx: &mut dyn Tx, caller: &LicenseCaller, code: &ProductCode) -> Result<Bundle, LicenseError> {
    Ok(tx.bundles().find(caller.site, code).await?.ok_or(Refusal::UnknownProduct)?)
}
