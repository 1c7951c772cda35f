//! Checkpoints of SQLite: what the write-ahead log holds is copied into the database by a thread of its own.
//!
//! SQLite would do it in the commit that makes the log longer than a thousand pages, and everybody whose unit is in that commit, or
//! waits behind it, would wait for some milliseconds. The log begins anew only after a commit by which all of it has been copied.
//! While writes never pause, there is none, so the writer copies what is left, right after the thread has copied nearly all.

use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::Connection;
use rusqlite::hooks::Wal;
use tokio::sync::watch;

use crate::connection::{self, PAGE};
use crate::error::OpenError;

/// Pages after which the thread copies once more. Fewer would copy a page that changes often more often, and synchronize the
/// database more often.
const STEP: c_int = 2000;
/// Pages from which on the log is to begin anew: each time the writer has to copy a little.
const ENOUGH: c_int = 4 * STEP;
/// Pages from which on the writer copies after each commit: the thread does not keep up, or a long read needs the log. Only such a
/// read makes the log longer than this and one commit.
const LIMIT: c_int = 8 * STEP;
/// The same in bytes: a log that had to be longer is cut when it begins anew.
pub(crate) const LIMIT_BYTES: i64 = LIMIT as i64 * PAGE;

const COPY: &str = "pragma wal_checkpoint(passive)";

/// The thread that copies.
pub(crate) struct Checkpoints {
    state: Arc<State>,
    ask: SyncSender<()>,
    ended: watch::Receiver<()>,
}

#[derive(Default)]
struct State {
    /// The thread has copied since it was asked last.
    has_copied: AtomicBool,
    stopping: AtomicBool,
}

impl Checkpoints {
    /// Starts the thread for the database that a connection writes to.
    pub(crate) fn start(path: &Path, writer: &mut Connection) -> Result<Self, OpenError> {
        let connection = connection::open_plain(path)?;
        let state = Arc::new(State::default());
        let (ask, asked) = sync_channel(1);
        let (alive, ended) = watch::channel(());
        let mut log = Log { state: state.clone(), ask: ask.clone(), asked_at: 0 };
        // An error of this hook would look like one of the commit, which has succeeded.
        writer.wal_hook(Some(move |wal: &mut Wal, pages: c_int| {
            log.has_grown(wal, pages);
            Ok(())
        }))?;
        let of_thread = state.clone();
        std::thread::Builder::new()
            .name("sqlite-checkpoints".to_owned())
            .spawn(move || {
                work(&connection, &of_thread, &asked);
                drop(connection);
                drop(alive);
            })
            .map_err(OpenError::Thread)?;
        Ok(Self { state, ask, ended })
    }

    /// Ends the thread and waits for its connection to close. The writer goes on and copies by itself.
    pub(crate) async fn close(&self) {
        self.state.stopping.store(true, Ordering::Relaxed);
        // When there is no room, the thread is about to look anyway.
        let _ = self.ask.try_send(());
        // Nothing is ever sent: this waits for the other end to go away.
        let _ = self.ended.clone().changed().await;
    }
}

fn work(connection: &Connection, state: &State, asked: &Receiver<()>) {
    while asked.recv().is_ok() && !state.stopping.load(Ordering::Relaxed) {
        match connection.query_row(COPY, [], |_| Ok(())) {
            Ok(()) => state.has_copied.store(true, Ordering::Relaxed),
            Err(error) => tracing::warn!(error = %error, "the log was not copied into the database; it is kept"),
        }
    }
}

/// The log, as the writer sees it grow.
struct Log {
    state: Arc<State>,
    ask: SyncSender<()>,
    /// How long it was when the thread was asked last.
    asked_at: c_int,
}

