//! The repositories that a transaction hands out. Methods are verbs: `find` gives an `Option`, `list` a `Vec`;
//! `insert` gives `None` when the name is taken, so that a race ends without breaking the transaction.

mod air_gap_codes;
mod applications;
mod catalog;
mod checkpoints;
mod devices;
mod installation;
mod keys;
mod license_api;
mod licensing;
mod offline_requests;
mod seats;
mod sites;
mod sso_providers;
mod storages;
mod trails;
mod users;
mod webhooks;

use async_trait::async_trait;
use countersign_domain::licensing::ClockJump;
use countersign_domain::time::Timestamp;

use crate::StoreError;

pub use air_gap_codes::{AirGapCode, AirGapCodes};
pub use applications::{Applications, Credentials, SpentTokens, TokenKeys};
pub use catalog::{
    Deleted, Files, NewFile, NewFileContent, NewPackage, NewPackageFile, NewRelease, Packages, Products, Updates,
};
pub use checkpoints::Checkpoints;
pub use devices::{DeviceEvents, Devices, NewDevice, NewStatusReport, StatusReportFilter, StatusReports};
pub use installation::{Installation, InstallationRecord};
pub use keys::{AuthorizationKeys, SigningKeys, SiteSecrets};
pub use license_api::{
    AnsweredCall, AnsweredCalls, ApiKeyRecord, ApiKeys, Bundles, DeviceDetails, LicenseUsers, LicensedProducts,
    NewLicenseUser, Policies, Trials, Versions,
};
pub use licensing::{
    Accounts, Activations, CalledLicense, Customers, Features, LicenseFilter, LicenseStamp, Licenses, NewCustomer,
    NewLicense, Orders, Revisions, WholeLicense,
};
pub use offline_requests::{OfflineRequest, OfflineRequests};
pub use seats::{SeatDenials, Seats};
pub use sites::{SettingsOutcome, Sites};
pub use sso_providers::{SsoProviderRow, SsoProviders};
pub use storages::{
    Entry, NewObject, NewStorage, RefusedUploads, StorageEntries, StorageObject, StorageSettings, StorageVersions,
    Storages, UploadKey,
};
pub use trails::{AuditTrail, Outbox};
pub use users::{AccessTokens, NewUser, Users};
pub use webhooks::{
    Deliveries, DeliveryCount, DeliveryHistory, DeliveryRange, Endpoints, EventNumbers, NumberedEvent, NumberedRow,
};

/// A part of a list that is ordered by row id. Lists that can be long are only ever read in such parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Row id after which the part begins; 0 for the first part.
    pub after: i64,
    /// Most rows in the part.
    pub limit: u32,
}

impl Page {
    /// The beginning of a list.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { after: 0, limit }
    }
}

/// One transaction. Every repository borrows it mutably, so two operations never interleave inside a unit.
///
/// The first operation that fails ends the transaction: every later one gives [`StoreError::Poisoned`](crate::StoreError),
/// and the unit is not committed even if it returns `Ok`. Half of what a failed operation wrote is therefore never kept.
#[async_trait]
pub trait Tx: Send {
    /// The time that limits and dates of licenses are judged by, and that activations and reports are stamped with. It is
    /// the database's own where that has a clock, so that nodes agree; otherwise the machine's, which then never runs
    /// backward: a clock that is set back stands still until it has caught up.
    async fn now(&mut self) -> Result<Timestamp, StoreError>;

    /// The last time that the clock behind [`Tx::now`] has jumped forward by more than five minutes. `None` also in a database
    /// whose own clock tells the time.
    async fn clock_jump(&mut self) -> Result<Option<ClockJump>, StoreError> {
        Ok(None)
    }

