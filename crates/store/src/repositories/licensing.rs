//! Accounts, customers, orders, features, licenses and activations.

use async_trait::async_trait;
use countersign_domain::device::{Device, DeviceStatus, KnownDevice};
use countersign_domain::ids::{
    AccountId, CustomerId, DeviceId, FeatureId, LicenseId, LicenseUserId, OrderId, ProductId, SiteId,
};
use countersign_domain::licensing::{
    Account, Activation, Contact, Customer, Feature, FeatureRules, Holding, License, LicenseRules, LicenseTerms,
    LicenseUsage, LicensedProduct, Meter, Order,
};
use countersign_domain::text::{
    AccountName, CustomerName, FeatureCode, HardwareId, LicenseKey, OrderNumber, ProductCode,
};
use countersign_domain::time::{Date, Timestamp};

use super::Page;
use crate::StoreError;

/// Groups of customers.
#[async_trait]
pub trait Accounts: Send {
    /// Writes an account. `None`: the name is taken in this site.
    async fn insert(
        &mut self,
        site: SiteId,
        name: &AccountName,
        now: Timestamp,
    ) -> Result<Option<AccountId>, StoreError>;

    /// An account by name.
    async fn find(&mut self, site: SiteId, name: &AccountName) -> Result<Option<Account>, StoreError>;

    /// An account by row id.
    async fn find_by_id(&mut self, site: SiteId, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// Accounts of a site, by row id.
    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<Account>, StoreError>;
}

/// A customer that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCustomer {
    /// Name.
    pub name: CustomerName,
    /// Where to write to; may be empty.
    pub email: String,
    /// The account that the customer belongs to.
    pub account: Option<AccountId>,
}

/// Holders of licenses.
#[async_trait]
pub trait Customers: Send {
    /// Writes a customer. `None`: the name is taken in this site.
    async fn insert(
        &mut self,
        site: SiteId,
        customer: &NewCustomer,
        now: Timestamp,
    ) -> Result<Option<CustomerId>, StoreError>;

    /// A customer by name.
    async fn find(&mut self, site: SiteId, name: &CustomerName) -> Result<Option<Customer>, StoreError>;

    /// A customer by row id.
    async fn find_by_id(&mut self, site: SiteId, id: CustomerId) -> Result<Option<Customer>, StoreError>;

    /// Customers of a site, by row id.
    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<Customer>, StoreError>;

    /// The first customer with an e-mail address; one that a trial has made comes last, because nobody has proved its address.
    async fn find_by_email(&mut self, site: SiteId, email: &str) -> Result<Option<Customer>, StoreError>;

    /// Replaces the contact of a customer. `false`: no such customer.
    async fn set_contact(&mut self, customer: CustomerId, contact: &Contact) -> Result<bool, StoreError>;
}

/// Purchases.
#[async_trait]
pub trait Orders: Send {
    /// Writes an order. `None`: the number is taken in this site.
    async fn insert(
        &mut self,
        site: SiteId,
        number: &OrderNumber,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Option<OrderId>, StoreError>;

    /// An order by number.
    async fn find(&mut self, site: SiteId, number: &OrderNumber) -> Result<Option<Order>, StoreError>;

    /// An order by row id.
    async fn find_by_id(&mut self, site: SiteId, id: OrderId) -> Result<Option<Order>, StoreError>;

    /// Orders of a site, by row id; of one customer only, if one is given.
    async fn list(&mut self, site: SiteId, customer: Option<CustomerId>, page: Page) -> Result<Vec<Order>, StoreError>;
}

/// Parts of products that licenses can include.
#[async_trait]
pub trait Features: Send {
    /// Writes a feature. `None`: the code is taken in this product.
    async fn insert(
        &mut self,
        product: ProductId,
        code: &FeatureCode,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<FeatureId>, StoreError>;

    /// All features of a product, by code.
    async fn list(&mut self, product: ProductId) -> Result<Vec<Feature>, StoreError>;

    /// Replaces what licenses that include the feature from now on start with. `false`: no such feature.
    async fn set_rules(&mut self, feature: FeatureId, rules: &FeatureRules) -> Result<bool, StoreError>;
}

/// A license that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLicense {
    /// Its key: the activation ID.
    pub key: LicenseKey,
    /// The order that it is bought with.
    pub order: OrderId,
    /// What it entitles to.
    pub product: ProductId,
    /// The key of the bundle that it is sold in.
    pub bundle_key: Option<LicenseKey>,
    /// Features of the product that it includes, each once, with the rules that they have then.
    pub features: Vec<FeatureId>,
    /// When and how often it can be used.
    pub terms: LicenseTerms,
    /// What else is laid down for it.
    pub rules: LicenseRules,
}

/// Which licenses are listed: those for which everything holds that is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LicenseFilter {
    /// Bought with this order.
    pub order: Option<OrderId>,
    /// Held by this customer.
    pub customer: Option<CustomerId>,
    /// For this product.
    pub product: Option<ProductId>,
}

