//! All licenses of a bundle at once.

use std::sync::Arc;

use countersign_domain::ids::DeviceId;
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
    if let Some(once) = once.as_ref().filter(|_| request.by.are_for_one_use())
        && let Some(before) = once::answered(ctx, caller.site, once).await?
    {
        return Ok(Done::Before(before));
    }
    let proved = Arc::new(proved(ctx, caller, request).await?);
    once::run(ctx, caller.site, once, move |tx| {
        let proved = proved.clone();
        Box::pin(async move {
            let members = members(tx, &proved.caller, &proved.identity, Hold::Lock).await?;
            let mut members: Vec<_> = members.into_iter().enumerate().collect();
            // Seats are locked in the order of their pools, and told in the order of the products.
            members.sort_by_key(|(_, found)| found.license.id);
            let mut views = Vec::new();
            for (place, found) in members {
                views.push((place, bind(tx, &proved, found).await?));
            }
            views.sort_by_key(|(place, _)| *place);
            Ok(views.into_iter().map(|(_, view)| view).collect())
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
            for found in all_members(tx, &caller, &identity, Hold::Lock).await? {
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
                let (mut views, mut held, mut is_short, mut unheard) = (Vec::new(), Vec::new(), false, None);
                for bound in active(tx, caller, identity, Hold::Look).await? {
                    let (now, device) = (tx.now().await?, bound.device.id);
                    unheard = unheard.or(check::unheard(&bound.device, now).then_some(device));
                    let view = check::view_bound(tx, caller.site, bound, (identity.name.key(), releases), now).await?;
                    let seated = Seated::license(&view.license);
                    match seats::need(tx, caller, &view.license, (seated, view.seats.own), device, now).await? {
                        Need::Nothing => {}
                        Need::Renew => held.push((seated, device)),
                        Need::Take => is_short = true,
                    }
                    views.push(view);
                }
                held.sort_by_key(|(seated, _)| seated.pool);
                Ok((views, held, is_short, unheard))
            })
        }
    });
    let (views, held, is_short, unheard) = looked.await?;
    if !is_short {
        match unheard {
            Some(device) if held.is_empty() => check::note_seen(ctx, caller.site, device).await,
            _ if held.is_empty() => {}
            _ if seats::renew(ctx, caller.site, held, unheard).await? => {}
            _ => return take_bundle(ctx, asked, unheard).await,
        }
        return Ok(views);
    }
    take_bundle(ctx, asked, unheard).await
}

/// Gives the device a seat of each license of a bundle that has some, or none.
async fn take_bundle(
    ctx: &Ctx,
    asked: Arc<(LicenseCaller, Identity, ReleaseFilter)>,
    unheard: Option<DeviceId>,
) -> Result<Vec<LicenseView>, LicenseError> {
    let caller = asked.0.clone();
    let taken = ctx.write(caller.site, move |tx| {
        Box::pin(async move {
            let (caller, identity, releases) = &*asked;
            let bounds = active(tx, caller, identity, Hold::Lock).await?;
            let mut in_order: Vec<_> = bounds.iter().collect();
            in_order.sort_by_key(|bound| bound.license.id);
            // Before the seats are taken: their ends are never told as later than they are.
            let (mut views, now) = (Vec::new(), tx.now().await?);
            for bound in in_order {
                check::take_seat(tx, bound).await?;
            }
            if let Some(device) = unheard {
                tx.devices().set_last_seen(device, now).await?;
            }
            for bound in bounds {
                views.push(check::view_bound(tx, caller.site, bound, (identity.name.key(), releases), now).await?);
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

/// Those licenses of a bundle that can be used; see [`all_members`].
///
/// # Errors
/// [`Refusal::LicenseNotEnabled`] when none can, and what finding them says.
pub(super) async fn members(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    identity: &Identity,
    hold: Hold,
) -> Result<Vec<Found>, LicenseError> {
    let mut found = all_members(tx, caller, identity, hold).await?;
    found.retain(|found| hold == Hold::Look || found.license.terms.status == LicenseStatus::Enabled);
    if found.is_empty() { Err(Refusal::LicenseNotEnabled.into()) } else { Ok(found) }
}

/// The licenses of a bundle that an identity names, in the order of its products. They are locked in the order of their keys.
/// A device gives back also those that were disabled.
///
/// # Errors
/// [`Refusal::LicenseNotFound`] when there are none, and what finding them says.
pub(super) async fn all_members(
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
            Ok(license) => found.push(Found { product, license, beside: None }),
            Err(LicenseError::Refused(Refusal::LicenseNotFound)) => {}
            Err(error) => return Err(error),
        }
    }
    if found.is_empty() {
        return Err(Refusal::LicenseNotFound.into());
    }
    if hold == Hold::Lock {
        let mut in_order: Vec<_> = found.iter_mut().collect();
        in_order.sort_by(|one, other| one.license.key.cmp(&other.license.key));
        for found in in_order {
            let locked = tx.licenses().lock_by_id(caller.site, found.license.id).await?;
            found.license = locked.ok_or(StoreError::OutcomeUnknown)?;
        }
    }
    Ok(found)
}

async fn bundle(tx: &mut dyn Tx, caller: &LicenseCaller, code: &ProductCode) -> Result<Bundle, LicenseError> {
    Ok(tx.bundles().find(caller.site, code).await?.ok_or(Refusal::UnknownProduct)?)
}
