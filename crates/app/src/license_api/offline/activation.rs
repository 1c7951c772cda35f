//! Activating by request files.

use std::sync::Arc;

use countersign_crypto::sha256;
use countersign_domain::device::Device;
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::{Activation, License, OfflineWay};
use countersign_domain::text::HardwareId;
use countersign_domain::time::Timestamp;
use countersign_store::Tx;
use countersign_store::repositories::OfflineRequest;

use super::super::activate::{Proved, bind, proved, wanted};
use super::super::find::{self, Found, Hold};
use super::super::question::Activate;
use super::super::refusal::{LicenseError, Refusal};
use super::super::view::LicenseView;
use super::super::{LicenseCaller, bundles, check};
use super::uses::{ACTIVATED, DEACTIVATED, has_room, note_signature, note_use, signed_before, used_before};
use super::{AnswerSignature, RequestFile, audit};
use crate::Ctx;

/// Activates a license on a device by its request file. The second value is when that was done: before, if the same file was
/// used before.
///
/// # Errors
/// [`Refusal`] says why not; nothing was changed then.
pub async fn activate_offline(
    ctx: &Ctx,
    caller: &LicenseCaller,
    request: Activate,
    file: RequestFile,
    answer: AnswerSignature,
) -> Result<(LicenseView, Timestamp), LicenseError> {
    let proved = Proved { offline: true, asked_at: file.made_at, ..proved(ctx, caller, request).await? };
    let call = Arc::new((proved, file, answer));
    ctx.write(caller.site, move |tx| {
        let call = call.clone();
        Box::pin(async move {
            let (proved, file, answer) = &*call;
            let found = wanted(tx, proved).await?;
            let (mut views, done_at) = activate_all(tx, proved, file, answer, vec![found]).await?;
            // Of one license there is one view.
            Ok((views.pop().ok_or(Refusal::LicenseNotFound)?, done_at))
        })
    })
    .await
}

/// The same for all licenses of a bundle. Their views name the bundle as their product, because that is what a client files
/// them under.
///
/// # Errors
/// [`Refusal`] says why not; nothing was changed then.
pub async fn activate_bundle_offline(
    ctx: &Ctx,
    caller: &LicenseCaller,
    request: Activate,
    file: RequestFile,
    answer: AnswerSignature,
) -> Result<(Vec<LicenseView>, Timestamp), LicenseError> {
    let proved = Proved { offline: true, asked_at: file.made_at, ..proved(ctx, caller, request).await? };
    let call = Arc::new((proved, file, answer));
    ctx.write(caller.site, move |tx| {
        let call = call.clone();
        Box::pin(async move {
            let (proved, file, answer) = &*call;
            let members = bundles::members(tx, &proved.caller, &proved.identity, Hold::Lock).await?;
            let (mut views, done_at) = activate_all(tx, proved, file, answer, members).await?;
            for view in &mut views {
                view.product.code = proved.product.clone();
            }
            Ok((views, done_at))
        })
    })
    .await
}

/// Activates licenses that are locked, or finds that the file did so before.
async fn activate_all(
    tx: &mut dyn Tx,
    proved: &Proved,
    file: &RequestFile,
    answer: &AnswerSignature,
    licenses: Vec<Found>,
) -> Result<(Vec<LicenseView>, Timestamp), LicenseError> {
    let site = proved.caller.site;
    let before = used_before(tx, site, file).await?;
    let alike = signed_before(tx, site, file, &[ACTIVATED, DEACTIVATED]).await?;
    let mut views: Vec<LicenseView> = Vec::new();
    for found in licenses {
        let rules = &found.license.rules;
        if !rules.may_go_offline(OfflineWay::File) {
            return Err(Refusal::OfflineNotAllowed.into());
        }
        if let Some(before) = &before {
            views.push(again(tx, proved, found, before).await?);
            continue;
        }
        if let Some(alike) = &alike {
            still_active(tx, site, &found.license, alike, &proved.identity.hardware).await?;
        }
        let (now, limited) = (tx.now().await?, rules.offline_days.is_some());
        if limited && file.made_at.and_then(|made_at| rules.file_end(made_at)).is_none_or(|end| now > end) {
            return Err(Refusal::OfflineRequestExpired.into());
        }
        views.push(bind(tx, proved, found).await?);
    }
    let now = tx.now().await?;
    let done_at = match (before, views.first().and_then(|view| Some((view.license.id, view.device.as_ref()?.id)))) {
        (Some(before), _) => before.done_at,
        (None, Some((license, device))) => {
            has_room(tx, license, device).await?;
            note_use(tx, site, file, ACTIVATED, (device, now)).await?;
            note_signature(tx, site, ACTIVATED, sha256(&answer(now)), (device, now)).await?;
            now
        }
        (None, None) => now,
    };
    for view in &mut views {
        view.good_until = view.license.rules.file_end(done_at);
    }
    let first = views.first().map(|view| view.license.id);
    audit(tx, site, &proved.actor, "license.activate-offline", first).await?;
    Ok((views, done_at))
}

/// What the same file activated before, as it stands now. Nothing is written: newer things may be known of the device by now.
async fn again(
    tx: &mut dyn Tx,
    proved: &Proved,
    found: Found,
    before: &OfflineRequest,
) -> Result<LicenseView, LicenseError> {
    let site = proved.caller.site;
    let bound = still_active(tx, site, &found.license, before, &proved.identity.hardware).await?;
    let bound = find::usable_on(found, Some(bound))?;
    let (now, license, device) = (tx.now().await?, bound.license.id, bound.device.id);
    let mut view = check::view_bound(tx, site, bound, (proved.identity.name.key(), &proved.releases), now).await?;
    if !proved.variables.is_empty() {
        view.variables = tx.device_details().variables(license, device).await?;
    }
    Ok(view)
}

/// A file is used again only while what it was used for lasts.
async fn still_active(
    tx: &mut dyn Tx,
    site: SiteId,
    license: &License,
    before: &OfflineRequest,
    hardware: &HardwareId,
) -> Result<(Device, Activation), LicenseError> {
    let bound = tx.activations().find_by_hardware(site, license.id, hardware).await?;
    let lasts = |(device, activation): &(Device, Activation)| {
        device.id == before.device && activation.activated_at <= before.done_at
    };
    Ok(bound.filter(lasts).ok_or(Refusal::OfflineRequestUsed)?)
}
