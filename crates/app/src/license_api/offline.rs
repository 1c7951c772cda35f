//! Licenses on devices that have no connection: a person carries a request file here, and a file in response back.
//!
//! A request file is used once. Whoever brings the same file again gets the same answer for as long as what it was used for
//! is still so; a file from before a deactivation never activates again. Files of the first form do not prove which request
//! they are, so their signatures are used once, too, and those of the answers, which are alike.

use std::sync::Arc;

use countersign_crypto::encoding::hex_encode;
use countersign_crypto::sha256;
use countersign_domain::audit::{Action, Actor, Channel};
use countersign_domain::device::Device;
use countersign_domain::event::{CountedUnits, Event};
use countersign_domain::ids::{DeviceId, LicenseId, SiteId};
use countersign_domain::licensing::{Activation, FeatureType, License, Metering, OfflineWay};
use countersign_domain::text::{FeatureCode, HardwareId, LicenseKey};
use countersign_domain::time::Timestamp;
use countersign_store::repositories::OfflineRequest;
use countersign_store::{StoreError, Tx};

use super::activate::{Proved, bind, proved, release, wanted};
use super::find::{self, Bound, Found, Hold};
use super::question::{Activate, Identity, ReleaseFilter};
use super::refusal::{LicenseError, Refusal};
use super::view::LicenseView;
use super::{LicenseCaller, bundles, check};
use crate::Ctx;

/// Most rows that are remembered of one activation, up to three for each file. More are brought by programs that went wrong.
const ROWS: u64 = 3000;
/// Stand before digests of signatures in the place of IDs. No file has an ID with a line end.
const ACTIVATED: &str = "\nactivation ";
const DEACTIVATED: &str = "\ndeactivation ";

/// A request file whose proof holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFile {
    /// What the device calls it.
    pub id: String,
    /// Digest of what it says.
    pub digest: [u8; 32],
    /// When the device made it; `None`: it says so in a form that nobody can read.
    pub made_at: Option<Timestamp>,
    /// Digest of the signature, where that is over names and date alone: whoever sees it can write other files around it.
    /// `None`: all is proved that the file says.
    pub signature: Option<[u8; 32]>,
}

/// Makes the signature over names and date that an answer carries, of the time at which a file was used.
pub type AnswerSignature = Arc<dyn Fn(Timestamp) -> [u8; 32] + Send + Sync>;

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
    let proved = Proved { offline: true, ..proved(ctx, caller, request).await? };
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
    let proved = Proved { offline: true, ..proved(ctx, caller, request).await? };
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
    let mut view = check::view_bound(tx, site, bound, &proved.releases, now).await?;
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
    super::variables::check_variables(&request.variables)?;
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
                Members::All => bundles::members(tx, caller, identity, Hold::Lock).await?,
            };
            if used_before(tx, site, file).await?.is_some() {
                // It was done, and nothing that came after it is undone.
                return Ok(());
            }
            if signed_before(tx, site, file, &[DEACTIVATED]).await?.is_some() {
                return Err(Refusal::OfflineRequestUsed.into());
            }
            let mut released = None;
            for Found { license, .. } in licenses {
                let Some((device, _)) = find::activation(tx, caller, &license, identity).await? else { continue };
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
            let Bound { product, license, device, activation } = find::usable_on(Found { product, license }, bound)?;
            let (now, id) = (tx.now().await?, device.id);
            let bound = Bound { product, license, device, activation };
            let mut view = check::view_bound(tx, site, bound, &ReleaseFilter::default(), now).await?;
            view.good_until = view.license.rules.file_end(now);
            let facts = tx.device_details().facts(id).await?;
            audit(tx, site, &actor, "license.refresh-offline", Some(view.license.id)).await?;
            Ok((view, now, facts.map(|(facts, _)| facts.sdk_version).unwrap_or_default()))
        })
    })
    .await
}

/// The use of a file before, if it says the same. Two files of one ID are refused.
async fn used_before(
    tx: &mut dyn Tx,
    site: SiteId,
    file: &RequestFile,
) -> Result<Option<OfflineRequest>, LicenseError> {
    match tx.offline_requests().find(site, &file.id).await? {
        Some(before) if before.digest != file.digest => Err(Refusal::OfflineRequestUsed.into()),
        before => Ok(before),
    }
}

/// The use before of a signature that does not prove which file it belongs to.
async fn signed_before(
    tx: &mut dyn Tx,
    site: SiteId,
    file: &RequestFile,
    uses: &[&str],
) -> Result<Option<OfflineRequest>, StoreError> {
    let Some(signature) = file.signature else { return Ok(None) };
    for used in uses {
        let found = tx.offline_requests().find(site, &signature_id(used, signature)).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Files that deactivate are not refused for their number: that would leave the license where it is.
async fn has_room(tx: &mut dyn Tx, license: LicenseId, device: DeviceId) -> Result<(), LicenseError> {
    let Some(activation) = tx.activations().find(license, device).await? else { return Ok(()) };
    let rows = tx.offline_requests().count_since(device, activation.activated_at).await?;
    if rows < ROWS { Ok(()) } else { Err(Refusal::TooManyFiles.into()) }
}

async fn note_use(
    tx: &mut dyn Tx,
    site: SiteId,
    file: &RequestFile,
    used: &str,
    (device, done_at): (DeviceId, Timestamp),
) -> Result<(), LicenseError> {
    let row = OfflineRequest { id: file.id.clone(), digest: file.digest, device, done_at };
    if !tx.offline_requests().insert(site, &row).await? {
        // The same ID for another license at the same time.
        return Err(Refusal::OfflineRequestUsed.into());
    }
    match file.signature {
        Some(signature) => Ok(note_signature(tx, site, used, signature, (device, done_at)).await?),
        None => Ok(()),
    }
}

/// Remembers a signature. Where it is known already, its first use stays: an answer may be of the second of its file.
async fn note_signature(
    tx: &mut dyn Tx,
    site: SiteId,
    used: &str,
    signature: [u8; 32],
    (device, done_at): (DeviceId, Timestamp),
) -> Result<(), StoreError> {
    let row = OfflineRequest { id: signature_id(used, signature), digest: signature, device, done_at };
    tx.offline_requests().insert(site, &row).await?;
    Ok(())
}

fn signature_id(used: &str, signature: [u8; 32]) -> String {
    format!("{used}{}", hex_encode(&signature))
}

/// What an administrator does for a device stands in the audit trail; devices have histories of their own.
pub(super) async fn audit(
    tx: &mut dyn Tx,
    site: SiteId,
    actor: &Actor,
    verb: &'static str,
    license: Option<LicenseId>,
) -> Result<(), LicenseError> {
    if actor.channel == Channel::LicenseDoor {
        return Ok(());
    }
    let subject = license.map_or_else(String::new, |license| license.to_string());
    let now = tx.now().await?;
    Ok(tx.audit_trail().insert(site, actor, &Action::new(verb, subject), now).await?)
}
