//! What the tests of licensing begin with: somebody who has bought something, and a device.

use countersign_domain::ids::{AccountId, CustomerId, DeviceId, LicenseId, OrderId, ProductId, SiteId};
use countersign_domain::licensing::{ActivationLimit, LicenseRules, LicenseStatus, LicenseTerms};
use countersign_domain::text::{AccountName, CustomerName, LicenseKey, OrderNumber, ProductName};

use super::NOW;
use super::devices::new_device;
use crate::StoreError;
use crate::repositories::{NewCustomer, NewLicense, Tx};

/// Rows of this number are never written by a test.
pub(super) const MISSING: i64 = 1 << 40;

/// Terms without dates, on at most two devices.
pub(super) const TERMS: LicenseTerms = LicenseTerms {
    status: LicenseStatus::Enabled,
    start_date: None,
    end_date: None,
    limit: ActivationLimit::AtMost(2),
};

pub(super) fn account_name(name: &str) -> AccountName {
    AccountName::new(name).expect("the test gives a good name")
}

pub(super) fn customer_name(name: &str) -> CustomerName {
    CustomerName::new(name).expect("the test gives a good name")
}

pub(super) fn number(number: &str) -> OrderNumber {
    OrderNumber::new(number).expect("the test gives a good number")
}

pub(super) fn key(key: &str) -> LicenseKey {
    LicenseKey::new(key).expect("the test gives a good key")
}

pub(super) async fn account(tx: &mut dyn Tx, site: SiteId, name: &str) -> Result<AccountId, StoreError> {
    Ok(tx.accounts().insert(site, &account_name(name), NOW).await?.expect("the name is free"))
}

pub(super) async fn customer(
    tx: &mut dyn Tx,
    site: SiteId,
    name: &str,
    account: Option<AccountId>,
) -> Result<CustomerId, StoreError> {
    let customer = NewCustomer { name: customer_name(name), email: String::new(), account };
    Ok(tx.customers().insert(site, &customer, NOW).await?.expect("the name is free"))
}

pub(super) async fn product(tx: &mut dyn Tx, site: SiteId, name: &str) -> Result<ProductId, StoreError> {
    let name = ProductName::new(name).expect("the test gives a good name");
    Ok(tx.products().insert(site, &name, NOW).await?.expect("the name is free"))
}

pub(super) async fn order(
    tx: &mut dyn Tx,
    site: SiteId,
    text: &str,
    customer: CustomerId,
) -> Result<OrderId, StoreError> {
    Ok(tx.orders().insert(site, &number(text), customer, NOW).await?.expect("the number is free"))
}

pub(super) async fn license(
    tx: &mut dyn Tx,
    site: SiteId,
    text: &str,
    order: OrderId,
    product: ProductId,
    terms: LicenseTerms,
) -> Result<LicenseId, StoreError> {
    let license = NewLicense {
        key: key(text),
        order,
        product,
        bundle_key: None,
        features: Vec::new(),
        terms,
        rules: LicenseRules::default(),
    };
    Ok(tx.licenses().insert(site, &license, NOW).await?.expect("the key is free"))
}

pub(super) async fn device(
    tx: &mut dyn Tx,
    site: SiteId,
    host: &str,
    customer: Option<CustomerId>,
) -> Result<DeviceId, StoreError> {
    Ok(tx.devices().insert(site, &new_device(host, customer), NOW).await?.expect("the identity is free"))
}
