//! How a license stands.

use std::sync::Arc;
use std::time::Duration;

use countersign_domain::device::Device;
use countersign_domain::ids::{DeviceId, LicenseUserId, SiteId};
use countersign_domain::licensing::{License, LicensedProduct, SeatPool, SeatWish, Standing};
use countersign_domain::text::{FeatureCode, HardwareId, LicenseKey};
use countersign_domain::time::Timestamp;
use countersign_store::{StoreError, Tx};

use super::LicenseCaller;
use super::find::{self, Beside, Bound, Hold, LICENSES};
use super::question::{Identity, ReleaseFilter};
use super::recall::{self, Lasting};
use super::refusal::{LicenseError, Refusal};
use super::seats::{self, Need, Seated};
use super::versions::newest;
use super::view::{AssignedUser, FeatureView, LicenseView, ViewedDevice};
use crate::{Ctx, Fault};

/// How far the time at which a device was last heard of may be behind: noting each check would make it a write.
pub(super) const LAST_SEEN: Duration = Duration::from_secs(3600);

/// A license on a device where it is active, as it stands now. One that has expired is told as expired. Where seats are
/// counted the device takes one, or keeps the one that it holds.
///
/// # Errors
/// [`Refusal`] says why there is no answer, [`LicenseError::Denied`] that no seat is free.
pub async fn check(
    ctx: &Ctx,
    caller: &LicenseCaller,
    identity: Identity,
    releases: ReleaseFilter,
) -> Result<Box<LicenseView>, LicenseError> {
    let asked = Arc::new((caller.clone(), identity, releases));
    let (view, device, unheard, need) = ctx
        .store()
        .look_up::<_, LicenseError, _>({
            let asked = asked.clone();
            move |tx| {
                Box::pin(async move {
                    let (caller, identity, releases) = &*asked;
                    let bound = find::bound(tx, caller, identity, Hold::Look).await?;
                    let (now, device) = (tx.now().await?, bound.device.id);
                    let (unheard, stamp) = (unheard(&bound.device, now), recall::stamp(&bound));
                    let mut view = view_bound(tx, caller.site, bound, (identity.name.key(), releases), now).await?;
                    let seen = (Seated::license(&view.license), view.seats.own);
                    let need = seats::need(tx, caller, &view.license, seen, device, now).await?;
                    view.lasting = stamp.filter(|_| !unheard).and_then(|stamp| Lasting::of(&view, stamp));
                    // A view is large, and passed on through many hands.
                    Ok((Box::new(view), device, unheard, need))
                })
            }
        })
        .await?;
    let site = caller.site;
    match need {
        Need::Nothing if unheard => {
            note_seen(ctx, site, device).await;
            return Ok(view);
        }
        Need::Nothing => return Ok(view),
        Need::Renew => {
            let held = vec![(Seated::license(&view.license), device)];
            if seats::renew(ctx, site, held, unheard.then_some(device)).await? {
                return Ok(view);
            }
        }
        Need::Take => {}
    }
    let taken = ctx.write(site, move |tx| {
        Box::pin(async move {
            let (caller, identity, releases) = &*asked;
            let bound = find::bound(tx, caller, identity, Hold::Lock).await?;
            // Before the seat is taken: its end is never told as later than it is.
            let now = tx.now().await?;
            if unheard {
                tx.devices().set_last_seen(bound.device.id, now).await?;
            }
            take_seat(tx, &bound).await?;
            Ok(Box::new(view_bound(tx, caller.site, bound, (identity.name.key(), releases), now).await?))
        })
    });
    seats::noted(ctx, site, taken.await).await
}

/// Gives the device a seat of a license that is locked, if that is in force and has seats.
pub(super) async fn take_seat(tx: &mut dyn Tx, bound: &Bound) -> Result<(), LicenseError> {
    let (seated, now) = (Seated::license(&bound.license), tx.now().await?);
    if seated.rules.are_counted() && bound.license.standing(now) == Standing::InForce {
        seats::take(tx, &bound.license, seated, bound.device.id, SeatWish::Use).await?;
    }
    Ok(())
}

/// Notes that a device was heard of. The answer is good without it: a failure is told to the operator, not to the device.
pub(super) async fn note_seen(ctx: &Ctx, site: SiteId, device: DeviceId) {
    let noted = ctx.write::<_, Fault, _>(site, move |tx| {
        Box::pin(async move {
            let now = tx.now().await?;
            Ok(tx.devices().set_last_seen(device, now).await?)
        })
    });
    if let Err(error) = noted.await {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, device.id = %device, "that a device was heard of was not noted");
    }
}

/// Whether the device was not heard of for an hour. A time that lies ahead was noted while a clock was wrong.
pub(super) fn unheard(device: &Device, now: Timestamp) -> bool {
    now >= device.last_seen_at.plus(LAST_SEEN) || now < device.last_seen_at
}

