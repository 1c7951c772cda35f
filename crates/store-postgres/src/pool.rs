//! Connections that are kept for the next unit. Each pool has a fixed number of places, and a unit holds one from its
//! beginning to its end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_store::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::Config;
use tokio_util::task::TaskTracker;

use crate::connection::Connection;

/// Longest wait for a place: the units before have long ended by then, or the database hangs.
const PLACE_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections on which transactions of one kind are made.
pub(crate) struct Pool {
    config: Config,
    /// The statement that begins a transaction.
    begin: &'static str,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
    drivers: TaskTracker,
}

/// A connection with an open transaction, and its place.
pub(crate) struct Lent {
    pub(crate) connection: Connection,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(config: Config, begin: &'static str, places: usize, drivers: TaskTracker) -> Self {
        Self { config, begin, places: Arc::new(Semaphore::new(places)), idle: Mutex::default(), drivers }
    }

    /// Waits for a place and begins a transaction, on a kept connection or a new one.
    pub(crate) async fn begin(&self) -> Result<Lent, StoreError> {
        let place = tokio::time::timeout(PLACE_TIMEOUT, self.places.clone().acquire_owned()).await;
        let place = place.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Closed)?;
        while let Some(mut connection) = self.take() {
            // The server may have been restarted since; nothing was begun, so another connection is as good.
            if connection.is_usable() && connection.batch(self.begin).await.is_ok() {
                return Ok(Lent { connection, _place: place });
            }
            if connection.is_silent() {
                // Each of the others would be waited for just as long.
                self.empty();
            }
        }
        let mut connection = Connection::open(&self.config, &self.drivers).await?;
        connection.batch(self.begin).await?;
        Ok(Lent { connection, _place: place })
    }

    /// Takes a connection back whose transaction has ended.
    pub(crate) fn keep(&self, lent: Lent) {
        if lent.connection.is_usable() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(lent.connection);
        }
    }

    /// Takes in a connection that was made elsewhere.
    pub(crate) fn adopt(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }

    /// Lets go of all connections that are not in use.
    pub(crate) fn empty(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn take(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}
