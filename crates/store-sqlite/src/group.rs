//! One group of units: one transaction, a savepoint for each unit but the first, one durable commit, then all the answers.

use std::time::{Duration, Instant};

use countersign_store::{Commits, Ended, ErasedUnit, StoreError};
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use crate::answers::{self, Reply};
use crate::connection::run_statement;
use crate::following::{self, Following};
use crate::time::TransactionTime;
use crate::transaction;
use crate::writer::Job;

#[cfg(test)]
mod tests;

/// Most units in one commit: bounds how much is lost from memory, and how long the first one waits.
const GROUP: usize = 256;

const BEGIN: &str = "begin immediate";
const BEGIN_UNIT: &str = "savepoint unit";
const UNDO_UNIT: &str = "rollback to unit";
const END_UNIT: &str = "release unit";
const UNDO_GROUP: &str = "rollback";
const COMMIT: &str = "commit";

/// Runs one group: the first unit, what comes in within `limit`, and at the end the follower's if an event was written. Gives
/// back the reply to a request to close that was met on the way.
pub(crate) fn run(
    connection: &mut Connection,
    mut time: TransactionTime,
    (commits, following): (&Commits, &Following),
    first: (ErasedUnit, Reply),
    jobs: &mut mpsc::Receiver<Job>,
    limit: Duration,
) -> Option<oneshot::Sender<()>> {
    #[expect(clippy::disallowed_methods, reason = "bounds the group; no stored value depends on it")]
    let began = Instant::now();
    if let Err(error) = begin(connection) {
        return refuse(&error, first.1, jobs);
    }
    let mut group = Group::default();
    let (mut close, mut told) = (None, false);
    let mut next = Some(first);
    while let Some((unit, reply)) = next.take() {
        let ran = match group.units.is_empty() {
            true => run_first(connection, &mut time, unit),
            false => run_unit(connection, &mut time, unit),
        };
        match ran {
            Ok(Ran { outcome, tells }) => {
                told |= tells;
                group.units.push((reply, outcome));
            }
            Err(lost) => {
                group.units.push((reply, Ok(false)));
                give_up(connection, &lost, group);
                return close;
            }
        }
        if connection.is_autocommit() {
            // The first unit was undone, and the transaction with it.
            tell(group);
            return close;
        }
        if group.units.len() < GROUP && began.elapsed() < limit {
            match jobs.try_recv() {
                Ok(Job::Unit(unit, reply)) => next = Some((unit, reply)),
                Ok(Job::Close(reply)) => close = Some(reply),
                Err(_) => {}
            }
        }
    }
    if told && let Some((unit, ended)) = following.next() {
        match run_unit(connection, &mut time, unit) {
            Ok(Ran { outcome, .. }) => group.follower = Some((ended, outcome)),
            Err(lost) => {
                group.follower = Some((ended, Ok(false)));
                give_up(connection, &lost, group);
                return close;
            }
        }
    }
    match time.keep(connection) {
        Ok(()) => commit(connection, commits, group),
        Err(error) => give_up(connection, &error.into(), group),
    }
    close
}

/// The units that ran, each with what is known about it: `true` when it wants to be committed.
#[derive(Default)]
struct Group {
    units: Vec<(Reply, Result<bool, StoreError>)>,
    follower: Option<(Ended, Result<bool, StoreError>)>,
}

impl Group {
    fn len(&self) -> usize {
        self.units.len() + usize::from(self.follower.is_some())
    }

    /// Tells each unit how it has ended: the follower first, which has the most to do.
    fn end(self, outcome: impl Fn(Result<bool, StoreError>) -> Result<(), StoreError>) {
        if let Some((ended, known)) = self.follower {
            following::tell(ended, outcome(known));
        }
        answers::send(self.units.into_iter().map(|(reply, known)| (reply, outcome(known))).collect());
    }
}

/// How a unit of a group ended.
struct Ran {
    /// `true` when it wants to be committed.
    outcome: Result<bool, StoreError>,
    /// Whether it has written an event that is to be committed.
    tells: bool,
}

/// The transaction is gone, and with it everything that the units of the group wrote.
struct Lost(String);

impl From<rusqlite::Error> for Lost {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

/// Begins the transaction, waiting for another process for as long as the connection waits.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    if !connection.is_autocommit() {
        // A rollback has failed before. Without another one every later group would fail as well.
        connection.execute_batch("rollback")?;
    }
    run_statement(connection, BEGIN)
}

