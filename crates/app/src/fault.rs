//! What can fail in every use case without anyone having done something wrong.

use countersign_blobs::{BlobError, ReceiveError};
use countersign_store::StoreError;
use countersign_vault::{SealedValueError, SigningError};

/// A failure of the machinery. A door answers it with its form of "try again later"; the chain of causes is logged.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file storage failed.
    #[error("the file storage failed")]
    Blobs(#[from] BlobError),
    /// A credential of one site was used for another. The program has a fault; nothing was done.
    #[error("a credential of another site was used")]
    ForeignPrincipal,
    /// A stored key is not what it should be.
    #[error("a stored key cannot be used: {what}")]
    Key {
        /// Which key.
        what: String,
        /// The reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store was sealed with another master key while this process ran: it must be started again with the new one.
    #[error("the master key of the store was replaced; start this program again with the new one")]
    MasterKeyReplaced,
    /// An upload could not be stored.
    #[error("the upload failed")]
    Receive(#[from] ReceiveError),
    /// A secret does not open with this master key.
    #[error("a stored secret cannot be opened")]
    Sealed(#[from] SealedValueError),
    /// No signature could be made.
    #[error("no signature could be made")]
    Signing(#[from] SigningError),
    /// What is stored for this site cannot be used; other sites are not affected.
    #[error("the site cannot be loaded")]
    Site,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The store did not answer in time.
    #[error("the store did not answer in time")]
    StoreTimeout,
    /// The store could not be read when somebody else tried a moment ago.
    #[error("the store is not available")]
    StoreUnavailable,
    /// A computation on another thread was lost.
    #[error("a task on another thread was lost")]
    Task(#[from] tokio::task::JoinError),
}

/// Lets a use case's error take in a [`StoreError`] on the way through [`Fault`], as units of work need it.
macro_rules! takes_store_errors {
    ($($error:ty),+) => {$(
        impl From<countersign_store::StoreError> for $error {
            fn from(error: countersign_store::StoreError) -> Self {
                Self::Fault(crate::Fault::Store(error))
            }
        }
    )+};
}

pub(crate) use takes_store_errors;
