//! Licenses of applications: each counts units without an end, and is active on a device that is known by its hardware.

use anyhow::{Context as _, Result};
use countersign_app::license_api::{Access, NewApiKey, create_api_key};
use countersign_app::{Ctx, keys, sites};
use countersign_crypto::{HmacKey, RsaPublicKey, VerifyingKey};
use countersign_domain::device::{DeviceClass, DeviceIdentity};
use countersign_domain::ids::{CustomerId, SiteId};
use countersign_domain::licensing::{ActivationLimit, LicenseRules, LicenseType, Metering, Units};
use countersign_store::repositories::{NewDevice, NewLicense};

use super::catalog::LICENSED_PRODUCT;
use super::fleet::{Kind, SPREAD, new_license};

/// The code of the product of these licenses: its name.
pub(crate) const LICENSED_PRODUCT_CODE: &str = LICENSED_PRODUCT;

/// What an application proves itself with.
#[derive(Clone)]
pub(crate) struct ApiKey {
    /// Its API key.
    pub(crate) name: String,
    /// Its shared key.
    pub(crate) shared: HmacKey,
}

/// Licenses of applications.
pub(super) const APPLICATIONS: Kind = Kind {
    order: "app-",
    license: |number, order, product| {
        let license = new_license(application_key(number), order, product, ActivationLimit::Unlimited)?;
        let metering = Metering { limit: Units::Unlimited, ..Metering::default() };
        Ok(NewLicense {
            rules: LicenseRules { license_type: LicenseType::Consumption, metering, ..LicenseRules::default() },
            ..license
        })
    },
    device: new_device,
};

/// The license key of an application.
pub(crate) fn application_key(number: u32) -> String {
    format!("APP-{:08X}", number.wrapping_mul(SPREAD))
}

/// The hardware on which it is active.
pub(crate) fn hardware_id(number: u32) -> String {
    format!("{:08x}-app", number.wrapping_mul(SPREAD))
}

/// Makes an application, and finds the key that verifies what it is answered.
pub(super) async fn application(ctx: &Ctx, site: SiteId) -> Result<(ApiKey, VerifyingKey)> {
    let new = NewApiKey { label: String::new(), products: Vec::new(), part: None, access: Access::ReadWrite };
    let (made, shared) = create_api_key(ctx, site, new).await?;
    let all = sites::list(ctx).await?;
    let site = all.iter().find(|known| known.id == site).context("the site is not listed")?;
    let key = keys::find_or_create_license_key(ctx, site).await?;
    let key = VerifyingKey::from_rsa(&RsaPublicKey::from_spki_der(&key.spki)?)?;
    Ok((ApiKey { name: made.key, shared: HmacKey::new(shared.expose().as_bytes()) }, key))
}

fn new_device(number: u32, customer: CustomerId) -> NewDevice {
    let (id, id_type) = (hardware_id(number), DeviceIdentity::HARDWARE.to_owned());
    let identity = DeviceIdentity { id, id_type, publisher_name: String::new() };
    NewDevice { identity, identity_name: String::new(), class: DeviceClass::Client, customer: Some(customer) }
}
