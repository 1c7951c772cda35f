//! Taking devices out of use, and giving them to customers.
//!
//! Licenses are locked before the device, as everywhere: an activation that is removed is counted off its license.

use countersign_domain::audit::Action;
use countersign_domain::changes::Changes;
use countersign_domain::device::{Device, DeviceIdentity, DeviceStatus};
use countersign_domain::event::{Event, Happened};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::Customer;
use countersign_domain::text::CustomerName;
use countersign_store::Tx;

use crate::fault::takes_store_errors;
use crate::licensing::activated_license;
use crate::{Ctx, Fault};

/// Why a device was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeDeviceError {
    /// The device has that status already.
    #[error("the device is {} already", .0.as_str())]
    Already(DeviceStatus),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// What is activated on the device belongs to another account.
    #[error(
        "a license of another account is activated on the device; release it first: countersign license release KEY DEVICE"
    )]
    OtherAccount,
    /// The device has activated a license at this very moment.
    #[error("the device has activated a license at this moment; try again")]
    Registering,
    /// No such customer.
    #[error("this site has no customer {0:?}; create it first: countersign customer create {0:?}")]
    UnknownCustomer(String),
    /// No such device.
    #[error(
        "this site has no device of this ID, type and publisher (devices of applications: --id-type HARDWARE); see: countersign device list"
    )]
    UnknownDevice,
}

takes_store_errors!(ChangeDeviceError);

/// A device that was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returned {
    /// How many licenses were released.
    pub released: usize,
}

/// Takes a device back: all licenses on it are released, and it belongs to nobody. It may register again, like a new one.
/// This also is the way back for a device that was retired.
///
/// # Errors
/// [`ChangeDeviceError`] says why it stays as it is.
pub async fn give_back(ctx: &Ctx, site: SiteId, identity: DeviceIdentity) -> Result<Returned, ChangeDeviceError> {
    let actor = ctx.actor();
    ctx.record(site, Action::new("device.return", &identity.id), move |tx| {
        Box::pin(async move {
            let found = tx.devices().find(site, &identity).await?.ok_or(ChangeDeviceError::UnknownDevice)?;
            let mut licenses = Vec::new();
            for activation in tx.activations().list_on_device(found.id).await? {
                let license = activated_license(tx, site, activation.license).await?;
                licenses.push((license.key, license.id));
            }
            // To remove an activation locks its license: in the order of keys, as everybody does.
            licenses.sort_unstable();
            for (_, license) in &licenses {
                tx.activations().delete(*license, found.id).await?;
            }
            let device = lock_other_than(tx, site, &identity, DeviceStatus::Returned).await?;
            if !tx.activations().list_on_device(device.id).await?.is_empty() {
                return Err(ChangeDeviceError::Registering);
            }
            let now = tx.now().await?;
            for (_, license) in &licenses {
                // The license is locked since the activation was removed, and counts without it.
                let left = activated_license(tx, site, *license).await?.activations;
                let event = Event::LicenseReleased(*license, device.id);
                let changes = Changes::of("activations", left.saturating_add(1), left);
                tx.outbox().insert_changed(site, &Happened { event, changes }, &actor, now).await?;
            }
            let mut changes = Changes::of("status", device.status.as_str(), DeviceStatus::Returned.as_str());
            changes.extend(moved(tx, site, &device, None).await?);
            tx.devices().set_status(device.id, DeviceStatus::Returned).await?;
            tx.devices().set_customer(device.id, None).await?;
            let happened = Happened { event: Event::DeviceChanged(device.id), changes };
            tx.outbox().insert_changed(site, &happened, &actor, now).await?;
            Ok(Returned { released: licenses.len() })
        })
    })
    .await
}

/// Takes a device out of use: it is entitled to nothing and cannot register. What is activated on it stays activated.
///
/// # Errors
/// [`ChangeDeviceError`] says why it stays as it is.
pub async fn retire(ctx: &Ctx, site: SiteId, identity: DeviceIdentity) -> Result<(), ChangeDeviceError> {
    let actor = ctx.actor();
    ctx.record(site, Action::new("device.retire", &identity.id), move |tx| {
        Box::pin(async move {
            let device = lock_other_than(tx, site, &identity, DeviceStatus::Obsolete).await?;
            let now = tx.now().await?;
            tx.devices().set_status(device.id, DeviceStatus::Obsolete).await?;
            let changes = Changes::of("status", device.status.as_str(), DeviceStatus::Obsolete.as_str());
            let happened = Happened { event: Event::DeviceChanged(device.id), changes };
            Ok(tx.outbox().insert_changed(site, &happened, &actor, now).await?)
        })
    })
    .await
}

/// Gives a device to a customer, or to nobody. Licenses that stay activated on it must be of the customer's account.
///
/// # Errors
/// [`ChangeDeviceError`] says why it stays as it is.
pub async fn set_customer(
    ctx: &Ctx,
    site: SiteId,
    identity: DeviceIdentity,
    customer: Option<CustomerName>,
) -> Result<(), ChangeDeviceError> {
    let actor = ctx.actor();
    ctx.record(site, Action::new("device.set-customer", &identity.id), move |tx| {
        Box::pin(async move {
            let device = tx.devices().lock(site, &identity).await?.ok_or(ChangeDeviceError::UnknownDevice)?;
            let now = tx.now().await?;
            let customer = match customer {
                Some(name) => {
                    let found = tx.customers().find(site, &name).await?;
                    Some(found.ok_or_else(|| ChangeDeviceError::UnknownCustomer(name.to_string()))?)
                }
                None => None,
            };
            let changes = moved(tx, site, &device, customer.as_ref()).await?;
            let holder = customer.map(|customer| customer.holder());
            for activation in tx.activations().list_on_device(device.id).await? {
                let license = activated_license(tx, site, activation.license).await?;
                if !holder.is_some_and(|holder| holder.shares_account(license.holder)) {
                    return Err(ChangeDeviceError::OtherAccount);
                }
            }
            tx.devices().set_customer(device.id, holder.map(|holder| holder.customer)).await?;
            let happened = Happened { event: Event::DeviceChanged(device.id), changes };
            Ok(tx.outbox().insert_changed(site, &happened, &actor, now).await?)
        })
    })
    .await
}

/// What it changes that a device belongs to a customer, or to nobody, from now on.
async fn moved(
    tx: &mut dyn Tx,
    site: SiteId,
    device: &Device,
    to: Option<&Customer>,
) -> Result<Changes, ChangeDeviceError> {
    let from = match device.holder {
        Some(holder) => tx.customers().find_by_id(site, holder.customer).await?,
        None => None,
    };
    let name = |customer: Option<&Customer>| customer.map(|customer| customer.name.to_string());
    let account = |customer: Option<&Customer>| Some(customer?.account.as_ref()?.name.to_string());
    let mut changes = Changes::of("customer", name(from.as_ref()), name(to));
    changes.note("account", account(from.as_ref()), account(to));
    Ok(changes)
}

/// The device, locked, when it does not have a status yet.
async fn lock_other_than(
    tx: &mut dyn Tx,
    site: SiteId,
    identity: &DeviceIdentity,
    status: DeviceStatus,
) -> Result<Device, ChangeDeviceError> {
    let device = tx.devices().lock(site, identity).await?.ok_or(ChangeDeviceError::UnknownDevice)?;
    if device.status == status { Err(ChangeDeviceError::Already(status)) } else { Ok(device) }
}