/// What a call of a licensed application names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalledLicense<'a> {
    /// The code of the product.
    pub product: &'a ProductCode,
    /// The license's own key.
    pub key: &'a LicenseKey,
    /// The hardware of the device.
    pub hardware: &'a HardwareId,
}

/// A license with what most answers about it say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeLicense {
    /// The license.
    pub license: License,
    /// Its product.
    pub product: LicensedProduct,
    /// Who holds it.
    pub customer: Customer,
    /// Whether the product has a release.
    pub has_releases: bool,
    /// The device of the call and the activation there, as [`Activations::find_by_hardware`] finds them.
    pub bound: Option<(Device, Activation)>,
    /// The first device with the hardware of the call, where the license is active on none with it.
    pub unbound: Option<Device>,
    /// What shows whether any of this has changed.
    pub revisions: Revisions,
}

/// Numbers that every change counts up, in the unit that makes it. As long as they are the same, so is all that they stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Revisions {
    /// Of the license: what is laid down for it, its features, its activations and for whom they are, what was counted.
    pub license: i64,
    /// Of its product, and of the releases of that.
    pub product: i64,
    /// Of the customer who holds it.
    pub customer: i64,
}

/// What shows whether a license on a device where it was seen to be active is still as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LicenseStamp {
    /// Of the license, with where it is active.
    pub revisions: Revisions,
    /// Whether the device is in use.
    pub status: DeviceStatus,
    /// When the device was heard of last.
    pub last_seen_at: Timestamp,
}

/// Rights to use products.
#[async_trait]
pub trait Licenses: Send {
    /// Writes a license with its features. `None`: the key is taken in this site.
    async fn insert(
        &mut self,
        site: SiteId,
        license: &NewLicense,
        now: Timestamp,
    ) -> Result<Option<LicenseId>, StoreError>;

    /// A license by key.
    async fn find(&mut self, site: SiteId, key: &LicenseKey) -> Result<Option<License>, StoreError>;

    /// A license by key, which no other unit can lock until this one ends. Its number of activations therefore stays what
    /// it says. A unit that also locks a device locks the license first.
    async fn lock(&mut self, site: SiteId, key: &LicenseKey) -> Result<Option<License>, StoreError>;

    /// Licenses of a site, by row id.
    async fn list(&mut self, site: SiteId, filter: LicenseFilter, page: Page) -> Result<Vec<License>, StoreError>;

    /// The license for a product that a key names: its own, or that of the bundle that it was sold in.
    async fn find_for(
        &mut self,
        site: SiteId,
        product: ProductId,
        key: &LicenseKey,
    ) -> Result<Option<License>, StoreError>;

    /// The same, locked like [`Licenses::lock`].
    async fn lock_for(
        &mut self,
        site: SiteId,
        product: ProductId,
        key: &LicenseKey,
    ) -> Result<Option<License>, StoreError>;

    /// A license by row id.
    async fn find_by_id(&mut self, site: SiteId, id: LicenseId) -> Result<Option<License>, StoreError>;

    /// The same, locked like [`Licenses::lock`].
    async fn lock_by_id(&mut self, site: SiteId, id: LicenseId) -> Result<Option<License>, StoreError>;

