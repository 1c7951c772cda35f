//! What licensed applications ask about: products with their codes, users, trials, variables, releases, and what makes the
//! calls safe to repeat.

use async_trait::async_trait;
use countersign_domain::ids::{
    ApiKeyId, BundleId, DeviceId, LicenseId, LicenseUserId, PolicyId, ProductId, SiteId, StoredFileId, VersionId,
};
use countersign_domain::licensing::{
    Assignment, Bundle, DeviceFacts, DeviceVariable, LicenseUser, LicensedProduct, Part, Policy, ProductRules,
    ProductStatus, ReleasedVersion,
};
use countersign_domain::text::{HardwareId, PolicyCode, ProductCode, UserEmail};
use countersign_domain::time::Timestamp;

use super::Page;
use crate::StoreError;

/// Products, with what holds for their licenses.
#[async_trait]
pub trait LicensedProducts: Send {
    /// A product by code.
    async fn find(&mut self, site: SiteId, code: &ProductCode) -> Result<Option<LicensedProduct>, StoreError>;

    /// Lets no other unit lock the product until this one ends. `false`: no such product.
    async fn lock(&mut self, site: SiteId, code: &ProductCode) -> Result<bool, StoreError>;

    /// A product by row id.
    async fn find_by_id(&mut self, site: SiteId, id: ProductId) -> Result<Option<LicensedProduct>, StoreError>;

    /// All products of a site, by row id.
    async fn list(&mut self, site: SiteId) -> Result<Vec<LicensedProduct>, StoreError>;

    /// Sets code, status and rules of a product. The code must not be that of another one: whoever sets it has looked,
    /// in a unit that has touched the site. `false`: no such product.
    async fn set(
        &mut self,
        product: ProductId,
        code: &ProductCode,
        status: ProductStatus,
        rules: &ProductRules,
    ) -> Result<bool, StoreError>;
}

/// Templates for licenses.
#[async_trait]
pub trait Policies: Send {
    /// Writes a policy; its `id` is not looked at. If it is the default, no other one of the product is. `None`: the code
    /// is taken in this product.
    async fn insert(
        &mut self,
        product: ProductId,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<PolicyId>, StoreError>;

    /// A policy by code.
    async fn find(&mut self, product: ProductId, code: &PolicyCode) -> Result<Option<Policy>, StoreError>;

    /// All policies of a product, by code.
    async fn list(&mut self, product: ProductId) -> Result<Vec<Policy>, StoreError>;
}

/// Products that are sold together.
#[async_trait]
pub trait Bundles: Send {
    /// Writes a bundle. `None`: the code is taken by a bundle of this site.
    async fn insert(
        &mut self,
        site: SiteId,
        code: &ProductCode,
        name: &str,
        products: &[ProductId],
        now: Timestamp,
    ) -> Result<Option<BundleId>, StoreError>;

    /// A bundle by code.
    async fn find(&mut self, site: SiteId, code: &ProductCode) -> Result<Option<Bundle>, StoreError>;

    /// All bundles of a site, by code.
    async fn list(&mut self, site: SiteId) -> Result<Vec<Bundle>, StoreError>;
}

/// A license user that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLicenseUser {
    /// E-mail address, in lower case.
    pub email: UserEmail,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Telephone number.
    pub phone: String,
    /// Hash of the password (PHC string).
    pub password_hash: String,
    /// Whether the producer knows the password.
    pub initial_password: bool,
}

/// People whom licenses are assigned to.
#[async_trait]
pub trait LicenseUsers: Send {
    /// Writes a user. `None`: the address is taken in this site.
    async fn insert(
        &mut self,
        site: SiteId,
        user: &NewLicenseUser,
        now: Timestamp,
    ) -> Result<Option<LicenseUserId>, StoreError>;

    /// A user by e-mail address, with the hash of the password.
    async fn find(&mut self, site: SiteId, email: &UserEmail) -> Result<Option<(LicenseUser, String)>, StoreError>;

    /// A user by row id.
    async fn find_by_id(&mut self, site: SiteId, id: LicenseUserId) -> Result<Option<LicenseUser>, StoreError>;

    /// Users of a site, by row id.
    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<LicenseUser>, StoreError>;

    /// Replaces the password, if its hash is still `old`. `false`: no such user, or another hash.
    async fn set_password(
        &mut self,
        user: LicenseUserId,
        old: &str,
        hash: &str,
        initial_password: bool,
    ) -> Result<bool, StoreError>;

    /// Sets whether a user may log in. `false`: no such user.
    async fn set_enabled(&mut self, user: LicenseUserId, enabled: bool) -> Result<bool, StoreError>;

    /// Assigns a license to a user; the number of activations is not looked at. `false`: it is already.
    async fn assign(&mut self, assignment: &Assignment) -> Result<bool, StoreError>;

    /// Takes a license from a user who has it active nowhere. `false`: it is not assigned to him, or active.
    async fn unassign(&mut self, license: LicenseId, user: LicenseUserId) -> Result<bool, StoreError>;

    /// The assignment of a license to a user.
    async fn assignment(&mut self, license: LicenseId, user: LicenseUserId) -> Result<Option<Assignment>, StoreError>;

    /// To whom a license is assigned, by row id of the user.
    async fn assignments_of(&mut self, license: LicenseId) -> Result<Vec<Assignment>, StoreError>;

