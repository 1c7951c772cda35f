//! The embedded store: SQLite behind the store port.
//!
//! One writer thread owns the only writing connection and commits in groups; one more thread copies the write-ahead log
//! into the database; a few reader threads answer reads from both. A unit of work runs whole on one thread: one hop per
//! transaction, not per statement. One that looks up a few rows makes no hop at all, while the disk keeps up.
//! This crate must never hold a business rule: what is allowed is decided before a repository is called.

mod answers;
mod checkpoints;
mod clock_watch;
mod connection;
mod copy;
mod error;
mod files;
mod following;
mod group;
mod look_ups;
mod maintenance;
mod migrations;
mod readers;
mod repositories;
mod rows;
#[cfg(feature = "statements")]
mod statements;
mod time;
mod transaction;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_store::{
    Backend, BoxFuture, CheckDepth, Clock, CommitCounts, Copied, ErasedUnit, Follower, MigrationState, StoreError,
};
use rusqlite::Connection;

use crate::checkpoints::Checkpoints;
use crate::look_ups::LookUps;
use crate::readers::Readers;
use crate::time::StoreTime;
use crate::writer::Writer;

pub use crate::copy::SqliteCopy;
pub use crate::error::OpenError;
#[cfg(feature = "statements")]
pub use crate::statements::run_statements;

/// A SQLite database file as a store.
pub struct SqliteStore {
    path: PathBuf,
    writer: Writer,
    readers: Readers,
    look_ups: LookUps,
    checkpoints: Checkpoints,
}

impl SqliteStore {
    /// Opens or creates a database file, applies missing migrations, and starts the threads. Units of work take their time
    /// from the clock, see [`now`](countersign_store::Tx::now).
    ///
    /// # Errors
    /// [`OpenError`] when the file cannot be used, was written by a newer program, or holds an altered migration.
    /// Another process that opens the same file is waited for.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let _lock = files::lock_for_opening(path)?;
        files::create_database(path)?;
        let mut connection = connection::open_writer(path)?;
        migrations::apply(&mut connection, clock.now())?;
        let time = Arc::new(StoreTime::new(clock));
        Ok(Self {
            path: path.to_owned(),
            readers: Readers::start(path, &time)?,
            look_ups: LookUps::open(path, &time)?,
            checkpoints: Checkpoints::start(path, &mut connection)?,
            writer: Writer::start(connection, time)?,
        })
    }

    /// Which migrations a database file has, and which of this program it lacks. Nothing is changed; a file that is not
    /// there lacks all.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn migrations(path: &Path) -> Result<MigrationState, OpenError> {
        if !path.exists() {
            return migrations::state(&Connection::open_in_memory()?);
        }
        migrations::state(&connection::open_reader(path)?)
    }
}

impl Backend for SqliteStore {
    fn write(&self, unit: ErasedUnit) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.writer.run(unit))
    }

    fn follow(&self, follower: Option<Follower>) -> bool {
        self.writer.follow(follower);
        true
    }

    fn read(&self, unit: ErasedUnit) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.readers.run(unit))
    }

    fn look_up(&self, unit: ErasedUnit) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            match self.look_ups.run(unit) {
                Ok(outcome) => outcome,
                Err(unit) => self.readers.run(unit).await,
            }
        })
    }

    fn copy_to(&self, file: PathBuf) -> BoxFuture<'_, Result<Copied, StoreError>> {
        Box::pin(maintenance::copy(self.path.clone(), file))
    }

    fn check(&self, depth: CheckDepth) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        Box::pin(maintenance::check(self.path.clone(), depth))
    }

    fn commits(&self) -> CommitCounts {
        self.writer.commits()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.look_ups.close();
            self.readers.close().await;
            self.checkpoints.close().await;
            self.writer.close().await;
        })
    }
}