    /// What a call names, all at once. `None`: the site has no license with this key for this product; what is in the way is
    /// for the single operations to say.
    async fn find_called(
        &mut self,
        site: SiteId,
        called: CalledLicense<'_>,
    ) -> Result<Option<WholeLicense>, StoreError>;

    /// The same, with the license locked like [`Licenses::lock`].
    async fn lock_called(
        &mut self,
        site: SiteId,
        called: CalledLicense<'_>,
    ) -> Result<Option<WholeLicense>, StoreError>;

    /// What shows whether a license and a device are as they were when [`Licenses::find_called`] has found them. `None`: one of
    /// them is not there.
    async fn stamp(&mut self, license: LicenseId, device: DeviceId) -> Result<Option<LicenseStamp>, StoreError>;

    /// Replaces what has become of a license. Nothing happens when there is none.
    async fn set_usage(&mut self, license: LicenseId, usage: &LicenseUsage) -> Result<(), StoreError>;

    /// Replaces what is laid down for a license beside its terms. `false`: no such license.
    async fn set_rules(&mut self, license: LicenseId, rules: &LicenseRules) -> Result<bool, StoreError>;

    /// Includes a feature in a license, or replaces what is laid down for it there and what was counted.
    async fn set_feature(
        &mut self,
        license: LicenseId,
        feature: FeatureId,
        rules: &FeatureRules,
        meter: Meter,
    ) -> Result<(), StoreError>;

    /// Takes a feature off a license. `false`: it has none.
    async fn delete_feature(&mut self, license: LicenseId, feature: FeatureId) -> Result<bool, StoreError>;

    /// Replaces the terms of a license. `false`: no such license.
    async fn set_terms(&mut self, license: LicenseId, terms: &LicenseTerms) -> Result<bool, StoreError>;

    /// Those of the given products that the account of a device holds on a day, under a license that is then in force as
    /// [`LicenseTerms::standing`] says. Empty for a device without a customer. However much the account holds, this takes
    /// few lookups for each product.
    async fn held_by_account_of(
        &mut self,
        device: KnownDevice,
        products: &[ProductId],
        today: Date,
    ) -> Result<Vec<Holding>, StoreError>;
}

/// Licenses on devices.
#[async_trait]
pub trait Activations: Send {
    /// Writes an activation, which counts for its license. `false`: the license is activated on the device already.
    async fn insert(&mut self, license: LicenseId, device: DeviceId, now: Timestamp) -> Result<bool, StoreError>;

    /// The same, with what has become of the license from then on. It must be locked, and not active on the device.
    async fn insert_with_usage(
        &mut self,
        activated: (LicenseId, DeviceId),
        usage: &LicenseUsage,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The activation of a license on a device.
    async fn find(&mut self, license: LicenseId, device: DeviceId) -> Result<Option<Activation>, StoreError>;

    /// What is activated on a device, by row id of the license.
    async fn list_on_device(&mut self, device: DeviceId) -> Result<Vec<Activation>, StoreError>;

    /// Where a license is activated, by row id of the device, which is what the page counts by.
    async fn list_of_license(&mut self, license: LicenseId, page: Page) -> Result<Vec<Activation>, StoreError>;

    /// Removes an activation, which then counts no more, and the seats of the license and its features that the device holds.
    /// `false`: there was none. Like [`Licenses::lock`] this locks the
    /// license until the unit ends.
    async fn delete(&mut self, license: LicenseId, device: DeviceId) -> Result<bool, StoreError>;

    /// Says for which user a license is active on a device. `false`: it is not active there.
    async fn set_user(
        &mut self,
        license: LicenseId,
        device: DeviceId,
        user: Option<LicenseUserId>,
    ) -> Result<bool, StoreError>;

    /// Says whether a device has its license by a file or a code. `false`: it is not active there.
    async fn set_offline(
        &mut self,
        license: LicenseId,
        device: DeviceId,
        offline: bool,
        asked_at: Option<Timestamp>,
    ) -> Result<bool, StoreError>;

    /// Where a license is active on a device whose host ID is that of some hardware: the device, and the activation.
    async fn find_by_hardware(
        &mut self,
        site: SiteId,
        license: LicenseId,
        hardware: &HardwareId,
    ) -> Result<Option<(Device, Activation)>, StoreError>;
}
