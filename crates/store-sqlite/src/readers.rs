//! Reader threads: each has a connection of its own and takes units from one shared queue: the next one, and some of those
//! that wait behind it. All of these see the same moment, which is later than each of them came.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_store::{ErasedUnit, StoreError};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::answers::{self, Answer, Reply};
use crate::connection::{self, run_statement};
use crate::error::OpenError;
use crate::time::{StoreTime, TransactionTime};
use crate::transaction;

/// Reads are short and the hot paths do not read at all; two threads keep one slow listing from holding the rest.
const THREADS: usize = 2;
/// Units that may wait; further callers wait for a place.
const QUEUE: usize = 1024;

/// Units that are taken at once. Enough to share the cost of a view; few enough that none waits long for a long one.
const TOGETHER: usize = 16;

enum Job {
    Unit(ErasedUnit, Reply),
    Close(oneshot::Sender<()>),
}

/// The way to the reader threads.
pub(crate) struct Readers {
    queue: mpsc::Sender<Job>,
}

impl Readers {
    pub(crate) fn start(path: &Path, time: &Arc<StoreTime>) -> Result<Self, OpenError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 1..=THREADS {
            let connection = connection::open_reader(path)?;
            let (jobs, time) = (jobs.clone(), time.clone());
            std::thread::Builder::new()
                .name(format!("sqlite-reader-{number}"))
                .spawn(move || work(connection, &time, &jobs))
                .map_err(OpenError::Thread)?;
        }
        Ok(Self { queue })
    }

    pub(crate) async fn run(&self, unit: ErasedUnit) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Job::Unit(unit, reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_or(Err(StoreError::Closed), Answer::open)
    }

    /// Ends all threads and waits for their connections to close: only the last connection of all tidies the log away.
    pub(crate) async fn close(&self) {
        for _ in 0..THREADS {
            let (reply, done) = oneshot::channel();
            if self.queue.send(Job::Close(reply)).await.is_ok() {
                // An error means that the thread is gone, which is what was asked for.
                let _ = done.await;
            }
        }
    }
}

fn work(mut connection: Connection, time: &Arc<StoreTime>, jobs: &Mutex<mpsc::Receiver<Job>>) {
    let mut together = Vec::with_capacity(TOGETHER);
    loop {
        let taken = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv_many(&mut together, TOGETHER);
        if taken == 0 {
            return;
        }
        let (mut view, mut outcomes, mut asked_to_close) = (View::None, Vec::with_capacity(taken), None);
        for job in together.drain(..) {
            match job {
                Job::Unit(unit, reply) => {
                    outcomes.push((reply, run(&mut connection, &mut view, TransactionTime::new(time), unit)));
                }
                Job::Close(done) => asked_to_close = Some(done),
            }
        }
        answers::send(outcomes);
        end_view(&connection);
        if let Some(done) = asked_to_close {
            drop(connection);
            let _ = done.send(());
            return;
        }
    }
}

/// Whether the units that were taken together have a view of the store already.
#[derive(PartialEq, Eq)]
pub(crate) enum View {
    /// Not yet.
    None,
    /// It has one; the next unit shares it.
    Open,
}

/// Runs a unit on a consistent view: that of the units before it, or a new one. It writes nothing, so the view is always
/// given back by a rollback.
pub(crate) fn run(
    connection: &mut Connection,
    view: &mut View,
    mut time: TransactionTime,
    unit: ErasedUnit,
) -> Result<(), StoreError> {
    if *view == View::None || connection.is_autocommit() {
        // A view that could not be given back the last time would show the past for ever.
        give_back_view(connection).and_then(|()| run_statement(connection, "begin")).map_err(StoreError::backend)?;
        *view = View::Open;
    }
    transaction::run(connection, &mut time, unit).outcome.map(|_| ())
}

/// Gives back the view of the units before, if there is one.
pub(crate) fn end_view(connection: &Connection) {
    if let Err(error) = give_back_view(connection) {
        tracing::warn!(error = %error, "a reader did not give back its view");
    }
}

fn give_back_view(connection: &Connection) -> rusqlite::Result<()> {
    if connection.is_autocommit() { Ok(()) } else { run_statement(connection, "rollback") }
}
