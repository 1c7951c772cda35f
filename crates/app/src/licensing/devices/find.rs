//! Finding devices, with whose they are and what is activated on them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use countersign_domain::device::{Device, DeviceIdentity};
use countersign_domain::ids::{CustomerId, SiteId};
use countersign_domain::licensing::License;
use countersign_domain::text::CustomerName;
use countersign_domain::time::Timestamp;
use countersign_store::repositories::Page;
use countersign_store::{StoreError, Tx};

use crate::fault::takes_store_errors;
use crate::licensing::activated_license;
use crate::{Ctx, Fault};

/// A device, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// The device.
    pub device: Device,
    /// The customer that it belongs to; `None` for an anonymous device.
    pub customer: Option<CustomerName>,
}

/// A device with all that is activated on it.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceDetails {
    /// The device, and whose it is.
    pub known: KnownDevice,
    /// What is activated on it, in the order in which the licenses were created.
    pub licenses: Vec<DeviceLicense>,
}

/// A license that is activated on a device.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceLicense {
    /// The license.
    pub license: License,
    /// Since when.
    pub activated_at: Timestamp,
}

/// Why devices were not listed.
#[derive(Debug, thiserror::Error)]
pub enum ListDevicesError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No such customer.
    #[error("this site has no customer {0:?}; see: countersign customer list")]
    UnknownCustomer(String),
}

takes_store_errors!(ListDevicesError);

/// A device by identity.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find(ctx: &Ctx, site: SiteId, identity: DeviceIdentity) -> Result<Option<DeviceDetails>, Fault> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let Some(device) = tx.devices().find(site, &identity).await? else { return Ok(None) };
                let mut licenses = Vec::new();
                for activation in tx.activations().list_on_device(device.id).await? {
                    let license = activated_license(tx, site, activation.license).await?;
                    licenses.push(DeviceLicense { license, activated_at: activation.activated_at });
                }
                let known = with_customers(tx, site, vec![device]).await?;
                Ok(known.into_iter().next().map(|known| DeviceDetails { known, licenses }))
            })
        })
        .await
}

/// Devices of a site, in the order in which the site has heard of them; of one customer only, if one is named.
///
/// # Errors
/// [`ListDevicesError::UnknownCustomer`] when there is nobody of that name.
pub async fn list(
    ctx: &Ctx,
    site: SiteId,
    customer: Option<CustomerName>,
    page: Page,
) -> Result<Vec<KnownDevice>, ListDevicesError> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let customer = match customer {
                    Some(name) => {
                        let found = tx.customers().find(site, &name).await?;
                        Some(found.ok_or_else(|| ListDevicesError::UnknownCustomer(name.to_string()))?.id)
                    }
                    None => None,
                };
                let devices = tx.devices().list(site, customer, page).await?;
                Ok(with_customers(tx, site, devices).await?)
            })
        })
        .await
}

/// Adds the customers' names. Each customer is looked up once.
async fn with_customers(tx: &mut dyn Tx, site: SiteId, devices: Vec<Device>) -> Result<Vec<KnownDevice>, StoreError> {
    let mut names: BTreeMap<CustomerId, CustomerName> = BTreeMap::new();
    let mut known = Vec::with_capacity(devices.len());
    for device in devices {
        let customer = match device.holder {
            Some(holder) => Some(match names.entry(holder.customer) {
                Entry::Occupied(name) => name.get().clone(),
                Entry::Vacant(place) => {
                    let found = tx.customers().find_by_id(site, holder.customer).await?;
                    place.insert(found.ok_or(foreign_customer(&device))?.name).clone()
                }
            }),
            None => None,
        };
        known.push(KnownDevice { device, customer });
    }
    Ok(known)
}

fn foreign_customer(device: &Device) -> StoreError {
    StoreError::BrokenRow { table: "devices", column: "customer", row: device.id.0 }
}