/// The same for one feature of the license, and for the seats of the feature.
///
/// # Errors
/// [`Refusal::FeatureUnknown`] when the license does not include it, and what checking the license says.
pub async fn check_feature(
    ctx: &Ctx,
    caller: &LicenseCaller,
    identity: Identity,
    code: FeatureCode,
) -> Result<FeatureView, LicenseError> {
    let asked = Arc::new((caller.clone(), identity, code));
    let (view, device, unheard, need) = ctx
        .store()
        .look_up::<_, LicenseError, _>({
            let asked = asked.clone();
            move |tx| {
                Box::pin(async move {
                    let (caller, identity, code) = &*asked;
                    let Bound { license, device, .. } = find::bound(tx, caller, identity, Hold::Look).await?;
                    let now = tx.now().await?;
                    let unheard = unheard(&device, now);
                    let view = feature_view(tx, license.clone(), code, device.id, now).await?;
                    let need = match view.feature.is_expired(view.at) {
                        true => Need::Nothing,
                        false => {
                            let seen = (Seated::feature(&license, &view.feature), view.seats);
                            seats::need(tx, caller, &license, seen, device.id, view.at).await?
                        }
                    };
                    Ok((view, device.id, unheard, need))
                })
            }
        })
        .await?;
    let site = caller.site;
    let pool = SeatPool { license: view.license, feature: Some(view.feature.id) };
    let seated = Seated { pool, rules: view.feature.rules.seats };
    match need {
        Need::Nothing if unheard => {
            note_seen(ctx, site, device).await;
            return Ok(view);
        }
        Need::Nothing => return Ok(view),
        Need::Renew => {
            if seats::renew(ctx, site, vec![(seated, device)], unheard.then_some(device)).await? {
                return Ok(view);
            }
        }
        Need::Take => {}
    }
    let taken = ctx.write(site, move |tx| {
        Box::pin(async move {
            let (caller, identity, code) = &*asked;
            let Bound { license, device, .. } = find::bound(tx, caller, identity, Hold::Lock).await?;
            let feature = license.features.iter().find(|feature| feature.code == *code);
            let (feature, now) = (feature.ok_or(Refusal::FeatureUnknown)?, tx.now().await?);
            let seated = Seated::feature(&license, feature);
            if unheard {
                tx.devices().set_last_seen(device.id, now).await?;
            }
            // It may have ended since it was looked at.
            let is_usable = license.standing(now) == Standing::InForce && !feature.is_expired(now);
            if seated.rules.are_counted() && is_usable {
                seats::take(tx, &license, seated, device.id, SeatWish::Use).await?;
            }
            feature_view(tx, license, code, device.id, now).await
        })
    });
    seats::noted(ctx, site, taken.await).await
}

/// A feature of a license as it is at a time, on a device.
pub(super) async fn feature_view(
    tx: &mut dyn Tx,
    license: License,
    code: &FeatureCode,
    device: DeviceId,
    at: Timestamp,
) -> Result<FeatureView, LicenseError> {
    let license = current(license, at);
    let feature = license.features.iter().find(|feature| feature.code == *code);
    let feature = feature.ok_or(Refusal::FeatureUnknown)?;
    let seats = seats::look(tx, Seated::feature(&license, feature), Some(device), at).await?;
    Ok(FeatureView { license: license.id, feature: feature.clone(), seats, at })
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
                    for activation in
                        tx.activations().list_on_device(device.id).await?.into_iter().take(LICENSES as usize)
                    {
                        let license = tx.licenses().find_by_id(caller.site, activation.license).await?;
                        let Some(license) = license.filter(|license| caller.sees(license)) else { continue };
                        let product = product_of(tx, caller.site, &license).await?;
                        if caller.may_ask_about(product.product.id).is_ok() {
                            let seen = Seen { device: Some((&device, true)), releases: None, beside: None, now };
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

/// A license with all that belongs to it, on the device where it is active, as the call named it.
pub(super) async fn view_bound(
    tx: &mut dyn Tx,
    site: SiteId,
    bound: Bound,
    (named, releases): (Option<&LicenseKey>, &ReleaseFilter),
    now: Timestamp,
) -> Result<LicenseView, LicenseError> {
    let Bound { product, license, device, activation, beside } = bound;
    let seen = Seen { device: Some((&device, true)), releases: Some(releases), beside, now };
    let mut view = view(tx, site, license, product, seen).await?;
    view.user = assigned(tx, site, &view.license, activation.user).await?;
    view.named = named.cloned();
    Ok(view)
}

/// On what, and when, a license is seen.
pub(super) struct Seen<'a> {
    /// The device, and whether the license is active on it.
    pub(super) device: Option<(&'a Device, bool)>,
    /// Which releases the answer may name; `None`: none.
    pub(super) releases: Option<&'a ReleaseFilter>,
    /// What was read with the license.
    pub(super) beside: Option<Beside>,
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
    let Seen { device, releases, beside, now } = seen;
    let has_releases = beside.as_ref().is_none_or(|beside| beside.has_releases);
    let customer = match beside {
        Some(beside) => Some(beside.customer),
        None => tx.customers().find_by_id(site, license.holder.customer).await?,
    };
    let broken = StoreError::BrokenRow { table: "licenses", column: "customer", row: license.id.0 };
    let customer = customer.ok_or(broken)?;
    let release = match releases.filter(|_| has_releases) {
        Some(filter) => newest(tx, &license, filter).await?,
        None => None,
    };
    let seats = seats::look_all(tx, &license, device.map(|(device, _)| device.id), now).await?;
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
        named: None,
        user: None,
        release,
        variables: Vec::new(),
        seats,
        good_until: None,
        lasting: None,
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
