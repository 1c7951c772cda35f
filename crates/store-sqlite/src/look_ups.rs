//! Look-ups: units that read a few rows by their keys, run on the thread that asks. Handing one to a reader thread and
//! waiting for its answer costs more than it does.
//!
//! That thread serves others, too, so it must not wait long for the disk: after a look-up that took a while, all go to the
//! reader threads, for so long that it waits for a small part of its time at most.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use countersign_store::ErasedUnit;
use rusqlite::Connection;

use crate::answers::Outcome;
use crate::connection;
use crate::error::OpenError;
use crate::readers::{self, View};
use crate::time::{StoreTime, TransactionTime};

/// Connections for look-ups: so many threads look up at once. One that finds none free asks the reader threads.
const CONNECTIONS: usize = 2;
/// A look-up out of memory takes some ten microseconds; one that takes longer than this has waited for something.
const SLOW: Duration = Duration::from_micros(100);
/// For how many times as long as it took look-ups keep away from the threads that ask, after a slow one.
const PAUSE: u32 = 20;

/// The connections of look-ups.
pub(crate) struct LookUps {
    /// `None` when the store was closed.
    connections: [Mutex<Option<Connection>>; CONNECTIONS],
    time: Arc<StoreTime>,
    opened: Instant,
    /// Until when there are none here, in microseconds since the store was opened.
    resume: AtomicU64,
}

impl LookUps {
    #[expect(clippy::disallowed_methods, reason = "measures the disk; no stored value depends on it")]
    pub(crate) fn open(path: &Path, time: &Arc<StoreTime>) -> Result<Self, OpenError> {
        let mut connections = [const { Mutex::new(None) }; CONNECTIONS];
        for place in &mut connections {
            *place = Mutex::new(Some(connection::open_look_ups(path)?));
        }
        Ok(Self { connections, time: time.clone(), opened: Instant::now(), resume: AtomicU64::new(0) })
    }

    /// Runs a unit here and now, on a view of its own.
    ///
    /// # Errors
    /// The unit itself, when it is better run by a reader thread.
    pub(crate) fn run(&self, unit: ErasedUnit) -> Result<Outcome, ErasedUnit> {
        let began = self.opened.elapsed();
        if micros(began) < self.resume.load(Ordering::Relaxed) {
            return Err(unit);
        }
        for place in &self.connections {
            let mut place = match place.try_lock() {
                Ok(place) => place,
                Err(TryLockError::Poisoned(place)) => place.into_inner(),
                Err(TryLockError::WouldBlock) => continue,
            };
            let Some(connection) = place.as_mut() else { break };
            let outcome = readers::run(connection, &mut View::None, TransactionTime::new(&self.time), unit);
            readers::end_view(connection);
            self.note(began, self.opened.elapsed());
            return Ok(outcome);
        }
        Err(unit)
    }

    /// Closes the connections; whoever comes later is sent to the reader threads, which say that the store is closed.
    pub(crate) fn close(&self) {
        for place in &self.connections {
            drop(place.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }

    /// Notes from when to when, after the store was opened, a look-up has taken.
    fn note(&self, began: Duration, ended: Duration) {
        let took = ended.saturating_sub(began);
        if took > SLOW {
            self.resume.store(micros(ended.saturating_add(took.saturating_mul(PAUSE))), Ordering::Relaxed);
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use countersign_domain::time::Timestamp;
    use tempfile::TempDir;

    use super::*;
    use crate::migrations;
    use crate::time::tests::SetClock;

    fn open() -> (LookUps, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        migrations::apply(&mut connection::open_writer(&path).unwrap(), Timestamp::EPOCH).unwrap();
        (LookUps::open(&path, &Arc::new(StoreTime::new(Arc::new(SetClock::default())))).unwrap(), folder)
    }

    /// Runs a unit, however long the one before took.
    fn run(look_ups: &LookUps, unit: ErasedUnit) -> Result<Outcome, ErasedUnit> {
        look_ups.resume.store(0, Ordering::Relaxed);
        look_ups.run(unit)
    }

    /// A unit that wants to be committed, or not.
    fn unit(outcome: bool) -> ErasedUnit {
        Box::new(move |tx| Box::pin(async move { tx.sites().generation().await.is_ok() && outcome }))
    }

    #[test]
    fn a_look_up_runs_at_once_and_leaves_no_view_behind() {
        let (look_ups, _folder) = open();
        for _ in 0..2 {
            assert!(matches!(run(&look_ups, unit(true)), Ok(Ok(()))));
            assert!(matches!(run(&look_ups, unit(false)), Ok(Ok(()))), "a refusal is the unit's own result");
            assert!(look_ups.connections[0].lock().unwrap().as_ref().unwrap().is_autocommit());
        }
    }

    #[test]
    fn a_look_up_is_given_back_when_no_connection_is_free() {
        let (look_ups, _folder) = open();
        let first = look_ups.connections[0].lock().unwrap();
        assert!(run(&look_ups, unit(true)).is_ok(), "there is another one");
        let second = look_ups.connections[1].lock().unwrap();
        assert!(run(&look_ups, unit(true)).is_err());
        drop((first, second));
        assert!(run(&look_ups, unit(true)).is_ok());
        look_ups.close();
        assert!(run(&look_ups, unit(true)).is_err(), "there is none any more");
    }

    #[test]
    fn look_ups_are_given_back_for_a_while_after_a_slow_one() {
        let (look_ups, _folder) = open();
        look_ups.note(Duration::ZERO, SLOW);
        assert!(look_ups.run(unit(true)).is_ok(), "that one was not slow");
        // As if the store had been open for longer than any test takes.
        look_ups.note(Duration::ZERO, Duration::from_secs(3600));
        assert!(look_ups.run(unit(true)).is_err());
        assert!(run(&look_ups, unit(true)).is_ok());
    }
}
