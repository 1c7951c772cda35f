//! How a connection is set up.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::checkpoints::LIMIT_BYTES;
use crate::error::OpenError;

/// How long a statement waits for another process (the command line beside a running server) to finish its write: so many times
/// so long. SQLite's own waiting soon looks only every tenth of a second, and then seldom meets the short pauses of a server that
/// writes all the time.
const BUSY_LOOKS: i32 = 2500;
const BUSY_PAUSE: Duration = Duration::from_millis(2);

/// Statements kept prepared for each connection; more than the repositories have.
pub(crate) const CACHED_STATEMENTS: usize = 512;

/// Pages of the database that the writing connection keeps in memory, in KiB: what its statements look up and change again
/// and again. More is slower: after some commits SQLite goes through all of them.
const WRITER_CACHE_KIB: i64 = 8192;

/// The same for each connection that reads: the upper pages of all indexes of a large store, so that a look-up asks the system
/// for leaves alone. More is slower here, too: a page that the processor's own memory has forgotten takes longer than asking
/// the system for it.
const READER_CACHE_KIB: i64 = 4 * 1024;

/// How much of the database a connection for look-ups reads where the system keeps it, in bytes; what lies behind is copied.
/// SQLite maps no more than this, 2 GiB but for the last 64 KiB.
const MAPPED: i64 = 0x7fff_0000;

/// Bytes of a page of a database that is made: half of what SQLite takes by itself. Most units change a few bytes in pages that
/// lie anywhere, and each such page is kept for undoing, summed, written to the log and copied whole. With still smaller ones,
/// look-ups go through more of them than that saves. A database that has others keeps them.
pub(crate) const PAGE: i64 = 2048;

/// Opens the connection that writes. The caller holds the lock for opening.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    set_up(&mut connection)?;
    connection.pragma_update(None, "page_size", PAGE)?;
    use_write_ahead_log(&connection)?;
    // FULL makes every commit durable before it is acknowledged.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A negative number counts in KiB, and not in pages; the same below.
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LIMIT_BYTES, |_| Ok(()))?;
    Ok(connection)
}

/// Opens a connection on which no statement can write.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open_plain(path)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(connection)
}

/// Opens a connection for look-ups, which read pages that lie anywhere and are seldom read twice: they are mapped, so that
/// none is copied. A page that the disk cannot give ends the process then, where a reader would get an error; what was
/// acknowledged is there when it is started again.
pub(crate) fn open_look_ups(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open_reader(path)?;
    connection.pragma_update(None, "mmap_size", MAPPED)?;
    Ok(connection)
}

/// Opens a connection for statements that are no unit of work.
pub(crate) fn open_plain(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    set_up(&mut connection)?;
    Ok(connection)
}

/// Runs a statement without values that stays prepared.
pub(crate) fn run_statement(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

fn set_up(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(wait))?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // A plan is made once, without looking at the values: otherwise every new value prepares its statement anew.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Waits a moment for another process. `false`: it was waited for long enough.
fn wait(looks: i32) -> bool {
    let again = looks < BUSY_LOOKS;
    if again {
        #[expect(
            clippy::disallowed_methods,
            reason = "the lock is another process's, which tells nobody when it gives it back"
        )]
        std::thread::sleep(BUSY_PAUSE);
    }
    again
}

/// Lets readers go on while a commit is made. SQLite answers with the mode that is in force, which is the old one when it
/// could not change it: that is no error of the statement.
fn use_write_ahead_log(connection: &Connection) -> Result<(), OpenError> {
    let found: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if found == "wal" { Ok(()) } else { Err(OpenError::JournalMode { found }) }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> T {
        connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
    }

    #[test]
    fn what_was_asked_for_is_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let writer = open_writer(&path).unwrap();
        assert_eq!(pragma::<String>(&writer, "journal_mode"), "wal");
        assert_eq!(pragma::<i64>(&writer, "synchronous"), 2, "2 is FULL");
        assert_eq!(pragma::<i64>(&writer, "foreign_keys"), 1);
        assert_eq!(pragma::<i64>(&writer, "page_size"), PAGE);
        let reader = open_reader(&path).unwrap();
        assert_eq!(pragma::<String>(&reader, "journal_mode"), "wal");
        assert_eq!(pragma::<i64>(&reader, "query_only"), 1);
        assert_eq!(pragma::<i64>(&reader, "mmap_size"), 0);
        let look_ups = open_look_ups(&path).unwrap();
        assert_eq!(pragma::<i64>(&look_ups, "query_only"), 1);
        assert_eq!(pragma::<i64>(&look_ups, "mmap_size"), MAPPED);
    }

    #[test]
    fn a_database_keeps_the_pages_that_it_was_made_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let make = "pragma page_size = 4096; pragma journal_mode = wal; create table things (id integer primary key)";
        Connection::open(&path).unwrap().execute_batch(make).unwrap();
        let writer = open_writer(&path).unwrap();
        writer.execute("insert into things values (1)", []).unwrap();
        assert_eq!(pragma::<i64>(&writer, "page_size"), 4096);
        assert_eq!(pragma::<String>(&writer, "integrity_check"), "ok");
    }

    #[test]
    fn a_statement_is_prepared_once_for_all_values() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let writer = open_writer(&path).unwrap();
        writer.execute_batch("create table things (id integer primary key, name text not null unique) strict").unwrap();
        for connection in [&writer, &open_reader(&path).unwrap()] {
            let mut statement = connection.prepare("select id from things where name = ?1").unwrap();
            for name in ["one", "two", "three"] {
                assert!(!statement.exists([name]).unwrap());
            }
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }

    #[test]
    fn a_database_without_a_write_ahead_log_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        let refused = use_write_ahead_log(&connection);
        assert!(matches!(refused, Err(OpenError::JournalMode { found }) if found == "memory"));
    }

    #[test]
    fn another_process_is_waited_for_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let (writer, other) = (open_writer(&path).unwrap(), open_writer(&path).unwrap());
        other.execute_batch("begin immediate").unwrap();
        let (begins, begun) = std::sync::mpsc::channel();
        let wait_for_it = move || {
            begins.send(()).unwrap();
            writer.execute_batch("begin immediate; commit")
        };
        let waiting = std::thread::Builder::new().name("waiting".to_owned()).spawn(wait_for_it).unwrap();
        begun.recv().unwrap();
        other.execute_batch("commit").unwrap();
        waiting.join().unwrap().unwrap();
        assert!(wait(0));
        assert!(!wait(BUSY_LOOKS));
    }
}
