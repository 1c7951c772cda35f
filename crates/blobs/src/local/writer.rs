//! Writing one object into the local directory: temporary file, sync, rename, sync of the directory.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Directory, blocking, durable};
use crate::{BlobError, BlobWriter, Digests, ObjectKey, ReceivedBlob};

/// An object on its way into the directory.
///
/// The open file travels to the blocking pool and back with each chunk. When the caller goes away in between, it is
/// dropped there, and its temporary file with it.
pub(super) struct LocalWriter {
    directory: Arc<Directory>,
    key: ObjectKey,
    unfinished: Option<Unfinished>,
}

struct Unfinished {
    file: File,
    temporary: TemporaryFile,
    digests: Digests,
}

impl LocalWriter {
    pub(super) async fn create(directory: Arc<Directory>, key: ObjectKey) -> Result<Self, BlobError> {
        let (path, owner) = (directory.temporary(&key), directory.owner);
        let unfinished = blocking(move || {
            let file = durable::create_file(&path, owner).map_err(BlobError::io("create a temporary file"))?;
            Ok(Unfinished { file, temporary: TemporaryFile { path: Some(path) }, digests: Digests::new() })
        })
        .await?;
        Ok(Self { directory, key, unfinished: Some(unfinished) })
    }

    fn take(&mut self) -> Result<Unfinished, BlobError> {
        self.unfinished.take().ok_or(BlobError::WriterFailed { key: self.key })
    }
}

#[async_trait]
impl BlobWriter for LocalWriter {
    async fn append(&mut self, chunk: Bytes) -> Result<(), BlobError> {
        let mut unfinished = self.take()?;
        let unfinished = blocking(move || {
            unfinished.digests.update(&chunk);
            unfinished.file.write_all(&chunk).map_err(BlobError::io("write to a temporary file"))?;
            Ok(unfinished)
        })
        .await?;
        self.unfinished = Some(unfinished);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<ReceivedBlob, BlobError> {
        let Unfinished { file, temporary, digests } = self.take()?;
        let Self { directory, key, .. } = *self;
        let (published, received) = blocking(move || {
            file.sync_all().map_err(BlobError::io("make a file durable"))?;
            drop(file);
            let object = directory.object(&key);
            let shard = directory.prepare_shard(&key, &object)?;
            let published = temporary.publish(object, &shard)?;
            let digests = digests.finish();
            let received = ReceivedBlob { key, size: digests.size, sha256: digests.sha256, md5: digests.md5 };
            Ok((published, received))
        })
        .await?;
        // Only here does somebody learn of the object. When the caller went away before, nobody ever would, and the
        // guard that nobody took removes it.
        published.keep();
        Ok(received)
    }
}

/// A file that disappears unless it is kept.
struct TemporaryFile {
    path: Option<PathBuf>,
}

impl TemporaryFile {
    /// Moves the file to its final name and makes the name durable. From the move on it is the final name that goes
    /// when the guard is dropped.
    fn publish(mut self, object: PathBuf, shard: &Path) -> Result<Self, BlobError> {
        if let Some(path) = &self.path {
            fs::rename(path, &object).map_err(BlobError::io("move a finished file to its place"))?;
        }
        self.path = Some(object);
        durable::sync_directory(shard).map_err(BlobError::io("make the name of a file durable"))?;
        Ok(self)
    }

    /// Lets the file stay.
    fn keep(mut self) {
        self.path = None;
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Nobody is left to hear of a failure. What stays is removed when the storage is next opened.
            let _ = durable::remove_if_there(path);
        }
    }
}
