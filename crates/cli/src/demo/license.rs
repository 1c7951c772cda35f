//! The license behind the demonstration: a customer, an order, and a key that has room for more devices.

use anyhow::Result;
use countersign_app::licensing::customers::{self, NewCustomer};
use countersign_app::licensing::devices::{self, ChangeDeviceError};
use countersign_app::licensing::licenses::{self, LicenseFilter, NewLicense};
use countersign_app::licensing::orders;
use countersign_app::{Ctx, Page};
use countersign_crypto::Secret;
use countersign_domain::device::DeviceIdentity;
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::{ActivationLimit, License, LicenseStatus, LicenseTerms, Standing};
use countersign_domain::text::{CustomerName, LicenseKey, OrderNumber, ProductName};

use crate::credentials::DeviceCredentials;

/// Sees to a license for the product, and that more devices can be activated with it. Its key goes into the credentials; a
/// key that is there already is kept while it is good for the product.
pub(super) async fn provision(
    ctx: &Ctx,
    site: SiteId,
    product: &ProductName,
    device: &mut DeviceCredentials,
) -> Result<()> {
    let (customer, order) = (CustomerName::new(CUSTOMER)?, OrderNumber::new(ORDER)?);
    if customers::find(ctx, site, customer.clone()).await?.is_none() {
        let new = NewCustomer { name: customer.clone(), email: String::new(), account: None };
        customers::create(ctx, site, new).await?;
    }
    if orders::find(ctx, site, order.clone()).await?.is_none() {
        orders::create(ctx, site, order.clone(), customer).await?;
    }
    let found = match find_kept(ctx, site, product, device).await? {
        Some(license) => Some(license),
        None => find_ordered(ctx, site, product, &order).await?,
    };
    let license = match found {
        Some(license) => license,
        None => {
            let limit = ActivationLimit::AtMost(FREE);
            let terms = LicenseTerms { status: LicenseStatus::Enabled, start_date: None, end_date: None, limit };
            let new = NewLicense { order, product: product.clone(), key: None, features: vec![], terms };
            licenses::create(ctx, site, new).await?
        }
    };
    let enough = license.activations.saturating_add(FREE);
    if matches!(license.terms.limit, ActivationLimit::AtMost(limit) if limit < enough) {
        let raise = move |terms: &mut LicenseTerms| terms.limit = ActivationLimit::AtMost(enough);
        licenses::change_terms(ctx, site, license.key.clone(), raise).await?;
    }
    device.activation_id = Some(Secret::new(license.key.as_str().to_owned()));
    Ok(())
}

/// Gives the sample device back, so that the walk can show once more what its registration changes.
pub(super) async fn give_device_back(ctx: &Ctx, site: SiteId, device: &DeviceCredentials) -> Result<()> {
    let identity = DeviceIdentity {
        id: device.id.clone(),
        id_type: device.id_type.clone(),
        publisher_name: device.publisher_name.clone(),
    };
    match devices::give_back(ctx, site, identity).await {
        Ok(_) | Err(ChangeDeviceError::Already(_) | ChangeDeviceError::UnknownDevice) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The license whose key the credentials have.
async fn find_kept(
    ctx: &Ctx,
    site: SiteId,
    product: &ProductName,
    device: &DeviceCredentials,
) -> Result<Option<License>> {
    let Some(key) = device.activation_id.as_ref().and_then(|key| LicenseKey::new(key.expose()).ok()) else {
        return Ok(None);
    };
    let found = licenses::find(ctx, site, key).await?;
    Ok(found.filter(|license| is_good(ctx, license, product)))
}

/// The first good license of the order.
async fn find_ordered(ctx: &Ctx, site: SiteId, product: &ProductName, order: &OrderNumber) -> Result<Option<License>> {
    let filter = LicenseFilter { order: Some(order.clone()), product: Some(product.clone()), customer: None };
    let ordered = licenses::list(ctx, site, filter, Page::first(MOST_LOOKED_AT)).await?;
    Ok(ordered.into_iter().find(|license| is_good(ctx, license, product)))
}

fn is_good(ctx: &Ctx, license: &License, product: &ProductName) -> bool {
    license.product.name == *product && license.terms.standing(ctx.now().date()) == Standing::InForce
}

pub(super) const CUSTOMER: &str = "Demo Customer";
const ORDER: &str = "DEMO-1";
/// Devices that can be activated after each start: the sample device itself, and those of programs outside.
const FREE: u32 = 10;
/// Ended licenses that are passed over before a new one is made.
const MOST_LOOKED_AT: u32 = 100;
