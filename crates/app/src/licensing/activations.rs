//! Licenses on devices, as a producer sees them. Standalone devices activate licenses when they register; on a license
//! server the producer does.

use countersign_domain::changes::Changes;
use countersign_domain::device::{Device, DeviceIdentity};
use countersign_domain::event::{Event, Happened};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::ActivationRefusal;
use countersign_domain::text::LicenseKey;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::Page;

use super::{activate_on, record_named};
use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// A device on which a license is activated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivatedDevice {
    /// The device.
    pub device: Device,
    /// Since when.
    pub activated_at: Timestamp,
}

/// Why activations were not listed. None of these carries a license key.
#[derive(Debug, thiserror::Error)]
pub enum ListActivationsError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No such license.
    #[error("this site has no license with this key; see: countersign license list")]
    UnknownLicense,
}

/// Why a license was not activated. None of these carries a license key.
#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The rules forbid it.
    #[error(transparent)]
    Refused(ActivationRefusal),
    /// No such device.
    #[error("this site has no such device; enter it first: countersign device add ID")]
    UnknownDevice,
    /// No such license.
    #[error("this site has no license with this key; see: countersign license list")]
    UnknownLicense,
}

/// Why a license was not released. None of these carries a license key.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The license is not activated on the device.
    #[error("the license is not activated on this device; see: countersign license activations KEY")]
    NotActivated,
    /// No such device.
    #[error(
        "this site has no device of this ID, type and publisher (devices of applications: --id-type HARDWARE); see: countersign device list"
    )]
    UnknownDevice,
    /// No such license.
    #[error("this site has no license with this key; see: countersign license list")]
    UnknownLicense,
}

takes_store_errors!(ActivateError, ListActivationsError, ReleaseError);

/// The devices on which a license is activated, by row id of the device, which is what the page counts by.
///
/// # Errors
/// [`ListActivationsError::UnknownLicense`] when there is no license with this key.
pub async fn list(
    ctx: &Ctx,
    site: SiteId,
    key: LicenseKey,
    page: Page,
) -> Result<Vec<ActivatedDevice>, ListActivationsError> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let license = tx.licenses().find(site, &key).await?.ok_or(ListActivationsError::UnknownLicense)?;
                let mut devices = Vec::new();
                for activation in tx.activations().list_of_license(license.id, page).await? {
                    let device = tx.devices().find_by_id(site, activation.device).await?;
                    let device = device.ok_or(FOREIGN_DEVICE)?;
                    devices.push(ActivatedDevice { device, activated_at: activation.activated_at });
                }
                Ok(devices)
            })
        })
        .await
}

/// Activates a license on a device that the site knows, within the limit of the license. To repeat it changes nothing.
///
/// # Errors
/// [`ActivateError`] says why not.
pub async fn activate(ctx: &Ctx, site: SiteId, key: LicenseKey, identity: DeviceIdentity) -> Result<(), ActivateError> {
    let actor = ctx.actor();
    record_named(ctx, site, "license.activate", move |tx| {
        Box::pin(async move {
            let license = tx.licenses().lock(site, &key).await?.ok_or(ActivateError::UnknownLicense)?;
            let device = tx.devices().lock(site, &identity).await?.ok_or(ActivateError::UnknownDevice)?;
            let (now, mut events) = (tx.now().await?, Vec::new());
            activate_on(tx, &license, &device, now, &mut events).await?.map_err(ActivateError::Refused)?;
            for event in events {
                tx.outbox().insert_changed(site, &event, &actor, now).await?;
            }
            Ok((format!("{} on device {}", license.id, device.id), ()))
        })
    })
    .await
}

/// Takes a license off a device, which makes room for another one.
///
/// # Errors
/// [`ReleaseError`] says what is not as the caller thinks.
pub async fn release(ctx: &Ctx, site: SiteId, key: LicenseKey, identity: DeviceIdentity) -> Result<(), ReleaseError> {
    let actor = ctx.actor();
    record_named(ctx, site, "license.release", move |tx| {
        Box::pin(async move {
            let license = tx.licenses().lock(site, &key).await?.ok_or(ReleaseError::UnknownLicense)?;
            let changes = Changes::of("activations", license.activations, license.activations.saturating_sub(1));
            let license = license.id;
            let device = tx.devices().lock(site, &identity).await?.ok_or(ReleaseError::UnknownDevice)?.id;
            let now = tx.now().await?;
            if !tx.activations().delete(license, device).await? {
                return Err(ReleaseError::NotActivated);
            }
            let happened = Happened { event: Event::LicenseReleased(license, device), changes };
            tx.outbox().insert_changed(site, &happened, &actor, now).await?;
            Ok((format!("{license} on device {device}"), ()))
        })
    })
    .await
}

/// An activation leads to a device that the site of its license does not have.
const FOREIGN_DEVICE: StoreError = StoreError::BrokenRow { table: "activations", column: "device", row: 0 };
