//! An object that is an open file of this machine, for those who can have the system send it.

mod memory;

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use self::memory::Memory;
use crate::{BlobError, ObjectKey};

/// The open file of one object. What it says never changes; it stays readable when the object is deleted.
#[derive(Debug)]
pub struct LocalFile {
    key: ObjectKey,
    file: Arc<File>,
    length: u64,
    memory: Memory,
}

impl LocalFile {
    pub(crate) fn new(key: ObjectKey, file: File) -> Result<Self, BlobError> {
        let length = file.metadata().map_err(BlobError::io("read the length of an object"))?.len();
        Ok(Self { key, file: Arc::new(file), length, memory: Memory::new(length) })
    }

    /// The file. Its own position belongs to nobody.
    #[must_use]
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Refuses a range (end exclusive) that is reversed, or not wholly inside the object.
    ///
    /// # Errors
    ///
    /// [`BlobError::RangeBeyondEnd`]: stored state is broken.
    pub fn check(&self, range: &Range<u64>) -> Result<(), BlobError> {
        if range.start <= range.end && range.end <= self.length {
            return Ok(());
        }
        Err(BlobError::RangeBeyondEnd { key: self.key, range: range.clone(), length: self.length })
    }

    /// Sees to it that a range of at most about a MiB can be read without waiting for the disk: returns at once when it can,
    /// and otherwise when another thread has read it. Under pressure the system may forget it again; reading then waits.
    ///
    /// # Errors
    ///
    /// [`BlobError::Truncated`] when somebody has made the object shorter, [`BlobError::Io`] when it cannot be read.
    pub async fn load(self: &Arc<Self>, range: &Range<u64>) -> Result<(), BlobError> {
        if self.memory.holds(self, range)? {
            return Ok(());
        }
        let (file, range) = (Arc::clone(self), range.clone());
        let read = tokio::task::spawn_blocking(move || memory::fill(&file, &range));
        read.await.map_err(|_| BlobError::Interrupted)?
    }
}