    /// The first `limit` licenses that are assigned to a user, of one product only if one is given, by row id of the license.
    async fn assignments_to(
        &mut self,
        user: LicenseUserId,
        product: Option<ProductId>,
        limit: u32,
    ) -> Result<Vec<Assignment>, StoreError>;

    /// Adds to the number of devices on which a user has a license active. The license is locked.
    async fn count(&mut self, license: LicenseId, user: LicenseUserId, more: i64) -> Result<bool, StoreError>;
}

/// What applications tell of devices and keep for them.
#[async_trait]
pub trait DeviceDetails: Send {
    /// Replaces what is told of a device.
    async fn set_facts(&mut self, device: DeviceId, facts: &DeviceFacts, now: Timestamp) -> Result<(), StoreError>;

    /// What was told of a device last, and when.
    async fn facts(&mut self, device: DeviceId) -> Result<Option<(DeviceFacts, Timestamp)>, StoreError>;

    /// What was told of many devices last, in any order.
    async fn facts_of_each(&mut self, devices: &[DeviceId]) -> Result<Vec<(DeviceId, DeviceFacts)>, StoreError>;

    /// Writes a variable of a license on a device, or replaces its value.
    async fn set_variable(
        &mut self,
        license: LicenseId,
        device: DeviceId,
        name: &str,
        value: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The variables of a license on a device, by name.
    async fn variables(&mut self, license: LicenseId, device: DeviceId) -> Result<Vec<DeviceVariable>, StoreError>;

    /// Removes all variables of a license.
    async fn delete_variables(&mut self, license: LicenseId) -> Result<u64, StoreError>;
}

/// Trials, by product and device.
#[async_trait]
pub trait Trials: Send {
    /// Writes that a license is a trial of a product on a device.
    async fn insert(&mut self, product: ProductId, hardware: &HardwareId, license: LicenseId)
    -> Result<(), StoreError>;

    /// The last trial of a product on a device.
    async fn find(&mut self, product: ProductId, hardware: &HardwareId) -> Result<Option<LicenseId>, StoreError>;
}

/// An API key as it lies in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// Row id.
    pub id: ApiKeyId,
    /// The public part.
    pub key: String,
    /// The shared key, sealed.
    pub sealed: Vec<u8>,
    /// Text for people.
    pub label: String,
    /// Whether it may only ask.
    pub read_only: bool,
    /// Products that it is for; empty: all.
    pub products: Vec<ProductId>,
    /// The part of what the site has sold that it is limited to; `None`: it sees everything.
    pub part: Option<Part>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last; some minutes behind.
    pub last_used_at: Option<Timestamp>,
}

/// Keys with which applications call the license door.
#[async_trait]
pub trait ApiKeys: Send {
    /// Writes a key; its `id`, and when it was revoked and used, are not looked at. `None`: the public part is taken.
    async fn insert(&mut self, site: SiteId, key: &ApiKeyRecord) -> Result<Option<ApiKeyId>, StoreError>;

    /// All keys of a site, newest first.
    async fn list(&mut self, site: SiteId) -> Result<Vec<ApiKeyRecord>, StoreError>;

    /// Revokes a key. `false`: no such key, or it was revoked already.
    async fn revoke(&mut self, site: SiteId, key: ApiKeyId, now: Timestamp) -> Result<bool, StoreError>;

    /// Notes that a key was used.
    async fn set_last_used(&mut self, site: SiteId, key: ApiKeyId, now: Timestamp) -> Result<bool, StoreError>;

    /// Replaces a sealed shared key. `false`: no such key.
    async fn reseal(&mut self, site: SiteId, key: ApiKeyId, sealed: &[u8]) -> Result<bool, StoreError>;
}

/// A call that was done, and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredCall {
    /// Digest of the request's body.
    pub body: [u8; 32],
    /// The answer, sealed.
    pub answer: Vec<u8>,
    /// When it was done.
    pub at: Timestamp,
}

/// Calls that were done, by digest of site, credential, route and key.
#[async_trait]
pub trait AnsweredCalls: Send {
    /// Writes a call. `false`: there is one of this scope already.
    async fn insert(&mut self, site: SiteId, scope: &[u8; 32], call: &AnsweredCall) -> Result<bool, StoreError>;

    /// The call of a scope.
    async fn find(&mut self, site: SiteId, scope: &[u8; 32]) -> Result<Option<AnsweredCall>, StoreError>;

    /// Removes the call of a scope that was done at a time: not the one that another unit has put in its place since.
    async fn delete(&mut self, site: SiteId, scope: &[u8; 32], at: Timestamp) -> Result<bool, StoreError>;

    /// Removes at most `limit` calls of a site that were done before a time, and gives their number.
    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}

/// Releases that applications are told about.
#[async_trait]
pub trait Versions: Send {
    /// Writes a release; its `id` is not looked at. A file of the site is given by its row. `None`: there is one of this
    /// version for this environment and channel.
    async fn insert(
        &mut self,
        site: SiteId,
        version: &ReleasedVersion,
        file: Option<StoredFileId>,
        now: Timestamp,
    ) -> Result<Option<VersionId>, StoreError>;

    /// The newest releases of a product, newest first; with `until` only those that were released by then.
    async fn list(
        &mut self,
        product: ProductId,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<ReleasedVersion>, StoreError>;

    /// Removes a release. `false`: no such release.
    async fn delete(&mut self, product: ProductId, version: VersionId) -> Result<bool, StoreError>;
}
