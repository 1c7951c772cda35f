//! Many devices: customers, orders, licenses, devices and activations, in units of work of several thousand rows.

use anyhow::{Context as _, Result};
use countersign_domain::device::{DeviceClass, DeviceIdentity};
use countersign_domain::ids::{CustomerId, OrderId, ProductId, SiteId};
use countersign_domain::licensing::{ActivationLimit, LicenseRules, LicenseStatus, LicenseTerms};
use countersign_domain::text::{CustomerName, LicenseKey, OrderNumber, ProductName};
use countersign_domain::time::Timestamp;
use countersign_store::repositories::{NewCustomer, NewDevice, NewLicense};
use countersign_store::{Store, Tx};

use super::PUBLISHER;
use super::catalog::LICENSED_PRODUCT;

/// Devices of each customer. Every device has an activated license of its own.
const DEVICES_OF_CUSTOMER: u32 = 10;
/// Licenses that can be activated on further devices, see [`free_license`].
const FREE_LICENSES: u32 = 10_000;
/// On how many devices each of them can be activated.
pub(crate) const FREE_ACTIVATIONS: u32 = 50;

/// The host ID of a device. Devices that register later lie between those that are there, as in life: see [`spread_id`].
pub(crate) fn device_id(number: u32) -> String {
    format!("{:08x}-bench", number.wrapping_mul(SPREAD))
}

/// A host ID that no device has, somewhere between those of all others.
pub(crate) fn spread_id(number: u32) -> String {
    // Multiplying by an odd number gives every number once, in an order that looks like none.
    format!("{:08x}-new-{number:08x}", number.wrapping_mul(0x9E37_79B1))
}

/// The activation ID of the license of a device.
fn license_key(device: u32) -> String {
    format!("BENCH-{:08X}", device.wrapping_mul(SPREAD))
}

/// The activation ID for the registration with this number.
pub(crate) fn free_license(registration: u32) -> String {
    // Neighbors use different licenses, as customers do.
    format!("FREE-{:08X}", (registration % FREE_LICENSES).wrapping_mul(0x9E37_79B1))
}

/// A kind of license, each activated on a device of its own.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// How the numbers of its orders begin.
    pub(super) order: &'static str,
    pub(super) license: fn(u32, OrderId, ProductId) -> Result<NewLicense>,
    pub(super) device: fn(u32, CustomerId) -> NewDevice,
}

/// What devices of the device door have.
pub(super) const DEVICES: Kind = Kind {
    order: "",
    license: |number, order, product| new_license(license_key(number), order, product, ActivationLimit::AtMost(1)),
    device: new_device,
};

/// Adds the devices and licenses of a kind with the numbers `from..to`.
pub(super) async fn add(store: &Store, site: SiteId, kind: Kind, from: u32, to: u32) -> Result<()> {
    let mut begin = from;
    while begin < to {
        let end = to.min(begin + UNIT);
        let unit = store.write::<_, anyhow::Error, _>(move |tx| {
            Box::pin(async move {
                let (product, now) = (licensed_product(tx, site).await?, tx.now().await?);
                for first in (begin..end).step_by(STEP) {
                    let last = end.min(first + DEVICES_OF_CUSTOMER);
                    let (customer, order) = add_customer(tx, site, &format!("{}{first:08}", kind.order), now).await?;
                    for number in first..last {
                        let license = (kind.license)(number, order, product)?;
                        let license = tx.licenses().insert(site, &license, now).await?.context(TAKEN)?;
                        let device = (kind.device)(number, customer);
                        let device = tx.devices().insert(site, &device, now).await?.context(TAKEN)?;
                        tx.activations().insert(license, device, now).await?;
                    }
                }
                Ok(())
            })
        });
        unit.await?;
        begin = end;
    }
    Ok(())
}

/// Adds licenses that can be activated on further devices.
pub(super) async fn add_free_licenses(store: &Store, site: SiteId) -> Result<()> {
    store
        .write::<_, anyhow::Error, _>(move |tx| {
            Box::pin(async move {
                let (product, now) = (licensed_product(tx, site).await?, tx.now().await?);
                let limit = ActivationLimit::AtMost(FREE_ACTIVATIONS);
                for first in (0..FREE_LICENSES).step_by(STEP) {
                    let (_, order) = add_customer(tx, site, &format!("free-{first:08}"), now).await?;
                    for number in first..first + DEVICES_OF_CUSTOMER {
                        let license = new_license(free_license(number), order, product, limit)?;
                        tx.licenses().insert(site, &license, now).await?.context(TAKEN)?;
                    }
                }
                Ok(())
            })
        })
        .await
}

pub(super) async fn licensed_product(tx: &mut dyn Tx, site: SiteId) -> Result<ProductId> {
    let name = ProductName::new(LICENSED_PRODUCT)?;
    Ok(tx.products().find(site, &name).await?.context("the site has no product")?.id)
}

pub(super) async fn add_customer(
    tx: &mut dyn Tx,
    site: SiteId,
    name: &str,
    now: Timestamp,
) -> Result<(CustomerId, OrderId)> {
    let customer =
        NewCustomer { name: CustomerName::new(format!("Customer {name}"))?, email: String::new(), account: None };
    let customer = tx.customers().insert(site, &customer, now).await?.context(TAKEN)?;
    let order = OrderNumber::new(format!("SO-{name}"))?;
    let order = tx.orders().insert(site, &order, customer, now).await?.context(TAKEN)?;
    Ok((customer, order))
}

pub(super) fn new_license(
    key: String,
    order: OrderId,
    product: ProductId,
    limit: ActivationLimit,
) -> Result<NewLicense> {
    let terms = LicenseTerms { status: LicenseStatus::Enabled, start_date: None, end_date: None, limit };
    Ok(NewLicense {
        key: LicenseKey::new(key)?,
        order,
        product,
        bundle_key: None,
        features: vec![],
        terms,
        rules: LicenseRules::default(),
    })
}

fn new_device(number: u32, customer: CustomerId) -> NewDevice {
    let identity =
        DeviceIdentity { id: device_id(number), id_type: "STRING".to_owned(), publisher_name: PUBLISHER.to_owned() };
    NewDevice { identity, identity_name: String::new(), class: DeviceClass::Client, customer: Some(customer) }
}

pub(super) const TAKEN: &str = "a row exists already";
/// Devices in one unit of work.
const UNIT: u32 = 5000;
const STEP: usize = DEVICES_OF_CUSTOMER as usize;
/// A million devices lie evenly over all host IDs of eight hexadecimal digits.
pub(super) const SPREAD: u32 = 4294;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn devices_have_ids_of_their_own() {
        let devices: BTreeSet<String> = (0..10_000).map(device_id).collect();
        assert_eq!(devices.len(), 10_000);
    }

    #[test]
    fn new_devices_lie_between_those_that_are_there() {
        let after_half = (0..1000).filter(|number| spread_id(*number) > device_id(500_000)).count();
        assert!((400..600).contains(&after_half), "{after_half}");
        assert_eq!((0..1000).map(spread_id).collect::<BTreeSet<_>>().len(), 1000);
    }
}
