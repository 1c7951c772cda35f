//! The writer thread: takes units from a queue, runs a group of them in one transaction, and answers all of them after
//! one durable commit. Waiting for the disk is what fills the next group, so durability costs little under load.

use std::sync::Arc;
use std::time::Duration;

use countersign_store::{CommitCounts, Commits, ErasedUnit, Follower, StoreError};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::answers::{Answer, Reply};
use crate::error::OpenError;
use crate::following::Following;
use crate::group;
use crate::time::{StoreTime, TransactionTime};

#[cfg(test)]
mod tests;

/// Units that may wait; further callers wait for a place.
const QUEUE: usize = 4096;
/// Longest time for which a group takes in further units.
const GROUP_TIME: Duration = Duration::from_millis(5);

/// What waits in the queue.
pub(crate) enum Job {
    /// Run this and answer.
    Unit(ErasedUnit, Reply),
    /// Run nothing more, release the database, and answer.
    Close(oneshot::Sender<()>),
}

/// The way to the writer thread.
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
    commits: Arc<Commits>,
    following: Following,
}

impl Writer {
    pub(crate) fn start(connection: Connection, time: Arc<StoreTime>) -> Result<Self, OpenError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let commits = Arc::new(Commits::default());
        let following = Following::default();
        let (counted, of_thread) = (commits.clone(), following.clone());
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || work(connection, &time, (&counted, &of_thread), jobs, GROUP_TIME))
            .map_err(OpenError::Thread)?;
        Ok(Self { queue, commits, following })
    }

    pub(crate) async fn run(&self, unit: ErasedUnit) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Job::Unit(unit, reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_or(Err(StoreError::OutcomeUnknown), Answer::open)
    }

    /// Asks somebody for a further unit in each commit of an event.
    pub(crate) fn follow(&self, follower: Option<Follower>) {
        self.following.set(follower);
    }

    /// How units have become durable so far.
    pub(crate) fn commits(&self) -> CommitCounts {
        self.commits.counts()
    }

    pub(crate) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.queue.send(Job::Close(reply)).await.is_ok() {
            // An error means that the thread is gone, which is what was asked for.
            let _ = done.await;
        }
        // It may hold what else holds this store.
        self.following.set(None);
    }
}

fn work(
    mut connection: Connection,
    time: &Arc<StoreTime>,
    (commits, following): (&Commits, &Following),
    mut jobs: mpsc::Receiver<Job>,
    group_time: Duration,
) {
    while let Some(job) = jobs.blocking_recv() {
        let close = match job {
            Job::Unit(unit, reply) => {
                let time = TransactionTime::new(time);
                group::run(&mut connection, time, (commits, following), (unit, reply), &mut jobs, group_time)
            }
            Job::Close(closed) => Some(closed),
        };
        if let Some(closed) = close {
            return finish(connection, jobs, closed);
        }
    }
}

fn finish(connection: Connection, mut jobs: mpsc::Receiver<Job>, closed: oneshot::Sender<()>) {
    jobs.close();
    if let Err((_, error)) = connection.close() {
        tracing::warn!(error = %error, "the database file was not closed cleanly");
    }
    let _ = closed.send(());
    // Those that came too late must hear that they were not run, and not that nobody knows.
    while let Some(job) = jobs.blocking_recv() {
        match job {
            Job::Unit(_, reply) => {
                let _ = reply.send(Answer::alone(Err(StoreError::Closed)));
            }
            Job::Close(closed) => {
                let _ = closed.send(());
            }
        }
    }
}
