//! Licenses behind an air gap, which only texts cross that people type (`docs/protocol/license.md`, "Codes").
//!
//! Somebody is given an initialization code, the private half of a one-time key; the device signs hardware and license with
//! it; the site's key signs the confirmation. The server keeps the public half alone, for a day, and takes each once.

use std::sync::Arc;
use std::time::Duration;

use countersign_crypto::encoding::{base64_decode, base64_encode};
use countersign_crypto::random::random_array;
use countersign_crypto::{P256PublicKey, PrivateKeyError, Secret};
use countersign_domain::ids::{DeviceId, LicenseId, PolicyId, SiteId};
use countersign_domain::licensing::{
    AuthorizationMethod, DeviceFacts, License, LicenseStatus, Meter, OfflineWay, Policy,
};
use countersign_domain::text::{HardwareId, LicenseKey, ProductCode};
use countersign_store::Tx;

use super::activate::{Proved, bind, release};
use super::check::Seen;
use super::find::{self, Found};
use super::offline::audit;
use super::question::{Identity, LicenseName, ReleaseFilter};
use super::refusal::{LicenseError, Refusal};
use super::seats::LicenseSeats;
use super::view::LicenseView;
use super::{LicenseCaller, check};
use crate::keys::air_gap_key;
use crate::{Ctx, Fault};

/// How long an initialization code can be used.
const CODE_LIFE: Duration = Duration::from_secs(24 * 3600);
/// Most codes of one license that wait to be used: each is tried when one comes back.
const CODES: usize = 10;
/// Draws of a private number: about one in 2^32 is not below the order of the curve.
const DRAWS: usize = 8;

/// What a device behind an air gap is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The confirmation code: base64 of the site's signature over hardware ID, license key and policy ID.
    pub code: String,
    /// The policy whose file the device takes.
    pub policy: PolicyId,
}

/// Begins an activation or a deactivation of a license: gives an initialization code, which works once, within a day.
///
/// # Errors
/// [`Refusal`] says why the license is not for this.
pub async fn start_air_gap(ctx: &Ctx, site: SiteId, key: LicenseKey) -> Result<Secret<String>, LicenseError> {
    let drawn = (0..DRAWS).find_map(|_| {
        let scalar = Secret::new(random_array::<32>(ctx.rng()));
        P256PublicKey::of_scalar(scalar.expose()).ok().map(|public| (scalar, public))
    });
    let (scalar, public) = drawn.ok_or_else(|| unusable(PrivateKeyError::Rejected))?;
    let actor = ctx.actor();
    ctx.write::<_, LicenseError, _>(site, move |tx| {
        Box::pin(async move {
            let found = find(tx, site, &key, Lock::Yes).await?;
            // What is active somewhere can be given back, whatever was laid down since.
            if found.license.activations == 0 {
                may_be_used(&found)?;
            }
            let (license, now) = (found.license.id, tx.now().await?);
            tx.air_gap_codes().delete_before(license, now.minus(CODE_LIFE)).await?;
            let waiting = tx.air_gap_codes().list(license, now.minus(CODE_LIFE)).await?;
            if let Some(oldest) = waiting.first().filter(|_| waiting.len() >= CODES) {
                tx.air_gap_codes().delete(license, oldest.id).await?;
            }
            tx.air_gap_codes().insert(license, public.coordinates(), now).await?;
            audit(tx, site, &actor, "license.start-air-gap", Some(license)).await
        })
    })
    .await?;
    Ok(Secret::new(base64_encode(scalar.expose())))
}

/// Activates a license on the device that has made an activation code.
///
/// # Errors
/// [`Refusal`] says why not; nothing was changed then, and the initialization code still works.
pub async fn activate_air_gap(
    ctx: &Ctx,
    site: SiteId,
    key: LicenseKey,
    hardware: HardwareId,
    code: &str,
) -> Result<Confirmation, LicenseError> {
    let signer = air_gap_key(ctx, site).await.map_err(unusable)?;
    let answered = answered(ctx, site, &key, &hardware, code).await?;
    let said = format!("{hardware}{}", key.as_str());
    let (actor, call) = (ctx.actor(), Arc::new((key, hardware)));
    let policy = ctx
        .write::<_, LicenseError, _>(site, move |tx| {
            Box::pin(async move {
                let (key, hardware) = &*call;
                let found = find(tx, site, key, Lock::Yes).await?;
                let policy = may_be_used(&found)?;
                let license = found.license.id;
                take(tx, license, answered).await?;
                let product = found.product.code.clone();
                let identity = named(&product, key, hardware);
                let proved = Proved {
                    caller: LicenseCaller::producer(site),
                    actor: actor.clone(),
                    product,
                    bundle: None,
                    identity,
                    user: None,
                    facts: DeviceFacts::default(),
                    variables: Vec::new(),
                    releases: ReleaseFilter::default(),
                    offline: true,
                    asked_at: None,
                };
                bind(tx, &proved, found).await?;
                audit(tx, site, &actor, "license.activate-air-gap", Some(license)).await?;
                Ok(policy)
            })
        })
        .await?;
    // A signature takes some 0.03 ms.
    let signature = signer.sign(format!("{said}{policy}").as_bytes());
    let signature = signature.map_err(unusable)?;
    Ok(Confirmation { code: base64_encode(&signature), policy })
}

