//! The writer thread: takes units from a queue, runs a group of them in one transaction, and answers all of them after
//! one durable commit. Waiting for the disk is what fills the next group, so durability costs little under load.

use std::time::{Duration, Instant};

use countersign_store::{ErasedUnit, StoreError};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::migrations::OpenError;
use crate::transaction;

/// Units that may wait; further callers wait for a place.
const QUEUE: usize = 4096;
/// Most units in one commit: bounds how much is lost from memory, and how long the first one waits.
const GROUP: usize = 256;
/// Longest time for which a group takes in further units.
const GROUP_TIME: Duration = Duration::from_millis(5);

enum Job {
    Unit(ErasedUnit, Reply),
    Close(oneshot::Sender<()>),
}

/// The way to the writer thread.
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
}

impl Writer {
    pub(crate) fn start(connection: Connection) -> Result<Self, OpenError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || work(connection, jobs))
            .map_err(OpenError::Thread)?;
        Ok(Self { queue })
    }

    pub(crate) async fn run(&self, unit: ErasedUnit) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Job::Unit(unit, reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::OutcomeUnknown))
    }

    pub(crate) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.queue.send(Job::Close(reply)).await.is_ok() {
            // An error means that the thread is gone, which is what was asked for.
            let _ = done.await;
        }
    }
}

fn work(mut connection: Connection, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.blocking_recv() {
        match job {
            Job::Unit(unit, reply) => {
                if let Some(closed) = run_group(&mut connection, (unit, reply), &mut jobs) {
                    return finish(connection, jobs, closed);
                }
            }
            Job::Close(closed) => return finish(connection, jobs, closed),
        }
    }
}

fn finish(connection: Connection, jobs: mpsc::Receiver<Job>, closed: oneshot::Sender<()>) {
    drop(jobs);
    if let Err((_, error)) = connection.close() {
        tracing::warn!(error = %error, "the database file was not closed cleanly");
    }
    let _ = closed.send(());
}

type Reply = oneshot::Sender<Result<(), StoreError>>;

/// Runs one group. Gives back the reply to a request to close that was met on the way.
fn run_group(
    connection: &mut Connection,
    first: (ErasedUnit, Reply),
    jobs: &mut mpsc::Receiver<Job>,
) -> Option<oneshot::Sender<()>> {
    #[expect(clippy::disallowed_methods, reason = "bounds the group; no stored value depends on it")]
    let began = Instant::now();
    let mut group: Vec<(Reply, Result<(), StoreError>)> = Vec::new();
    let mut close = None;
    let mut next = Some(first);
    let mut transaction = connection.execute_batch("begin immediate");
    while let Some((unit, reply)) = next.take() {
        let outcome = transaction.and_then(|()| run_unit(connection, unit));
        match outcome {
            Ok(outcome) => {
                group.push((reply, outcome));
                transaction = Ok(());
            }
            Err(error) => {
                // The answer is replaced below: nothing of this group was kept.
                group.push((reply, Ok(())));
                transaction = Err(error);
                break;
            }
        }
        if group.len() < GROUP && began.elapsed() < GROUP_TIME {
            match jobs.try_recv() {
                Ok(Job::Unit(unit, reply)) => next = Some((unit, reply)),
                Ok(Job::Close(reply)) => close = Some(reply),
                Err(_) => {}
            }
        }
    }
    match transaction.and_then(|()| connection.execute_batch("commit")) {
        Ok(()) => {
            for (reply, outcome) in group {
                // A caller that went away does not need its answer; what it wrote is kept.
                let _ = reply.send(outcome);
            }
        }
        Err(error) => give_up(connection, &error, group),
    }
    close
}

/// Rolls back a lost transaction and tells all of its units.
fn give_up(connection: &Connection, error: &rusqlite::Error, group: Vec<(Reply, Result<(), StoreError>)>) {
    tracing::error!(error = %error, units = group.len(), "a group of writes was not committed");
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("rollback")
    {
        tracing::error!(error = %error, "the database did not roll back");
    }
    for (reply, _) in group {
        let _ = reply.send(Err(StoreError::backend(error.to_string())));
    }
}

/// Runs one unit inside a savepoint.
///
/// # Errors
/// When the whole transaction is lost: SQLite ended it by itself, or a savepoint could not be undone.
fn run_unit(connection: &mut Connection, unit: ErasedUnit) -> Result<Result<(), StoreError>, rusqlite::Error> {
    connection.execute_batch("savepoint unit")?;
    let outcome = transaction::run(connection, unit);
    if connection.is_autocommit() {
        // A full disk or a damaged file makes SQLite roll everything back by itself: the whole group is lost.
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT),
            Some("the database ended the transaction".to_owned()),
        ));
    }
    match outcome {
        Ok(true) => connection.execute_batch("release unit")?,
        Ok(false) | Err(_) => connection.execute_batch("rollback to unit; release unit")?,
    }
    Ok(outcome.map(|_| ()))
}
