//! Giving licenses back by deactivation files.

use std::sync::Arc;

use countersign_domain::audit::Actor;
use countersign_domain::event::{CountedUnits, Event};
use countersign_domain::ids::DeviceId;
use countersign_domain::licensing::{FeatureType, License, Metering};
use countersign_domain::text::FeatureCode;
use countersign_store::Tx;

use super::super::activate::release;
use super::super::find::{self, Found, Hold};
use super::super::question::Identity;
use super::super::refusal::{LicenseError, Refusal};
use super::super::variables::check_variables;
use super::super::{LicenseCaller, bundles};
use super::uses::{ACTIVATED, DEACTIVATED, note_use, signed_before, used_before};
use super::{RequestFile, audit};
use crate::Ctx;

/// What a device without a connection gives back.
pub struct OfflineDeactivation {
    /// The license on the device.
    pub identity: Identity,
    /// Names and values of variables to keep.
    pub variables: Vec<(String, String)>,
    /// Units that were counted on the device and are not booked yet; negative to give some back.
    pub units: i64,
    /// The same for features.
    pub features: Vec<(FeatureCode, i64)>,
}

/// Takes a license off a device by its deactivation file, and books what the device has counted, as far as units are left.
///
/// # Errors
/// [`Refusal`] says why not; nothing was changed then.
pub async fn deactivate_offline(
    ctx: &Ctx,
    caller: &LicenseCaller,
    request: OfflineDeactivation,
    file: RequestFile,
) -> Result<(), LicenseError> {
    give_back(ctx, caller, request, file, Members::One).await
}

/// The same for all licenses of a bundle. Units are not booked: the file does not say whose they are.
///
/// # Errors
/// [`Refusal`] says why not; nothing was changed then.
pub async fn deactivate_bundle_offline(
    ctx: &Ctx,
    caller: &LicenseCaller,
    request: OfflineDeactivation,
    file: RequestFile,
) -> Result<(), LicenseError> {
    give_back(ctx, caller, request, file, Members::All).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Members {
    One,
    All,
}

async fn give_back(
    ctx: &Ctx,
    caller: &LicenseCaller,
    mut request: OfflineDeactivation,
    file: RequestFile,
    members: Members,
) -> Result<(), LicenseError> {
    caller.may_write()?;
    check_variables(&request.variables)?;
    if file.signature.is_some() {
        // Units are not proved then: whoever writes others into the file wins nothing by it.
        request.units = request.units.max(0);
        for (_, units) in &mut request.features {
            *units = (*units).max(0);
        }
    }
    let call = Arc::new((caller.clone(), request, file, ctx.actor()));
    ctx.write(caller.site, move |tx| {
        let call = call.clone();
        Box::pin(async move {
            let (caller, request, file, actor) = &*call;
            let (site, identity) = (caller.site, &request.identity);
            let licenses = match members {
                Members::One => vec![find::license(tx, caller, identity, Hold::Lock).await?],
                Members::All => bundles::all_members(tx, caller, identity, Hold::Lock).await?,
            };
            if used_before(tx, site, file).await?.is_some() {
                // It was done, and nothing that came after it is undone.
                return Ok(());
            }
            if signed_before(tx, site, file, &[ACTIVATED, DEACTIVATED]).await?.is_some() {
                return Err(Refusal::OfflineRequestUsed.into());
            }
            let mut released = None;
            for Found { license, .. } in licenses {
                let Some((device, activation)) = find::activation(tx, caller, &license, identity).await? else {
                    continue;
                };
                // It was made before the device got what it has now, and held back.
                if activation.asked_at.zip(file.made_at).is_some_and(|(asked_at, made_at)| made_at < asked_at) {
                    return Err(Refusal::OfflineRequestExpired.into());
                }
                if members == Members::One {
                    book(tx, caller, &license, device.id, request, actor).await?;
                }
                release(tx, caller, &license, identity, actor, &request.variables).await?;
                released = Some((license.id, device.id));
            }
            let (license, device) = released.ok_or(Refusal::DeviceNotFound)?;
            let now = tx.now().await?;
            note_use(tx, site, file, DEACTIVATED, (device, now)).await?;
            audit(tx, site, actor, "license.deactivate-offline", Some(license)).await
        })
    })
    .await
}

/// Books units that a device has counted by itself. It cannot be told that too few were left, so that much is taken as is.
async fn book(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    license: &License,
    device: DeviceId,
    request: &OfflineDeactivation,
    actor: &Actor,
) -> Result<(), LicenseError> {
    let (now, anchor) = (tx.now().await?, license.usage.first_activated_at);
    let mut booked = Vec::new();
    if license.counts_units() && request.units != 0 {
        let metering = &license.rules.metering;
        let units = within(metering, metering.at(license.usage.meter, anchor, now).total, request.units);
        let mut usage = license.usage;
        if let Ok(meter) = metering.consume(usage.meter, units, anchor, now) {
            usage.meter = meter;
            tx.licenses().set_usage(license.id, &usage).await?;
            booked.push(CountedUnits { feature: None, units, total: meter.total });
        }
    }
    for feature in license.features.iter().filter(|one| one.rules.feature_type == FeatureType::Consumption) {
        let told = request.features.iter().filter(|(code, _)| *code == feature.code);
        let units = told.fold(0_i64, |sum, (_, units)| sum.saturating_add(*units));
        let metering = &feature.rules.metering;
        let units = within(metering, metering.at(feature.meter, anchor, now).total, units);
        if units != 0
            && let Ok(meter) = metering.consume(feature.meter, units, anchor, now)
        {
            tx.licenses().set_feature(license.id, feature.id, &feature.rules, meter).await?;
            booked.push(CountedUnits { feature: Some(feature.id), units, total: meter.total });
        }
    }
    for counted in booked {
        tx.outbox().insert(caller.site, Event::UnitsCounted(license.id, device, counted), actor, now).await?;
    }
    Ok(())
}

/// Units that a device tells of, as far as they can be booked: no more than are left, and none below zero.
fn within(metering: &Metering, total: i64, units: i64) -> i64 {
    let left = metering.left(total).unwrap_or(i64::MAX);
    units.clamp(total.saturating_neg().min(0), left.max(0))
}
