//! Objects that stay open for a moment, because what is downloaded is mostly downloaded again.

use std::fs::File;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::time::Instant;

use super::blocking;
use crate::{BlobError, LocalFile, ObjectKey};

/// Open files by key.
pub(super) struct Kept {
    files: Cache<ObjectKey, (Arc<LocalFile>, Instant)>,
}

impl Kept {
    pub(super) fn new() -> Self {
        Self { files: Cache::new(NUMBER) }
    }

    /// The open file of an object; `path` is asked for when it must be opened.
    pub(super) async fn open(
        &self,
        key: &ObjectKey,
        path: impl FnOnce() -> PathBuf,
    ) -> Result<Arc<LocalFile>, BlobError> {
        let now = Instant::now();
        if let Some((file, opened)) = self.files.get(key)
            && now < opened + TIME
        {
            return Ok(file);
        }
        let (path, key) = (path(), *key);
        let opened = blocking(move || match File::open(path) {
            Ok(file) => LocalFile::new(key, file).map(Arc::new),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(BlobError::Missing { key }),
            Err(error) => Err(BlobError::Io { operation: "open an object", source: error }),
        });
        let opened = opened.await.inspect_err(|_| self.forget(&key))?;
        self.files.insert(key, (Arc::clone(&opened), now));
        Ok(opened)
    }

    /// The object is deleted.
    pub(super) fn forget(&self, key: &ObjectKey) {
        self.files.remove(key);
    }
}

/// Files that are kept open. The server leaves room for them beside its connections.
const NUMBER: usize = 256;
/// For how long: what another process deletes is served so much longer.
const TIME: Duration = Duration::from_secs(1);
