//! One unit of work on one connection.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use countersign_domain::licensing::ClockJump;
use countersign_domain::time::Timestamp;
use countersign_store::repositories::{
    AccessTokens, Accounts, Activations, AirGapCodes, AnsweredCalls, ApiKeys, Applications, AuditTrail,
    AuthorizationKeys, Bundles, Checkpoints, Credentials, Customers, Deliveries, DeliveryHistory, DeviceDetails,
    DeviceEvents, Devices, Endpoints, EventNumbers, Features, Files, Installation, LicenseUsers, LicensedProducts,
    Licenses, OfflineRequests, Orders, Outbox, Packages, Policies, Products, RefusedUploads, SeatDenials, Seats,
    SigningKeys, SiteSecrets, Sites, SpentTokens, SsoProviders, StatusReports, StorageEntries, StorageVersions,
    Storages, TokenKeys, Trials, Updates, Users, Versions,
};
use countersign_store::{ErasedUnit, StoreError, Tx};
use rusqlite::Connection;

use crate::time::TransactionTime;

/// A transaction that is open on a connection. All repositories are methods of this one value.
///
/// The connection is private, so that nothing reaches it but through [`SqliteTx::attempt`].
pub(crate) struct SqliteTx<'c> {
    connection: &'c mut Connection,
    time: &'c mut TransactionTime,
    /// Why the first operation that failed did so.
    failure: Option<String>,
    /// Whether an event was written.
    pub(crate) tells: bool,
}

impl<'c> SqliteTx<'c> {
    /// The operations of a transaction that is open on the connection.
    pub(crate) fn new(connection: &'c mut Connection, time: &'c mut TransactionTime) -> Self {
        Self { connection, time, failure: None, tells: false }
    }

    /// Runs one operation of a repository. Once one has failed, no other is run: SQLite itself would go on, PostgreSQL
    /// would not, and what a failed operation has half written must not be built upon.
    pub(crate) fn attempt<T>(
        &mut self,
        operation: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.attempt_with_time(|connection, _| operation(connection))
    }

    /// The same for an operation on the time of units.
    pub(crate) fn attempt_with_time<T>(
        &mut self,
        operation: impl FnOnce(&Connection, &mut TransactionTime) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.failure.is_some() {
            return Err(StoreError::Poisoned);
        }
        operation(self.connection, self.time).inspect_err(|error| self.failure = Some(describe(error)))
    }
}

/// How a unit ended.
pub(crate) struct Ended {
    /// Whether the unit wants to be committed. An error: it did not come to an end, or must not be committed.
    pub(crate) outcome: Result<bool, StoreError>,
    /// Why the first operation that failed did so, whatever the unit made of it.
    pub(crate) failure: Option<String>,
    /// Whether it has written an event.
    pub(crate) tells: bool,
}

