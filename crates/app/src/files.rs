//! Stored files as producers see them: bytes that packages can name.

use bytes::Bytes;
use countersign_blobs::ReceiveError;
use countersign_crypto::encoding::hex_encode;
use countersign_domain::audit::Action;
use countersign_domain::catalog::package::StoredFile;
use countersign_domain::ids::SiteId;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Deleted, NewFile, Page, Tx};
use futures_util::Stream;

use crate::fault::takes_store_errors;
use crate::lost::LostObjects;
use crate::releases::{FILE_LIMIT, ReceivedFile, discard};
use crate::{Ctx, Fault};

/// What storing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The site has these bytes from now on.
    New,
    /// The site had them already; if they were lost, they are there again.
    There,
}

/// Why bytes were not stored. Nothing of them is left.
#[derive(Debug, thiserror::Error)]
pub enum StoreFileError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The sender's stream broke.
    #[error("the upload broke off")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The sender sent more than a file may have.
    #[error("a file has at most {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
}

/// Why a file was not removed.
#[derive(Debug, thiserror::Error)]
pub enum DeleteFileError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A package delivers it.
    #[error("a package refers to this file")]
    InUse,
    /// No such file.
    #[error("this site has no such file")]
    Unknown,
}

takes_store_errors!(StoreFileError, DeleteFileError);

/// Streams bytes into the file storage and makes them a file of the site, in constant memory. The same bytes are kept
/// once.
///
/// # Errors
/// [`StoreFileError`] says why nothing was kept.
pub async fn store<S, E>(ctx: &Ctx, site: SiteId, source: S) -> Result<(StoredFile, Kept), StoreFileError>
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    let received = countersign_blobs::receive(&*ctx.parts.blobs, source, FILE_LIMIT, |_| {}).await;
    let received = received.map_err(|error| match error {
        ReceiveError::Source(source) => StoreFileError::Source(source),
        ReceiveError::Storage(error) => StoreFileError::Fault(Fault::Blobs(error)),
        ReceiveError::TooLarge { limit } => StoreFileError::TooLarge { limit },
    })?;
    let received = ReceivedFile(received);
    let ctx = ctx.clone();
    to_its_end(async move { keep(&ctx, site, received).await }).await?
}

/// A file by the SHA-256 of its bytes.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find(ctx: &Ctx, site: SiteId, sha256: [u8; 32]) -> Result<Option<StoredFile>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.files().find(site, &sha256).await?) })).await
}

/// A part of the files of a site, in the order in which they were stored.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId, page: Page) -> Result<Vec<StoredFile>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.files().list(site, page).await?) })).await
}

/// Removes a file that no package refers to, and its bytes.
///
/// # Errors
/// [`DeleteFileError`] says why it is still there.
pub async fn delete(ctx: &Ctx, site: SiteId, sha256: [u8; 32]) -> Result<(), DeleteFileError> {
    let ctx = ctx.clone();
    to_its_end(async move {
        let removed = delete_row(&ctx, site, sha256).await?;
        remove_object(&ctx, &removed).await;
        Ok(())
    })
    .await?
}

/// The row of received bytes: the one that the site has already, or a new one. What is `lost` is healed.
pub(crate) async fn insert_or_find(
    tx: &mut dyn Tx,
    site: SiteId,
    received: &ReceivedFile,
    lost: &LostObjects,
    now: Timestamp,
) -> Result<(StoredFile, Kept), StoreError> {
    let blob = received.0;
    let row = NewFile { sha256: blob.sha256, md5: blob.md5, size: blob.size, object_key: blob.key.to_string() };
    for _ in 0..ATTEMPTS {
        if let Some(id) = tx.files().insert(site, &row, now).await? {
            let NewFile { sha256, md5, size, object_key } = row;
            return Ok((StoredFile { id, sha256, md5, size, object_key, stored_at: now }, Kept::New));
        }
        if let Some(found) = lost.find_or_heal(tx, site, received).await? {
            return Ok((found, Kept::There));
        }
    }
    Err(StoreError::OutcomeUnknown)
}

async fn keep(ctx: &Ctx, site: SiteId, received: ReceivedFile) -> Result<(StoredFile, Kept), StoreFileError> {
    let now = ctx.now();
    let lost = LostObjects::find(ctx, site, &[received]).await?;
    let outcome = match find(ctx, site, received.0.sha256).await? {
        Some(found) if lost.is_empty() => (found, Kept::There),
        Some(_) => {
            // Packages may name the file, so snapshots know where its bytes lay.
            let action = Action::new("file.restore", hex_encode(&received.0.sha256));
            ctx.change::<_, StoreFileError, _>(site, action, move |tx| {
                Box::pin(async move { Ok(insert_or_find(tx, site, &received, &lost, now).await?) })
            })
            .await?
        }
        None => {
            let action = Action::new("file.store", hex_encode(&received.0.sha256));
            ctx.record::<_, StoreFileError, _>(site, action, move |tx| {
                Box::pin(async move { Ok(insert_or_find(tx, site, &received, &lost, now).await?) })
            })
            .await?
        }
    };
    // After a fault it may not be known what was committed; an object too many does no harm, one too few does. What was
    // healed names the received object, which is kept then.
    if outcome.1 == Kept::There {
        discard(ctx, &[received]).await;
    }
    Ok(outcome)
}

async fn delete_row(ctx: &Ctx, site: SiteId, sha256: [u8; 32]) -> Result<StoredFile, DeleteFileError> {
    // No snapshot changes. But a package that names the file takes the site's lock as well, so that one of the two sees
    // what the other did.
    ctx.change(site, Action::new("file.delete", hex_encode(&sha256)), move |tx| {
        Box::pin(async move {
            let found = tx.files().find(site, &sha256).await?.ok_or(DeleteFileError::Unknown)?;
            match tx.files().delete(site, &sha256).await? {
                Deleted::Yes => Ok(found),
                Deleted::InUse => Err(DeleteFileError::InUse),
                Deleted::Unknown => Err(DeleteFileError::Unknown),
            }
        })
    })
    .await
}

/// Removes bytes whose row is gone. A failure is logged only, because an object that nothing refers to does no harm.
async fn remove_object(ctx: &Ctx, file: &StoredFile) {
    let outcome = match file.object_key.parse() {
        Ok(key) => {
            ctx.parts.blobs.delete(&key).await.map_err(|error| Box::new(error) as Box<dyn std::error::Error + Send>)
        }
        Err(error) => Err(Box::new(error) as Box<dyn std::error::Error + Send>),
    };
    if let Err(error) = outcome {
        tracing::warn!(object = file.object_key, error = %error, "the bytes of a deleted file were not removed");
    }
}

/// Does work to its end, even when the caller goes away meanwhile: between row and bytes nothing is to be left over.
pub(crate) async fn to_its_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, Fault> {
    #[expect(
        clippy::disallowed_methods,
        reason = "one unit of work and one removal; when the process stops meanwhile, an object too many does no harm"
    )]
    let task = tokio::spawn(work);
    Ok(task.await?)
}

/// How often a row is looked for that stood in the way a moment before: it can be deleted in between, but hardly twice.
const ATTEMPTS: usize = 3;
