//! Connections that are kept for the next unit. Each pool has a fixed number of places, and a unit holds one from its
//! beginning to its end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_store::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::Config;
use tokio_util::task::TaskTracker;

use crate::connection::{Answer, Connection, Sql, Unsent};
use crate::error::Fault;

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

/// A connection for a transaction, and its place.
pub(crate) struct Lent {
    pub(crate) connection: Connection,
    /// Whether it was made just now: the server was there then.
    is_new: bool,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(config: Config, begin: &'static str, places: usize, drivers: TaskTracker) -> Self {
        Self { config, begin, places: Arc::new(Semaphore::new(places)), idle: Mutex::default(), drivers }
    }

    /// Waits for a place, and gives a kept connection or a new one.
    pub(crate) async fn lend(&self) -> Result<Lent, StoreError> {
        let place = tokio::time::timeout(PLACE_TIMEOUT, self.places.clone().acquire_owned()).await;
        let place = place.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Closed)?;
        let (connection, is_new) = self.connection().await?;
        Ok(Lent { connection, is_new, _place: place })
    }

    /// Begins a transaction and runs its first statements: in one exchange where they only read. Should the server refuse to
    /// begin, each of them runs by itself, and a statement that writes must not.
    pub(crate) async fn begin(
        &self,
        lent: &mut Lent,
        unsent: Vec<Unsent>,
        statements: &[Sql<'_>],
    ) -> Result<Vec<Answer>, Fault> {
        let only_read = unsent.is_empty() && statements.iter().all(|(sql, _)| sql.starts_with("select "));
        loop {
            let begin = vec![Unsent { sql: self.begin, values: Vec::new() }];
            let begun = lent.connection.run_all(begin, if only_read { statements } else { &[] }).await;
            match begun {
                Ok(answers) if only_read => return Ok(answers),
                Ok(_) => return lent.connection.run_all(unsent, statements).await,
                Err(fault) if lent.is_new || fault.is_refusal() => return Err(fault),
                // The server may have been restarted since; nothing was done, so another connection is as good.
                Err(_) => {}
            }
            if lent.connection.is_silent() {
                // Each of the others would be waited for just as long.
                self.empty();
            }
            (lent.connection, lent.is_new) = self.connection().await?;
        }
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

    /// A kept connection that can be used, or a new one, and whether it is new.
    async fn connection(&self) -> Result<(Connection, bool), Fault> {
        while let Some(connection) = self.take() {
            if connection.is_usable() {
                return Ok((connection, false));
            }
        }
        Ok((Connection::open(&self.config, &self.drivers).await?, true))
    }

    fn take(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}
