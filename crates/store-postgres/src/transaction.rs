//! One transaction: its operations, and how it ends.

use std::borrow::Cow;
use std::error::Error;

use async_trait::async_trait;
use countersign_domain::time::Timestamp;
use countersign_store::repositories::{
    AccessTokens, Accounts, Activations, AirGapCodes, AnsweredCalls, ApiKeys, Applications, AuditTrail,
    AuthorizationKeys, Bundles, Checkpoints, Credentials, Customers, Deliveries, DeliveryHistory, DeviceDetails,
    DeviceEvents, Devices, Endpoints, EventNumbers, Features, Files, Installation, LicenseUsers, LicensedProducts,
    Licenses, OfflineRequests, Orders, Outbox, Packages, Policies, Products, RefusedUploads, SeatDenials, Seats,
    SigningKeys, SiteSecrets, Sites, SpentTokens, SsoProviders, StatusReports, StorageEntries, StorageVersions,
    Storages, TokenKeys, Trials, Updates, Users, Versions,
};
use countersign_store::{Clock, ErasedUnit, StoreError, Tx};
use tokio_postgres::Row;

use crate::connection::{Answer, Owned, Sql, Unsent, Value};
use crate::pool::{Lent, Pool};
use crate::rows::{Grouped, Place, column, time};
use crate::unit::{InFlight, Watched};

/// A transaction on a connection. All repositories are methods of this one value.
pub(crate) struct PgTx<'c> {
    lent: &'c mut Lent,
    /// Where the connection is from, until the transaction has begun: it begins with its first statements.
    begins: Option<&'c Pool>,
    in_flight: InFlight,
    /// Tells the time in the place of the database.
    clock: Option<&'c dyn Clock>,
    /// Statements that were put off.
    unsent: Vec<Unsent>,
    /// The time that came with the last exchange: nobody was waited for since.
    time: Option<Timestamp>,
    /// Why the first operation that failed did so.
    failure: Option<Cow<'static, str>>,
    /// Whether an event was written.
    pub(crate) tells: bool,
}

/// What is known of an operation whose end was not awaited.
const ABANDONED: Cow<'static, str> = Cow::Borrowed("an operation was begun and its end not awaited");

/// Most statements that are put off.
const UNSENT: usize = 64;

/// The time at which it is asked, not at which the transaction began: a unit that has waited for another one must not
/// write an earlier time than that one.
macro_rules! now {
    () => {
        "floor(extract(epoch from clock_timestamp()) * 1000)::bigint"
    };
}

pub(crate) use now;

pub(crate) const NOW: &str = concat!("select ", now!());

