//! What can go wrong between us and a storage, and between a sender and us.

use std::error::Error;
use std::io;
use std::ops::Range;

use crate::ObjectKey;

/// A storage did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no object under this key. Whoever has a row that names it has found stored state that is broken.
    #[error("object {key} is missing")]
    Missing {
        /// The key that was asked for.
        key: ObjectKey,
    },
    /// The range is reversed, or ends behind the last byte of the object.
    #[error("bytes {}..{} of object {key} were asked for, which has {length}", range.start, range.end)]
    RangeBeyondEnd {
        /// The object.
        key: ObjectKey,
        /// The range that was asked for; its end is exclusive.
        range: Range<u64>,
        /// How many bytes the object has.
        length: u64,
    },
    /// The object became shorter while it was being read: somebody else changed the storage.
    #[error("object {key} ended {missing} bytes too early while it was being read")]
    Truncated {
        /// The object.
        key: ObjectKey,
        /// How many bytes of the chunk being read were not there.
        missing: u64,
    },
    /// The writer is used after it has failed. The first failure told why.
    #[error("the writer of object {key} has already failed")]
    WriterFailed {
        /// The object that will never be.
        key: ObjectKey,
    },
    /// The work was given up because the process is stopping.
    #[error("the storage work was interrupted")]
    Interrupted,
    /// The operating system or the remote storage refused.
    #[error("cannot {operation}")]
    Io {
        /// What was being done, as a phrase that follows "cannot".
        operation: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// A stream could not be turned into a stored object. Nothing of it stays behind.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The sender sent more than it may. Nothing was read beyond the chunk that showed it.
    #[error("more than {limit} bytes were sent")]
    TooLarge {
        /// The largest size that was allowed, in bytes.
        limit: u64,
    },
    /// The stream itself failed: usually the sender went away.
    #[error("the sender's stream broke")]
    Source(#[source] Box<dyn Error + Send + Sync>),
    /// Our side failed.
    #[error("the storage failed")]
    Storage(#[from] BlobError),
}

impl BlobError {
    /// Whether the storage has no more room, or may not have more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let Self::Io { source, .. } = self else { return false };
        matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
    }

    /// Names what was being done when the operating system refused.
    pub(crate) fn io(operation: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation, source }
    }
}
