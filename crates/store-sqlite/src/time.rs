//! The time of units of work: the machine's clock, which never runs backward.
//!
//! What was given out is remembered twice: in memory for this process, and as the high-water mark in the database for
//! other processes and for the next start.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_domain::licensing::ClockJump;
use countersign_domain::time::Timestamp;
use countersign_store::{Clock, StoreError};
use rusqlite::Connection;

use crate::clock_watch::{ClockWatch, JUMP, Jump};
use crate::rows::{Place, changed, column, first, time};

/// The largest time that a committed group of units has seen.
pub(crate) const FIND_MARK: &str = "select time from high_water where id = 1";
/// Raises it, with the last jump of the clock.
pub(crate) const RAISE_MARK: &str = "update high_water set time = ?1, jumped_from = coalesce(?2, jumped_from),
    jumped_to = coalesce(?3, jumped_to) where id = 1";
/// Lowers it for an operator.
pub(crate) const LOWER_MARK: &str =
    "update high_water set time = ?1, jumped_from = null, jumped_to = null where id = 1";
/// Shortens seats whose holders were heard of in a time that was taken back: each lasts as long from now on as it did from then.
const SHORTEN_SEATS: &str =
    "update seats set taken_at = min(taken_at, ?1), seen_at = ?1, ends_at = ?1 + ends_at - seen_at,
    borrowed_until = ?1 + borrowed_until - seen_at where seen_at > ?1";
/// Units that were counted in such a time count for the period that is now: until that time came they would not begin anew. For
/// licenses, and for their features. Goes through all of them.
const COUNT_LICENSES_NOW: &str = "update licenses set first_activated_at = min(first_activated_at, ?1),
    units_since = min(units_since, ?1) where first_activated_at > ?1 or units_since > ?1";
const COUNT_FEATURES_NOW: &str = "update license_features set units_since = ?1 where units_since > ?1";
/// The last jump of the clock that a committed group of units has seen.
pub(crate) const FIND_JUMP: &str = "select jumped_from, jumped_to from high_water where id = 1";

/// A clock, and what all connections of a store have given out of it.
pub(crate) struct StoreTime {
    clock: Arc<dyn Clock>,
    told: Mutex<Told>,
}

/// What was given out. It changes as a whole: who is told a late time knows whether the clock has jumped there.
struct Told {
    watch: ClockWatch,
    last: Timestamp,
    /// The last time that units were told a time much later than before, though it had not passed.
    jump: Option<ClockJump>,
}

impl StoreTime {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let told = Told { watch: ClockWatch::default(), last: Timestamp::EPOCH, jump: None };
        Self { clock, told: Mutex::new(told) }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, and not before a mark.
    fn tell(&self, mark: Timestamp) -> Timestamp {
        let mut told = self.told();
        let shown = self.clock.now();
        let jump = told.watch.look(shown);
        let before = told.last.max(mark);
        let now = shown.max(before);
        told.last = now;
        if matches!(jump, Some(Jump::Forward(_))) && before.plus(JUMP) < now {
            told.jump = Some(ClockJump { before, after: now });
        }
        drop(told);
        if let Some(jump) = jump {
            jump.log();
        }
        now
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
        let given = self.store.tell(mark);
        self.seen = Some(Seen { mark, given });
        Ok(given)
    }

    /// The last jump of the clock, as far as this process or the database knows.
    pub(crate) fn jump(&self, connection: &Connection) -> Result<Option<ClockJump>, StoreError> {
        let known = self.store.told().jump;
        let kept = first(connection, FIND_JUMP, [], |row| Ok((column(row, 0)?, column(row, 1)?)))?;
        let Some((Some(before), Some(after))) = kept else { return Ok(known) };
        let kept = ClockJump { before: time(before), after: time(after) };
        Ok(Some(known.filter(|known| known.after > kept.after).unwrap_or(kept)))
    }

    /// Takes mark and memory back to what the clock shows, if they are ahead of it, and gives what the mark was.
    pub(crate) fn lower(&mut self, connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
        let (mark, shown) = (find_mark(connection)?, self.store.clock.now());
        if mark <= shown {
            return Ok(None);
        }
        changed(connection, LOWER_MARK, [shown.as_millis()])?;
        for statement in [SHORTEN_SEATS, COUNT_LICENSES_NOW, COUNT_FEATURES_NOW] {
            changed(connection, statement, [shown.as_millis()])?;
        }
        let mut told = self.store.told();
        (told.last, told.jump) = (shown, None);
        drop(told);
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
            let jump = self.store.told().jump;
            let (before, after) = (jump.map(|jump| jump.before.as_millis()), jump.map(|jump| jump.after.as_millis()));
            connection.prepare_cached(RAISE_MARK)?.execute((given.as_millis(), before, after))?;
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
