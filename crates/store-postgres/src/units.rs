//! Units on their way: each runs in a task of its own, which nobody but the end of the process can stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use countersign_store::{Clock, Commits, ErasedUnit, StoreError};
use tokio::sync::{Semaphore, oneshot};
use tokio_util::task::TaskTracker;

use crate::pool::{Lent, Pool};
use crate::transaction::{self, Ended};

/// Units that may run or wait for a connection; further callers wait for a place.
const QUEUE: usize = 4096;
/// Longest wait for connections to say goodbye when the store is closed.
const GOODBYE: Duration = Duration::from_secs(2);

/// The way from a caller to a transaction.
pub(crate) struct Units {
    pub(crate) writers: Pool,
    pub(crate) readers: Pool,
    drivers: TaskTracker,
    /// Tells the time in the place of the database.
    clock: Option<Arc<dyn Clock>>,
    queue: Arc<Semaphore>,
    running: TaskTracker,
    closed: AtomicBool,
    pub(crate) commits: Commits,
}

/// What a unit may do.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Read,
    Write,
}

impl Units {
    pub(crate) fn new(writers: Pool, readers: Pool, drivers: TaskTracker) -> Self {
        let queue = Arc::new(Semaphore::new(QUEUE));
        let closed = AtomicBool::new(false);
        Self {
            writers,
            readers,
            drivers,
            clock: None,
            queue,
            running: TaskTracker::new(),
            closed,
            commits: Commits::default(),
        }
    }

    /// The same, with units that take the time from a clock and not from the database.
    #[cfg(any(test, feature = "private-databases"))]
    pub(crate) fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Runs a unit. A caller that drops this after the unit was handed over does not stop it.
    pub(crate) async fn run(self: Arc<Self>, kind: Kind, unit: ErasedUnit) -> Result<(), StoreError> {
        let place = self.queue.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        // Before the look at `closed`: whoever closes the store either is seen here, or waits for this unit.
        let counted = self.running.token();
        if self.closed.load(Ordering::SeqCst) {
            return Err(StoreError::Closed);
        }
        let (reply, answer) = oneshot::channel();
        let units = self.clone();
        self.running.spawn(async move {
            let outcome = match kind {
                Kind::Read => units.read(unit).await,
                Kind::Write => units.write(unit).await,
            };
            drop(place);
            // A caller that went away does not need its answer.
            let _ = reply.send(outcome);
        });
        drop(counted);
        answer.await.unwrap_or(Err(StoreError::OutcomeUnknown))
    }

    /// Refuses new units, waits for those that were taken in, and closes all connections.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.running.close();
        self.running.wait().await;
        self.writers.empty();
        self.readers.empty();
        self.drivers.close();
        if tokio::time::timeout(GOODBYE, self.drivers.wait()).await.is_err() {
            tracing::warn!("a connection to the database did not end in time");
        }
    }

    async fn write(&self, unit: ErasedUnit) -> Result<(), StoreError> {
        let mut lent = self.writers.lend().await?;
        let outcome = match transaction::run(&mut lent, &self.writers, self.clock.as_deref(), unit).await {
            Ok(Ended::Commit(unsent)) => {
                #[expect(clippy::disallowed_methods, reason = "measures the database; no stored value depends on it")]
                let began = Instant::now();
                match lent.connection.commit(unsent).await {
                    Ok(()) => {
                        self.commits.count(1, began.elapsed());
                        self.writers.keep(lent);
                        return Ok(());
                    }
                    Err(fault) => {
                        tracing::error!(error = %fault, "a commit failed");
                        Err(if fault.is_refusal() { StoreError::backend(fault) } else { StoreError::OutcomeUnknown })
                    }
                }
            }
            Ok(Ended::Untouched) => {
                self.writers.keep(lent);
                return Ok(());
            }
            Ok(Ended::RollBack) => Ok(()),
            Err(error) => Err(error),
        };
        give_back(&self.writers, lent).await;
        outcome
    }

    async fn read(&self, unit: ErasedUnit) -> Result<(), StoreError> {
        let mut lent = self.readers.lend().await?;
        let outcome = transaction::run(&mut lent, &self.readers, self.clock.as_deref(), unit).await;
        if let Ok(Ended::Untouched) = outcome {
            self.readers.keep(lent);
            return Ok(());
        }
        give_back(&self.readers, lent).await;
        match outcome? {
            Ended::Commit(unsent) if !unsent.is_empty() => {
                Err(StoreError::backend("a unit that only reads has written"))
            }
            Ended::Untouched | Ended::Commit(_) | Ended::RollBack => Ok(()),
        }
    }
}

/// Ends a transaction of which nothing is to be kept. A connection that cannot even do that is not kept either.
async fn give_back(pool: &Pool, mut lent: Lent) {
    // The server ends the transaction by itself when its connection is gone.
    if !lent.connection.is_usable() {
        return;
    }
    match lent.connection.batch("rollback").await {
        Ok(()) => pool.keep(lent),
        Err(fault) => tracing::warn!(error = %fault, "a transaction was not rolled back; its connection is given up"),
    }
}