#[async_trait]
impl Tx for SqliteTx<'_> {
    async fn now(&mut self) -> Result<Timestamp, StoreError> {
        self.attempt_with_time(|connection, time| time.now(connection))
    }

    async fn clock_jump(&mut self) -> Result<Option<ClockJump>, StoreError> {
        self.attempt_with_time(|connection, time| time.jump(connection))
    }

    fn access_tokens(&mut self) -> &mut dyn AccessTokens {
        self
    }
    fn accounts(&mut self) -> &mut dyn Accounts {
        self
    }
    fn activations(&mut self) -> &mut dyn Activations {
        self
    }
    fn air_gap_codes(&mut self) -> &mut dyn AirGapCodes {
        self
    }
    fn answered_calls(&mut self) -> &mut dyn AnsweredCalls {
        self
    }
    fn api_keys(&mut self) -> &mut dyn ApiKeys {
        self
    }
    fn bundles(&mut self) -> &mut dyn Bundles {
        self
    }
    fn device_details(&mut self) -> &mut dyn DeviceDetails {
        self
    }
    fn licensed_products(&mut self) -> &mut dyn LicensedProducts {
        self
    }
    fn license_users(&mut self) -> &mut dyn LicenseUsers {
        self
    }
    fn offline_requests(&mut self) -> &mut dyn OfflineRequests {
        self
    }
    fn policies(&mut self) -> &mut dyn Policies {
        self
    }
    fn trials(&mut self) -> &mut dyn Trials {
        self
    }
    fn versions(&mut self) -> &mut dyn Versions {
        self
    }
    fn applications(&mut self) -> &mut dyn Applications {
        self
    }
    fn audit_trail(&mut self) -> &mut dyn AuditTrail {
        self
    }
    fn authorization_keys(&mut self) -> &mut dyn AuthorizationKeys {
        self
    }
    fn credentials(&mut self) -> &mut dyn Credentials {
        self
    }
    fn customers(&mut self) -> &mut dyn Customers {
        self
    }
    fn checkpoints(&mut self) -> &mut dyn Checkpoints {
        self
    }

    fn deliveries(&mut self) -> &mut dyn Deliveries {
        self
    }
    fn delivery_history(&mut self) -> &mut dyn DeliveryHistory {
        self
    }
    fn device_events(&mut self) -> &mut dyn DeviceEvents {
        self
    }
    fn devices(&mut self) -> &mut dyn Devices {
        self
    }
    fn endpoints(&mut self) -> &mut dyn Endpoints {
        self
    }
    fn event_numbers(&mut self) -> &mut dyn EventNumbers {
        self
    }
    fn features(&mut self) -> &mut dyn Features {
        self
    }
    fn files(&mut self) -> &mut dyn Files {
        self
    }
    fn installation(&mut self) -> &mut dyn Installation {
        self
    }
    fn licenses(&mut self) -> &mut dyn Licenses {
        self
    }
    fn orders(&mut self) -> &mut dyn Orders {
        self
    }
    fn outbox(&mut self) -> &mut dyn Outbox {
        self
    }
    fn packages(&mut self) -> &mut dyn Packages {
        self
    }
    fn products(&mut self) -> &mut dyn Products {
        self
    }
    fn refused_uploads(&mut self) -> &mut dyn RefusedUploads {
        self
    }
    fn seats(&mut self) -> &mut dyn Seats {
        self
    }
    fn seat_denials(&mut self) -> &mut dyn SeatDenials {
        self
    }
    fn signing_keys(&mut self) -> &mut dyn SigningKeys {
        self
    }
    fn site_secrets(&mut self) -> &mut dyn SiteSecrets {
        self
    }
    fn sites(&mut self) -> &mut dyn Sites {
        self
    }
    fn spent_tokens(&mut self) -> &mut dyn SpentTokens {
        self
    }
    fn sso_providers(&mut self) -> &mut dyn SsoProviders {
        self
    }
    fn status_reports(&mut self) -> &mut dyn StatusReports {
        self
    }
    fn storage_entries(&mut self) -> &mut dyn StorageEntries {
        self
    }
    fn storage_versions(&mut self) -> &mut dyn StorageVersions {
        self
    }
    fn storages(&mut self) -> &mut dyn Storages {
        self
    }
    fn token_keys(&mut self) -> &mut dyn TokenKeys {
        self
    }
    fn updates(&mut self) -> &mut dyn Updates {
        self
    }
    fn users(&mut self) -> &mut dyn Users {
        self
    }
}

/// Runs a unit to its end on this thread.
///
/// Everything that a repository does here is ready at once, so the unit's future is polled exactly once: a unit that is
/// not finished then has awaited something else.
pub(crate) fn run(connection: &mut Connection, time: &mut TransactionTime, unit: ErasedUnit) -> Ended {
    let mut transaction = SqliteTx::new(connection, time);
    let poll = catch_unwind(AssertUnwindSafe(|| {
        unit(&mut transaction).as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }));
    let (failure, tells) = (transaction.failure, transaction.tells);
    let outcome = match (poll, &failure) {
        (Ok(Poll::Ready(true)), Some(failure)) => {
            tracing::warn!(failure, "a unit of work went on after a failure and was rolled back");
            Err(StoreError::Poisoned)
        }
        (Ok(Poll::Ready(commit)), _) => Ok(commit),
        (Ok(Poll::Pending), _) => Err(StoreError::Suspended),
        (Err(_), _) => Err(StoreError::Panicked),
    };
    Ended { outcome, failure, tells }
}

/// The reason in one line: the text of a failed database lies in its source.
fn describe(error: &StoreError) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
