//! The store for several nodes: PostgreSQL behind the store port.
//!
//! A unit of work is one transaction on a connection of a small pool, and runs in a task of its own, so that a caller
//! that goes away cannot stop it half-way. Units that change run at READ COMMITTED and lock what they depend on (see
//! `repositories/sites.rs`); units that read see one consistent view.
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
mod transaction;
mod unit;
mod units;

use std::sync::Arc;

use countersign_domain::time::Timestamp;
use countersign_store::{Backend, BoxFuture, ErasedUnit, StoreError};
use tokio_postgres::Config;
use tokio_util::task::TaskTracker;

use crate::connection::Connection;
use crate::pool::Pool;
use crate::units::{Kind, Units};

pub use crate::error::{Fault, OpenError};
#[cfg(any(test, feature = "private-databases"))]
pub use crate::private_database::{PrivateDatabase, test_cluster};

/// Connections for units that write. All that change something wait for each other anyway (`Sites::touch`); more
/// connections would only be more of them waiting.
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
        // The driver's own text may quote a piece of the string.
        let config: Config = connection.parse().map_err(|_| OpenError::ConnectionString)?;
        let drivers = TaskTracker::new();
        let mut connection = Connection::open(&config, &drivers).await?;
        migrations::apply(&mut connection, now).await?;
        let writers = Pool::new(config.clone(), BEGIN_WRITE, WRITERS, drivers.clone());
        writers.adopt(connection);
        let readers = Pool::new(config, BEGIN_READ, READERS, drivers.clone());
        Ok(Self { units: Arc::new(Units::new(writers, readers, drivers)) })
    }
}

impl Backend for PostgresStore {
    fn write(&self, unit: ErasedUnit) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.units.clone().run(Kind::Write, unit))
    }

    fn read(&self, unit: ErasedUnit) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.units.clone().run(Kind::Read, unit))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.units.close())
    }
}
