//! When events were committed, as another reader of the database sees it.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags};

/// Looks at the events of an embedded store again and again.
pub(super) struct Commits {
    connection: Connection,
    /// The newest event at a time, in order.
    seen: Vec<(Duration, i64)>,
    next: Duration,
}

impl Commits {
    /// A reader of a database file that a server has open.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).context("the database cannot be read")?;
        Ok(Self { connection, seen: Vec::new(), next: Duration::ZERO })
    }

    /// Looks once, unless that was a moment ago.
    pub(super) fn look(&mut self, now: Duration) -> Result<()> {
        if now < self.next {
            return Ok(());
        }
        self.next = now + MOMENT;
        let newest = self.connection.prepare_cached(NEWEST)?.query_row([], |row| row.get(0))?;
        if self.seen.last().is_none_or(|(_, last)| *last < newest) {
            self.seen.push((now, newest));
        }
        Ok(())
    }

    /// When events were first seen, by their numbers at their site.
    pub(super) fn times(&self) -> Result<HashMap<i64, Duration>> {
        let mut numbered = self.connection.prepare(NUMBERED)?;
        let numbered = numbered.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut times = HashMap::new();
        for row in numbered {
            let (number, id): (i64, i64) = row?;
            let first = self.seen.partition_point(|(_, newest)| *newest < id);
            if let Some((time, _)) = self.seen.get(first) {
                times.insert(number, *time);
            }
        }
        Ok(times)
    }
}

const NEWEST: &str = "select coalesce(max(id), 0) from outbox";
const NUMBERED: &str = "select sequence, id from outbox where sequence is not null";
/// How long lies between two looks, while the load leaves time for them: a commit is seen so much late.
const MOMENT: Duration = Duration::from_micros(50);
