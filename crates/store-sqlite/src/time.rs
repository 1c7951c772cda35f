//! The time of units of work: the machine's clock, which never runs backward.
//!
//! What was given out is remembered twice: in memory for this process, and as the high-water mark in the database for
//! other processes and for the next start.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use countersign_domain::time::Timestamp;
use countersign_store::{Clock, StoreError};
use rusqlite::Connection;

use crate::clock_watch::ClockWatch;
use crate::rows::{Place, changed, column, first, time};

/// The largest time that a committed group of units has seen.
pub(crate) const FIND_MARK: &str = "select time from high_water where id = 1";
/// Raises it, or lowers it for an operator.
pub(crate) const RAISE_MARK: &str = "update high_water set time = ?1 where id = 1";

/// A clock, and what all connections of a store have given out of it.
pub(crate) struct StoreTime {
    clock: Arc<dyn Clock>,
    watch: ClockWatch,
    /// Milliseconds since 1970.
    given: AtomicI64,
}

impl StoreTime {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, watch: ClockWatch::default(), given: AtomicI64::new(0) }
    }
}

/// The time within one transaction of the database, which is that of a whole group of units where they write.
pub(crate) struct TransactionTime {
    store: Arc<StoreTime>,
    seen: Option<Seen>,
}

/// What a transaction that was asked for the time knows of it.
#[derive(Clone, Copy)]
struct Seen {
    /// The mark in the database. Nobody else raises it while a transaction is open that writes.
    mark: Timestamp,
    /// The largest time that was given out.
    given: Timestamp,
}

impl TransactionTime {
    /// Of a transaction that begins.
    pub(crate) fn new(store: &Arc<StoreTime>) -> Self {
        Self { store: store.clone(), seen: None }
    }

    /// Now. The mark is read once for a transaction, and inside it.
    pub(crate) fn now(&mut self, connection: &Connection) -> Result<Timestamp, StoreError> {
        let mark = match self.seen {
            Some(seen) => seen.mark,
            None => find_mark(connection)?,
        };
        let shown = self.store.clock.now();
        self.store.watch.look(shown);
        let least = shown.max(mark).as_millis();
        let given = time(self.store.given.fetch_max(least, Ordering::SeqCst).max(least));
        self.seen = Some(Seen { mark, given });
        Ok(given)
    }

    /// Takes mark and memory back to what the clock shows, if they are ahead of it, and gives what the mark was.
    pub(crate) fn lower(&mut self, connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
        let (mark, shown) = (find_mark(connection)?, self.store.clock.now());
        if mark <= shown {
            return Ok(None);
        }
        changed(connection, RAISE_MARK, [shown.as_millis()])?;
        self.store.given.store(shown.as_millis(), Ordering::SeqCst);
        // Should the unit be rolled back, the next one finds the old mark.
        self.seen = None;
        Ok(Some(mark))
    }

    /// Writes the mark before a commit, if a larger time was given out. A unit that was rolled back may have raised it:
    /// that does no harm, and its caller may have seen the time.
    pub(crate) fn keep(&self, connection: &Connection) -> rusqlite::Result<()> {
        if let Some(Seen { mark, given }) = self.seen
            && mark < given
        {
            connection.prepare_cached(RAISE_MARK)?.execute([given.as_millis()])?;
        }
        Ok(())
    }
}

fn find_mark(connection: &Connection) -> Result<Timestamp, StoreError> {
    let mark = first(connection, FIND_MARK, [], |row| column(row, 0))?;
    Place { table: "high_water", row: 1 }.present("time", mark).map(time)
}

#[cfg(test)]
pub(crate) mod tests;
