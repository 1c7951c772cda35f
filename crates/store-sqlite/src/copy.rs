//! A copy of a database in a backup: read, and never changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_store::{Backend, BoxFuture, CheckDepth, Clock, CommitCounts, Copied, ErasedUnit, StoreError};

use crate::error::OpenError;
use crate::readers::Readers;
use crate::time::StoreTime;
use crate::{maintenance, migrations};

/// A database file that is only read: no migration is applied, and nothing is written into it or left beside it.
pub struct SqliteCopy {
    path: PathBuf,
    readers: Readers,
}

impl SqliteCopy {
    /// Opens a copy.
    ///
    /// # Errors
    /// [`OpenError`] when the file cannot be used, or was written by a program with other migrations.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        migrations::state(&crate::connection::open_reader(path)?)?;
        Ok(Self { path: path.to_owned(), readers: Readers::start(path, &Arc::new(StoreTime::new(clock)))? })
    }
}

impl Backend for SqliteCopy {
    /// The connections of readers refuse every write.
    fn write(&self, unit: ErasedUnit) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.readers.run(unit))
    }

    fn read(&self, unit: ErasedUnit) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.readers.run(unit))
    }

    fn copy_to(&self, file: PathBuf) -> BoxFuture<'_, Result<Copied, StoreError>> {
        Box::pin(maintenance::copy(self.path.clone(), file))
    }

    fn check(&self, depth: CheckDepth) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        Box::pin(maintenance::check(self.path.clone(), depth))
    }

    fn commits(&self) -> CommitCounts {
        CommitCounts::default()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.readers.close())
    }
}
