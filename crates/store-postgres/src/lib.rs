//! The store for several nodes: PostgreSQL behind the store port.
//!
//! A unit of work is one transaction on a connection of a small pool, and runs in a task of its own, so that a caller
//! that goes away cannot stop it half-way. Units that change run at READ COMMITTED and lock what they depend on (see
//! `repositories/sites.rs`, and `repositories/licenses.rs` for the order of locks); units that read see one consistent
//! view. Limits are judged by the database's clock, which is the same for all nodes.
//!
//! The connection is not encrypted yet: it is a Unix socket, or a network that nobody else listens on. The driver hands
//! statements with their values to the `log` crate at level `debug`; a program that forwards those records to its own
//! log would write hashes and sealed keys there.
//!
//! This crate must never hold a business rule: what is allowed is decided before a repository is called.

mod connection;
mod error;
mod migrations;
mod pool;
#[cfg(any(test, feature = "private-databases"))]
mod private_database;
mod repositories;
mod rows;
#[cfg(any(test, feature = "private-databases"))]
mod steady_clock;
mod transaction;
mod unit;
mod units;

use std::path::PathBuf;
use std::sync::Arc;

use countersign_domain::time::Timestamp;
#[cfg(any(test, feature = "private-databases"))]
use countersign_store::Clock;
use countersign_store::{Backend, BoxFuture, CheckDepth, CommitCounts, Copied, ErasedUnit, MigrationState, StoreError};
use tokio_postgres::Config;
use tokio_util::task::TaskTracker;

use crate::connection::Connection;
use crate::pool::Pool;
#[cfg(any(test, feature = "private-databases"))]
use crate::steady_clock::SteadyClock;
use crate::units::{Kind, Units};

pub use crate::error::{Fault, OpenError};
#[cfg(any(test, feature = "private-databases"))]
pub use crate::private_database::{PrivateDatabase, test_cluster};

/// Connections for units that write. Administrative changes wait for each other anyway (`Sites::touch`), and what devices
/// write is short; more connections would mostly be more of them waiting for the same disk.
const WRITERS: usize = 8;
/// Connections for units that read, of their own, so that looking never waits for writing. The hot paths do not read at
/// all.
const READERS: usize = 4;

/// Every statement sees what was committed before it began; what must stay true is locked.
const BEGIN_WRITE: &str = "begin isolation level read committed read write";
/// All statements of the unit see the same state.
const BEGIN_READ: &str = "begin isolation level repeatable read read only";

/// A PostgreSQL database as a store.
pub struct PostgresStore {
    units: Arc<Units>,
}

impl PostgresStore {
    /// Connects to a database and applies missing migrations. `connection` is a URL (`postgres://…`) or the key-value
    /// form that libpq reads.
    ///
    /// # Errors
    /// [`OpenError`] when the database cannot be reached or used, was written by a newer program, or holds an altered
    /// migration. Another process that migrates the same database is waited for, for some seconds.
    pub async fn open(connection: &str, now: Timestamp) -> Result<Self, OpenError> {
        Ok(Self { units: Arc::new(open_units(connection, now).await?) })
    }

    /// Which migrations a database has, and which of this program it lacks. Nothing is changed.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn migrations(connection: &str) -> Result<MigrationState, OpenError> {
        let config: Config = connection.parse().map_err(|_| OpenError::ConnectionString)?;
        let mut connection = Connection::open(&config, &TaskTracker::new()).await?;
        migrations::state(&mut connection).await
    }

    /// The same, with units that take the time from a clock that tests move, and not from the database. As on the
    /// embedded store, units see it stand still when it is set back.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    #[cfg(any(test, feature = "private-databases"))]
    pub async fn open_with_clock(connection: &str, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let units = open_units(connection, clock.now()).await?;
        Ok(Self { units: Arc::new(units.with_clock(Arc::new(SteadyClock::new(clock)))) })
    }
}

impl Backend for PostgresStore {
    fn write(&self, unit: ErasedUnit) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.units.clone().run(Kind::Write, unit))
    }

    fn read(&self, unit: ErasedUnit) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.units.clone().run(Kind::Read, unit))
    }

    /// `pg_dump` does it better.
    fn copy_to(&self, _file: PathBuf) -> BoxFuture<'_, Result<Copied, StoreError>> {
        Box::pin(async { Ok(Copied::NotHere) })
    }

    /// `pg_amcheck` and page checksums do it better.
    fn check(&self, _depth: CheckDepth) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn commits(&self) -> CommitCounts {
        self.units.commits.counts()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.units.close())
    }
}

async fn open_units(connection: &str, now: Timestamp) -> Result<Units, OpenError> {
    // The driver's own text may quote a piece of the string.
    let config: Config = connection.parse().map_err(|_| OpenError::ConnectionString)?;
    let drivers = TaskTracker::new();
    let mut connection = Connection::open(&config, &drivers).await?;
    migrations::apply(&mut connection, now).await?;
    let writers = Pool::new(config.clone(), BEGIN_WRITE, WRITERS, drivers.clone());
    writers.adopt(connection);
    let readers = Pool::new(config, BEGIN_READ, READERS, drivers.clone());
    Ok(Units::new(writers, readers, drivers))
}