    /// Long-lived producer tokens.
    fn access_tokens(&mut self) -> &mut dyn AccessTokens;
    /// Groups of customers.
    fn accounts(&mut self) -> &mut dyn Accounts;
    /// One-time keys of devices behind an air gap.
    fn air_gap_codes(&mut self) -> &mut dyn AirGapCodes;
    /// Licenses on devices.
    fn activations(&mut self) -> &mut dyn Activations;
    /// Calls that were done once.
    fn answered_calls(&mut self) -> &mut dyn AnsweredCalls;
    /// Keys of the license door.
    fn api_keys(&mut self) -> &mut dyn ApiKeys;
    /// Products that are sold together.
    fn bundles(&mut self) -> &mut dyn Bundles;
    /// What applications tell of devices.
    fn device_details(&mut self) -> &mut dyn DeviceDetails;
    /// Products with what holds for their licenses.
    fn licensed_products(&mut self) -> &mut dyn LicensedProducts;
    /// People whom licenses are assigned to.
    fn license_users(&mut self) -> &mut dyn LicenseUsers;
    /// Request files that were used.
    fn offline_requests(&mut self) -> &mut dyn OfflineRequests;
    /// Templates for licenses.
    fn policies(&mut self) -> &mut dyn Policies;
    /// Trials.
    fn trials(&mut self) -> &mut dyn Trials;
    /// Releases that applications are told about.
    fn versions(&mut self) -> &mut dyn Versions;
    /// Applications that get access tokens.
    fn applications(&mut self) -> &mut dyn Applications;
    /// Administrative writes.
    fn audit_trail(&mut self) -> &mut dyn AuditTrail;
    /// Keys that check device tokens.
    fn authorization_keys(&mut self) -> &mut dyn AuthorizationKeys;
    /// Secrets and public keys of applications.
    fn credentials(&mut self) -> &mut dyn Credentials;
    /// Holders of licenses.
    fn customers(&mut self) -> &mut dyn Customers;
    /// What receivers of webhooks are counted to have been told.
    fn checkpoints(&mut self) -> &mut dyn Checkpoints;
    /// What is on its way to receivers of webhooks.
    fn deliveries(&mut self) -> &mut dyn Deliveries;
    /// What was tried to deliver it.
    fn delivery_history(&mut self) -> &mut dyn DeliveryHistory;
    /// Events that devices have logged.
    fn device_events(&mut self) -> &mut dyn DeviceEvents;
    /// Devices.
    fn devices(&mut self) -> &mut dyn Devices;
    /// Receivers of webhooks.
    fn endpoints(&mut self) -> &mut dyn Endpoints;
    /// Numbers of events.
    fn event_numbers(&mut self) -> &mut dyn EventNumbers;
    /// Parts of products that licenses can include.
    fn features(&mut self) -> &mut dyn Features;
    /// Stored bytes.
    fn files(&mut self) -> &mut dyn Files;
    /// Facts about the store itself.
    fn installation(&mut self) -> &mut dyn Installation;
    /// Rights to use products.
    fn licenses(&mut self) -> &mut dyn Licenses;
    /// Purchases.
    fn orders(&mut self) -> &mut dyn Orders;
    /// Committed changes that others are told about.
    fn outbox(&mut self) -> &mut dyn Outbox;
    /// Packages.
    fn packages(&mut self) -> &mut dyn Packages;
    /// Products.
    fn products(&mut self) -> &mut dyn Products;
    /// Uploads that were refused a moment ago.
    fn refused_uploads(&mut self) -> &mut dyn RefusedUploads;
    /// Seats of floating licenses and features.
    fn seats(&mut self) -> &mut dyn Seats;
    /// Who was refused a seat.
    fn seat_denials(&mut self) -> &mut dyn SeatDenials;
    /// Keys that sign answers.
    fn signing_keys(&mut self) -> &mut dyn SigningKeys;
    /// Symmetric secrets of sites.
    fn site_secrets(&mut self) -> &mut dyn SiteSecrets;
    /// Sites and the change counter.
    fn sites(&mut self) -> &mut dyn Sites;
    /// Revoked tokens and used assertions.
    fn spent_tokens(&mut self) -> &mut dyn SpentTokens;
    /// OpenID providers of accounts.
    fn sso_providers(&mut self) -> &mut dyn SsoProviders;
    /// How updates go on devices.
    fn status_reports(&mut self) -> &mut dyn StatusReports;
    /// Folders and files of storages.
    fn storage_entries(&mut self) -> &mut dyn StorageEntries;
    /// Versions of files in storages.
    fn storage_versions(&mut self) -> &mut dyn StorageVersions;
    /// Named storages.
    fn storages(&mut self) -> &mut dyn Storages;
    /// Keys that sign tokens.
    fn token_keys(&mut self) -> &mut dyn TokenKeys;
    /// Updates.
    fn updates(&mut self) -> &mut dyn Updates;
    /// People and jobs that administer.
    fn users(&mut self) -> &mut dyn Users;
}