/// Answers everyone who waits when no transaction can be begun. Each would otherwise wait in turn for as long as the
/// first one did, and the last of many for minutes.
fn refuse(error: &rusqlite::Error, first: Reply, jobs: &mut mpsc::Receiver<Job>) -> Option<oneshot::Sender<()>> {
    tracing::error!(error = %error, units = jobs.len().saturating_add(1), "no transaction could be begun");
    let busy = matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
    let reason = || if busy { StoreError::Busy } else { StoreError::backend(error.to_string()) };
    let mut refused = vec![(first, Err(reason()))];
    let mut close = None;
    // Only those that wait now: whoever is fast to come again must not keep the thread here.
    for _ in 0..jobs.len() {
        match jobs.try_recv() {
            Ok(Job::Unit(_, reply)) => refused.push((reply, Err(reason()))),
            Ok(Job::Close(reply)) => {
                close = Some(reply);
                break;
            }
            Err(_) => break,
        }
    }
    answers::send(refused);
    close
}

/// Runs the first unit of a group, which needs no savepoint, and keeps none of the pages that it changes as they were: if
/// it must be undone after it has written, the transaction ends.
///
/// # Errors
/// As [`run_unit`].
fn run_first(connection: &mut Connection, time: &mut TransactionTime, unit: ErasedUnit) -> Result<Ran, Lost> {
    let before = connection.total_changes();
    let ran = run_bare(connection, time, unit)?;
    let stays = match ran.outcome {
        Ok(true) => true,
        // Most refuse before they have written anything.
        Ok(false) => connection.total_changes() == before,
        Err(_) => false,
    };
    if !stays {
        run_statement(connection, UNDO_GROUP)?;
    }
    Ok(ran)
}

/// Runs one unit inside a savepoint.
///
/// # Errors
/// When the whole transaction is lost: SQLite ended it by itself, or a savepoint could not be undone.
fn run_unit(connection: &mut Connection, time: &mut TransactionTime, unit: ErasedUnit) -> Result<Ran, Lost> {
    run_statement(connection, BEGIN_UNIT)?;
    let ran = run_bare(connection, time, unit)?;
    match ran.outcome {
        Ok(true) => {}
        Ok(false) | Err(_) => run_statement(connection, UNDO_UNIT)?,
    }
    run_statement(connection, END_UNIT)?;
    Ok(ran)
}

fn run_bare(connection: &mut Connection, time: &mut TransactionTime, unit: ErasedUnit) -> Result<Ran, Lost> {
    let ended = transaction::run(connection, time, unit);
    if connection.is_autocommit() {
        // A full disk or a damaged file makes SQLite roll everything back by itself: the whole group is lost.
        let reason = ended.failure.unwrap_or_else(|| "for a reason that it did not tell".to_owned());
        return Err(Lost(format!("the database ended the transaction: {reason}")));
    }
    let tells = ended.tells && matches!(ended.outcome, Ok(true));
    Ok(Ran { outcome: ended.outcome, tells })
}

/// Commits, and tells every unit how it ended.
fn commit(connection: &Connection, commits: &Commits, group: Group) {
    #[expect(clippy::disallowed_methods, reason = "measures the database; no stored value depends on it")]
    let began = Instant::now();
    match run_statement(connection, COMMIT) {
        Ok(()) => {
            commits.count(group.len(), began.elapsed());
            tell(group);
            // Whoever was waiting goes first where there is but one core.
            std::thread::yield_now();
        }
        Err(error) => {
            tracing::error!(error = %error, units = group.len(), "the commit of a group of writes failed");
            roll_back(connection);
            // The commit may be in the log although its sync failed: a restart can bring it back.
            answer(
                group,
                |wanted| {
                    if wanted { StoreError::OutcomeUnknown } else { StoreError::backend(error.to_string()) }
                },
            );
        }
    }
}

/// Tells each unit its own outcome.
fn tell(group: Group) {
    group.end(|known| known.map(|_| ()));
}

/// Rolls back what is left of a lost transaction and tells all of its units.
fn give_up(connection: &Connection, Lost(reason): &Lost, group: Group) {
    tracing::error!(error = reason, units = group.len(), "a group of writes was lost");
    roll_back(connection);
    answer(group, |_| StoreError::backend(reason.clone()));
}

fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("rollback")
    {
        tracing::error!(error = %error, "the database did not roll back");
    }
}

/// Sends an error to each unit of a group that was not committed: to one that refused, too, because it may have judged
/// what an earlier unit of the group wrote. A unit that did not come to its end keeps its own error.
fn answer(group: Group, error: impl Fn(bool) -> StoreError) {
    group.end(|known| Err(known.map_or_else(|own| own, &error)));
}