impl PgTx<'_> {
    /// Runs a statement and reads all of its rows.
    pub(crate) async fn all<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl FnMut(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.rows(sql, values).await?;
        self.check(rows.iter().map(read).collect())
    }

    /// Runs a statement and reads its first row.
    pub(crate) async fn first<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let rows = self.rows(sql, values).await?;
        self.check(rows.first().map(read).transpose())
    }

    /// Runs a statement whose first column is the row id of a whole, and groups its rows by it. A list of wholes with
    /// their parts takes one such statement for each table of parts, however long the list is.
    pub(crate) async fn grouped<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row) -> Result<T, StoreError>,
    ) -> Result<Grouped<T>, StoreError> {
        let mut groups = Grouped::new();
        for (whole, part) in self.all(sql, values, |row| Ok((column(row, 0)?, read(row)?))).await? {
            groups.entry(whole).or_default().push(part);
        }
        Ok(groups)
    }

    /// Runs an `insert … on conflict do nothing returning id` and gives the id, or `None` when the name was taken.
    pub(crate) async fn inserted(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Option<i64>, StoreError> {
        self.first(sql, values, |row| column(row, 0)).await
    }

    /// Runs a statement that changes rows and gives their number.
    pub(crate) async fn changed(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        Ok(self.run(sql, values).await?.count)
    }

    /// Runs a statement and gives its rows, for operations that read them when other statements have run.
    pub(crate) async fn rows(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        Ok(self.run(sql, values).await?.rows)
    }

    /// Passes the result of an operation on. An error ends the transaction: what a failed operation has half written must
    /// not be built upon.
    pub(crate) fn check<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.inspect_err(|error| self.failure = Some(describe(error).into()))
    }

    /// Runs statements one after the other in one exchange, and gives the answer of each.
    pub(crate) async fn run_all(&mut self, statements: &[Sql<'_>]) -> Result<Vec<Answer>, StoreError> {
        if self.failure.is_some() {
            return Err(StoreError::Poisoned);
        }
        // Stands if the unit drops this future before it has resolved.
        self.failure = Some(ABANDONED);
        let (waiting, unsent) = (self.in_flight.begin(), std::mem::take(&mut self.unsent));
        self.time = None;
        let answers = match self.begins.take() {
            Some(pool) => pool.begin(self.lent, unsent, statements).await,
            None => self.lent.connection.run_all(unsent, statements).await,
        };
        drop(waiting);
        self.failure = None;
        self.check(answers.map_err(StoreError::from))
    }

    /// The same where the last column of the last one is the time ([`now`]), of its first row: whoever locks a row asks for it
    /// next.
    pub(crate) async fn run_all_and_now(&mut self, statements: &[Sql<'_>]) -> Result<Vec<Answer>, StoreError> {
        let answers = self.run_all(statements).await?;
        let row = answers.last().and_then(|answer| answer.rows.first());
        let now = row.map(|row| column(row, row.len().saturating_sub(1))).transpose();
        self.time = self.check(now)?.map(time);
        Ok(answers)
    }

    /// Puts off a statement whose answer says nothing: it goes to the server with the next one, or with the commit. A failure
    /// is that of the operation that sends it.
    pub(crate) async fn later(&mut self, sql: &'static str, values: Vec<Owned>) -> Result<(), StoreError> {
        if self.failure.is_some() {
            return Err(StoreError::Poisoned);
        }
        self.unsent.push(Unsent { sql, values });
        if self.unsent.len() >= UNSENT {
            self.run_all(&[]).await?;
        }
        Ok(())
    }

    async fn run(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Answer, StoreError> {
        let mut answers = self.run_all(&[(sql, values)]).await?;
        answers.pop().ok_or(StoreError::OutcomeUnknown)
    }
}

/// What is to become of a transaction.
pub(crate) enum Ended {
    /// It has not begun, and need not: the unit has asked for nothing.
    Untouched,
    /// These statements are to be sent, and what was done is to be committed.
    Commit(Vec<Unsent>),
    /// What was done is not to be kept.
    RollBack,
}

/// Runs a unit to its end. An error: it did not come to an end, or must not be committed. A transaction that has begun stays
/// open. A `clock` tells the unit the time in the place of the database.
pub(crate) async fn run(
    lent: &mut Lent,
    pool: &Pool,
    clock: Option<&dyn Clock>,
    unit: ErasedUnit,
) -> Result<Ended, StoreError> {
    let (in_flight, begins, unsent) = (InFlight::default(), Some(pool), Vec::new());
    let watched = in_flight.clone();
    let mut transaction = PgTx { lent, begins, in_flight, clock, unsent, time: None, failure: None, tells: false };
    let outcome = Watched::new(Box::pin(async { unit(&mut transaction).await }), watched).await;
    if let (Ok(true), Some(failure)) = (&outcome, &transaction.failure) {
        tracing::warn!(%failure, "a unit of work went on after a failure and was rolled back");
        return Err(StoreError::Poisoned);
    }
    match (outcome?, transaction.begins.is_some()) {
        (_, true) if transaction.unsent.is_empty() => return Ok(Ended::Untouched),
        (false, true) => return Ok(Ended::Untouched),
        (false, false) => return Ok(Ended::RollBack),
        // All that it has done was put off.
        (true, true) => transaction.run_all(&[]).await.map(drop)?,
        (true, false) => {}
    }
    Ok(Ended::Commit(transaction.unsent))
}

#[async_trait]
impl Tx for PgTx<'_> {
    async fn now(&mut self) -> Result<Timestamp, StoreError> {
        match (self.clock, self.time) {
            (Some(_), _) if self.failure.is_some() => Err(StoreError::Poisoned),
            (Some(clock), _) => Ok(clock.now()),
            (None, Some(time)) if self.failure.is_none() => Ok(time),
            (None, _) => {
                let millis = self.first(NOW, &[], |row| column(row, 0)).await?;
                self.check(Place { table: "clock_timestamp", row: 0 }.present("now", millis).map(time))
            }
        }
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

/// The reason in one line: the text of a failed database lies in its source.
fn describe(error: &StoreError) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
