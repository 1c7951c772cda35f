//! Why something in a storage was not done.

use countersign_blobs::{BlobError, ReceiveError};
use countersign_domain::storage::{StorageName, StoragePathError};

use crate::Fault;
use crate::fault::takes_store_errors;

/// Why a call on a storage was refused. One list for all calls: they go wrong in the same ways, and a door answers each of
/// them alike. Nothing was changed, unless a call says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The source was changed, or moved away, while it was being copied or moved.
    #[error("{0} was changed meanwhile")]
    Changed(String),
    /// An upload came without content, shortly after one with content was refused for its token: the client repeats the
    /// request and has lost the content.
    #[error(
        "the upload of {0} came without content right after it was refused for its token; send the file again from its start"
    )]
    EmptyAfterRetry(String),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The back end has no more room.
    #[error("storage {0} is full")]
    Full(StorageName, #[source] BlobError),
    /// Fewer or more bytes came than were announced.
    #[error("{announced} bytes were announced and {received} came")]
    Incomplete {
        /// Bytes that the sender announced.
        announced: u64,
        /// Bytes that came.
        received: u64,
    },
    /// A folder cannot be copied or moved into itself, or onto a folder that holds it.
    #[error("{0} cannot be copied or moved into itself, or onto a folder that holds it")]
    IntoItself(String),
    /// There is a folder where a file was expected.
    #[error("{0} is a folder")]
    IsFolder(String),
    /// There is a file where a folder was expected.
    #[error("{0} is a file")]
    IsFile(String),
    /// The application has no default storage, and the request names none.
    #[error("name a storage: this application has no default storage")]
    NoDefault,
    /// A folder that is to be deleted has something in it.
    #[error("folder {0} is not empty")]
    NotEmpty(String),
    /// No file or folder.
    #[error("there is no {0}")]
    NotFound(String),
    /// The application may not do this there.
    #[error("this application may not do this at {0}")]
    NotGranted(String),
    /// A path is too long, or became so by copying or moving.
    #[error(transparent)]
    Path(#[from] StoragePathError),
    /// The storage would hold more than it may.
    #[error("storage {storage} may hold {quota} bytes")]
    QuotaExceeded {
        /// The storage.
        storage: StorageName,
        /// Most bytes of all versions together.
        quota: u64,
    },
    /// The root folder cannot be deleted, moved or overwritten.
    #[error("this cannot be done to the root folder")]
    Root,
    /// The sender's stream broke.
    #[error("the upload broke off")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No such storage.
    #[error("there is no storage {0}")]
    StorageUnknown(StorageName),
    /// More bytes than a file may have.
    #[error("a file has at most {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Two folders have too much in common to be put together at once.
    #[error("more than {limit} entries would have to be put together; move them in parts, or to a free name")]
    TooMany {
        /// Most entries.
        limit: usize,
    },
    /// The back end does not answer, or not as it should.
    #[error("the back end of storage {0} failed")]
    Unavailable(StorageName, #[source] BlobError),
    /// No such version.
    #[error("{0} has no such version")]
    VersionUnknown(String),
}

takes_store_errors!(StorageError);

impl StorageError {
    /// What a back end says, for the storage that it belongs to.
    pub(super) fn of_back_end(storage: &StorageName, error: BlobError) -> Self {
        if error.is_full() {
            return Self::Full(storage.clone(), error);
        }
        Self::Unavailable(storage.clone(), error)
    }

    /// What came of receiving a stream.
    pub(super) fn of_upload(storage: &StorageName, error: ReceiveError) -> Self {
        match error {
            ReceiveError::Source(source) => Self::Source(source),
            ReceiveError::Storage(error) => Self::of_back_end(storage, error),
            ReceiveError::TooLarge { limit } => Self::TooLarge { limit },
        }
    }
}