/// Takes a license off a device that has made a deactivation code.
///
/// # Errors
/// [`Refusal`] says why not; nothing was changed then, and the initialization code still works.
pub async fn deactivate_air_gap(
    ctx: &Ctx,
    site: SiteId,
    key: LicenseKey,
    hardware: HardwareId,
    code: &str,
) -> Result<(), LicenseError> {
    let answered = answered(ctx, site, &key, &hardware, code).await?;
    let actor = ctx.actor();
    ctx.write(site, move |tx| {
        Box::pin(async move {
            let Found { product, license, .. } = find(tx, site, &key, Lock::Yes).await?;
            take(tx, license.id, answered).await?;
            let identity = named(&product.code, &key, &hardware);
            release(tx, &LicenseCaller::producer(site), &license, &identity, &actor, &[]).await?;
            audit(tx, site, &actor, "license.deactivate-air-gap", Some(license.id)).await
        })
    })
    .await
}

/// A license as its policy file tells of it: as if it were activated now, unless it was before. The file goes to everybody
/// who has the software, so what was noted on this license is not in it: what is laid down for all of its policy is.
///
/// # Errors
/// [`Refusal`] says why there is no file.
pub async fn air_gap_license(
    ctx: &Ctx,
    site: SiteId,
    key: LicenseKey,
) -> Result<(LicenseView, PolicyId), LicenseError> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let found = find(tx, site, &key, Lock::No).await?;
                let policy = may_be_used(&found)?;
                let Found { product, mut license, .. } = found;
                let now = tx.now().await?;
                if license.usage.first_activated_at.is_none() {
                    license.note_activation(DeviceId(0), now);
                }
                let policies = tx.policies().list(product.product.id).await?;
                forget(&mut license, policies.into_iter().find(|found| found.id == policy));
                let seen = Seen { device: None, releases: None, beside: None, now };
                let mut view = check::view(tx, site, license, product, seen).await?;
                view.seats = LicenseSeats::default();
                view.good_until = view.license.rules.file_end(now);
                Ok((view, policy))
            })
        })
        .await
}

/// Takes out of a license what is its own: what was counted, and what was written beside it.
fn forget(license: &mut License, policy: Option<Policy>) {
    let laid_down = policy.map(|policy| policy.rules).unwrap_or_default();
    license.rules.metadata = laid_down.metadata;
    license.rules.custom_fields = laid_down.custom_fields;
    license.usage.transfers = 0;
    license.usage.meter = Meter::default();
    for feature in &mut license.features {
        feature.meter = Meter::default();
    }
}

/// A license on a device, by its key.
fn named(product: &ProductCode, key: &LicenseKey, hardware: &HardwareId) -> Identity {
    let (product, hardware, name) = (product.clone(), hardware.clone(), LicenseName::Key(key.clone()));
    Identity { product, bundle: None, hardware, name, license: None }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lock {
    No,
    Yes,
}

/// A license by its key.
async fn find(tx: &mut dyn Tx, site: SiteId, key: &LicenseKey, lock: Lock) -> Result<Found, LicenseError> {
    let license = match lock {
        Lock::No => tx.licenses().find(site, key).await?,
        Lock::Yes => tx.licenses().lock(site, key).await?,
    };
    let license = license.ok_or(Refusal::LicenseNotFound)?;
    let product = check::product_of(tx, site, &license).await?;
    find::usable(&product)?;
    Ok(Found { product, license, beside: None })
}

/// The policy of a license that can go behind an air gap.
fn may_be_used(Found { product, license, .. }: &Found) -> Result<PolicyId, Refusal> {
    if license.terms.status == LicenseStatus::Disabled {
        return Err(Refusal::LicenseNotEnabled);
    }
    let by_key = product.rules.authorization == AuthorizationMethod::LicenseKey;
    if !by_key || !license.rules.may_go_offline(OfflineWay::Codes) {
        return Err(Refusal::OfflineNotAllowed);
    }
    license.rules.policy.ok_or(Refusal::AirGapPolicy)
}

/// Which waiting initialization code of a license a device has answered with its code.
async fn answered(
    ctx: &Ctx,
    site: SiteId,
    key: &LicenseKey,
    hardware: &HardwareId,
    code: &str,
) -> Result<i64, LicenseError> {
    let signature = base64_decode(code.trim()).map_err(|_| Refusal::AirGapCode)?;
    let message = format!("{hardware}{}", key.as_str());
    let key = key.clone();
    let waiting = ctx
        .store()
        .read::<_, LicenseError, _>(move |tx| {
            Box::pin(async move {
                let license = find(tx, site, &key, Lock::No).await?.license.id;
                let since = tx.now().await?.minus(CODE_LIFE);
                Ok(tx.air_gap_codes().list(license, since).await?)
            })
        })
        .await?;
    let fits =
        |public_key| P256PublicKey::from_coordinates(public_key).verify_sha1(message.as_bytes(), &signature).is_ok();
    let found = waiting.into_iter().find(|waiting| fits(waiting.public_key));
    Ok(found.ok_or(Refusal::AirGapCode)?.id)
}

/// Uses up a waiting code: of two who answer it, one is told that it does not fit any more.
async fn take(tx: &mut dyn Tx, license: LicenseId, code: i64) -> Result<(), LicenseError> {
    let taken = tx.air_gap_codes().delete(license, code).await?;
    if taken { Ok(()) } else { Err(Refusal::AirGapCode.into()) }
}

fn unusable(source: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::Key { what: "air gap key".to_owned(), source: Box::new(source) }
}
