//! The storage port: what the rest of the program may ask of any place that keeps bytes.

use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::{BlobError, LocalFile, ObjectKey};

/// A place that keeps objects: a local directory or a bucket. Cheap to share behind an `Arc`.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Begins a new object under a fresh random key. Nothing is visible before [`BlobWriter::finish`].
    ///
    /// Most callers want [`crate::receive()`], which also enforces a size.
    async fn create(&self) -> Result<Box<dyn BlobWriter>, BlobError>;

    /// Begins an object under a key that rows name already: one that comes from, or goes into, a backup. An object of that
    /// key is replaced when this one is finished.
    async fn create_as(&self, key: ObjectKey) -> Result<Box<dyn BlobWriter>, BlobError>;

    /// Opens the bytes of `range` (end exclusive) as a stream of bounded chunks.
    ///
    /// The stream gives exactly `range.end - range.start` bytes, or ends with an error; it never just stops.
    ///
    /// # Errors
    ///
    /// [`BlobError::Missing`] when there is no such object, [`BlobError::RangeBeyondEnd`] when the range is
    /// reversed or not wholly inside the object: the caller plans from the row's size, so both mean that stored
    /// state is broken.
    async fn open(
        &self,
        key: &ObjectKey,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError>;

    /// Opens the object as a file of this machine, for a caller who can have the system send it; `None` when it is none, or the
    /// storage does not give it: then [`Blobs::open`] does.
    ///
    /// # Errors
    ///
    /// [`BlobError::Missing`] when there is no such object. One that was deleted may be found for another second.
    async fn open_local(&self, _key: &ObjectKey) -> Result<Option<Arc<LocalFile>>, BlobError> {
        Ok(None)
    }

    /// How many bytes the object has, or `None` when there is no such object.
    async fn length(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError>;

    /// Removes the object; says whether it was there. Streams that are open on it may still read to their end.
    async fn delete(&self, key: &ObjectKey) -> Result<bool, BlobError>;

    /// All objects whose key begins with this byte. In 256 parts of a storage each is small enough for memory.
    async fn list(&self, first: u8) -> Result<Vec<ListedObject>, BlobError>;

    /// How many bytes the whole storage could hold, with what is in it; `None` when nobody can say.
    async fn capacity(&self) -> Result<Option<u64>, BlobError> {
        Ok(None)
    }

    /// How many uploads were begun, never finished, and not touched for [`LEFTOVER_AGE`](crate::LEFTOVER_AGE) before `now`.
    async fn count_leftovers(&self, now: SystemTime) -> Result<u64, BlobError>;

    /// Removes what [`Blobs::count_leftovers`] counts, and says how many they were.
    async fn remove_leftovers(&self, now: SystemTime) -> Result<u64, BlobError>;
}

/// An object that is there, whether or not anybody names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// Where it is.
    pub key: ObjectKey,
    /// How many bytes it has.
    pub size: u64,
    /// When its last byte was written, by the clock of the storage.
    pub written_at: SystemTime,
}

/// An object that is being written. Dropping it leaves nothing behind.
#[async_trait]
pub trait BlobWriter: Send {
    /// Stores the next bytes and digests them on the way. Chunks of about a MiB are best.
    ///
    /// After an error, or after this future was dropped before its end, the writer is of no more use.
    async fn append(&mut self, chunk: Bytes) -> Result<(), BlobError>;

    /// Makes everything that was appended durable and visible, and only then gives out the key. When this future is
    /// dropped before its end, no object stays behind.
    async fn finish(self: Box<Self>) -> Result<ReceivedBlob, BlobError>;
}

/// An object that is stored and would survive a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedBlob {
    /// Where it is.
    pub key: ObjectKey,
    /// How many bytes it has.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// MD5 of its bytes; for manifests, never for a decision.
    pub md5: [u8; 16],
}