impl Log {
    /// A commit was written to the log, which has so many pages now.
    fn has_grown(&mut self, wal: &mut Wal, pages: c_int) {
        if pages < self.asked_at {
            self.asked_at = 0;
        }
        if pages < LIMIT && pages.saturating_sub(self.asked_at) >= STEP {
            self.asked_at = pages;
            self.state.has_copied.store(false, Ordering::Relaxed);
            // Without room it was asked and has not begun; without a thread there is the limit.
            let _ = self.ask.try_send(());
            return;
        }
        let is_nearly_copied = self.asked_at >= ENOUGH && self.state.has_copied.swap(false, Ordering::Relaxed);
        if is_nearly_copied || pages >= LIMIT {
            // While the thread copies, it is refused; the next commit tries again.
            let _ = wal.checkpoint();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// Pages of a commit that does much.
    const MANY: i64 = STEP as i64 / 2;

    /// A database whose log grows by some pages with each commit.
    struct Bench {
        folder: tempfile::TempDir,
        writer: Connection,
    }

    impl Bench {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let writer = connection::open_writer(&folder.path().join("a.db")).unwrap();
            writer.execute_batch("create table things (bytes blob not null) strict").unwrap();
            Self { folder, writer }
        }

        fn start(&mut self) -> Checkpoints {
            Checkpoints::start(&self.folder.path().join("a.db"), &mut self.writer).unwrap()
        }

        fn write(&self, pages: i64) {
            self.writer.execute("insert into things values (zeroblob(?1))", [pages * PAGE]).unwrap();
        }

        fn size(&self, name: &str) -> i64 {
            std::fs::metadata(self.folder.path().join(name)).unwrap().len().try_into().unwrap()
        }
    }

    #[test]
    fn the_thread_copies_what_was_written() {
        let mut bench = Bench::new();
        let checkpoints = bench.start();
        bench.write(i64::from(STEP) - 200);
        assert_eq!(bench.size("a.db"), PAGE, "nobody was asked");
        bench.write(200);
        has_copied(&checkpoints);
        assert!(bench.size("a.db") > i64::from(STEP) * PAGE);
    }

    #[test]
    fn the_log_begins_anew_when_the_thread_has_copied_nearly_all() {
        let mut bench = Bench::new();
        let checkpoints = bench.start();
        close(&checkpoints);
        for _ in 0..9 {
            bench.write(MANY);
        }
        // As if it had just done so. The first write copies, the second one begins anew.
        checkpoints.state.has_copied.store(true, Ordering::Relaxed);
        bench.write(1);
        bench.write(1);
        let length = bench.size("a.db-wal");
        for _ in 0..6 {
            bench.write(MANY);
        }
        assert_eq!(bench.size("a.db-wal"), length, "it has grown");
    }

    fn close(checkpoints: &Checkpoints) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(checkpoints.close());
    }

    fn has_copied(checkpoints: &Checkpoints) {
        #[expect(clippy::disallowed_methods, reason = "waits for another thread")]
        let began = Instant::now();
        while !checkpoints.state.has_copied.load(Ordering::Relaxed) {
            assert!(began.elapsed() < Duration::from_secs(30), "the log was not copied");
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_log_is_bounded_while_nobody_else_copies() {
        let mut bench = Bench::new();
        let checkpoints = bench.start();
        close(&checkpoints);
        for _ in 0..40 {
            bench.write(MANY);
        }
        let most = LIMIT_BYTES + 2 * MANY * (PAGE + 24);
        assert!(bench.size("a.db-wal") <= most, "the log has {} bytes", bench.size("a.db-wal"));
        assert!(bench.size("a.db") >= i64::from(LIMIT) * PAGE);
    }

    #[test]
    fn a_log_that_a_long_read_has_kept_is_cut_afterwards() {
        let mut bench = Bench::new();
        let checkpoints = bench.start();
        let reader = connection::open_reader(&bench.folder.path().join("a.db")).unwrap();
        reader.execute_batch("begin; select count(*) from things").unwrap();
        for _ in 0..40 {
            bench.write(MANY);
        }
        assert!(bench.size("a.db-wal") > 2 * LIMIT_BYTES);
        reader.execute_batch("rollback").unwrap();
        close(&checkpoints);
        for _ in 0..3 {
            bench.write(1);
        }
        assert!(bench.size("a.db-wal") <= LIMIT_BYTES, "the log has {} bytes", bench.size("a.db-wal"));
    }
}
