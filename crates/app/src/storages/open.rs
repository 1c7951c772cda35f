//! Reading the bytes of a file.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use countersign_blobs::{BlobError, Blobs, ObjectKey};
use countersign_domain::storage::{StorageAccess, StorageFile, VersionId};
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};

use super::caller::GrantedPlace;
use super::{Place, StorageCaller, StorageError};
use crate::downloads::LocalRange;
use crate::{Ctx, Fault};

/// A file that may be read: one version, whatever becomes of its path meanwhile.
pub struct OpenedFile {
    file: StorageFile,
    place: GrantedPlace,
    blobs: Arc<dyn Blobs>,
    key: ObjectKey,
}

/// Finds a file, at its latest version or at a given one.
///
/// # Errors
/// [`StorageError`] when there is none, or it may not be read.
pub async fn open(
    ctx: &Ctx,
    caller: &StorageCaller,
    place: &Place,
    version: Option<VersionId>,
) -> Result<OpenedFile, StorageError> {
    open_at(ctx, caller.at(place, StorageAccess::Read)?, version).await
}

pub(super) async fn open_at(
    ctx: &Ctx,
    place: GrantedPlace,
    version: Option<VersionId>,
) -> Result<OpenedFile, StorageError> {
    let wanted = place.clone();
    let (storage, file) = ctx
        .store()
        .read(move |tx| {
            Box::pin(async move {
                let storage = wanted.find(tx).await?;
                let id = wanted.file(tx, &storage).await?;
                let file = match version {
                    None => tx.storage_versions().latest(id).await?.ok_or_else(|| wanted.not_found())?,
                    Some(version) => {
                        let found = tx.storage_versions().find(id, version).await?;
                        found.ok_or_else(|| StorageError::VersionUnknown(wanted.text()))?
                    }
                };
                Ok::<_, StorageError>((storage, file))
            })
        })
        .await?;
    let blobs = ctx.back_end(&storage).await?;
    let key = file
        .object_key
        .parse()
        .map_err(|error| Fault::Key { what: format!("object key of {}", place.text()), source: Box::new(error) })?;
    Ok(OpenedFile { file, place, blobs, key })
}

impl OpenedFile {
    /// The version that is read.
    #[must_use]
    pub fn file(&self) -> &StorageFile {
        &self.file
    }

    /// Opens a range of the bytes, end exclusive. The stream gives all of them or ends with an error.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when the back end does not give them; [`StorageError::NotFound`] when the version was
    /// removed since it was found.
    pub async fn open(&self, range: Range<u64>) -> Result<BoxStream<'static, Result<Bytes, Fault>>, StorageError> {
        let stream = self.blobs.open(&self.key, range).await.map_err(|error| self.failed(error))?;
        Ok(stream.map_err(Fault::Blobs).boxed())
    }

    /// Opens a range of the bytes, end exclusive, as parts of a file of this machine; `None` when they are not in one.
    ///
    /// # Errors
    /// As for [`OpenedFile::open`].
    pub async fn open_local(&self, range: Range<u64>) -> Result<Option<LocalRange>, StorageError> {
        let opened = self.blobs.open_local(&self.key).await.map_err(|error| self.failed(error))?;
        let Some(file) = opened else { return Ok(None) };
        file.check(&range).map_err(|error| self.failed(error))?;
        Ok(Some(LocalRange::new(file, range)))
    }

    fn failed(&self, error: BlobError) -> StorageError {
        match error {
            // The row was there a moment ago. When it still is, the collector of damage will say so.
            BlobError::Missing { .. } => self.place.not_found(),
            BlobError::Interrupted
            | BlobError::Io { .. }
            | BlobError::RangeBeyondEnd { .. }
            | BlobError::Truncated { .. }
            | BlobError::WriterFailed { .. } => StorageError::of_back_end(&self.place.storage, error),
        }
    }
}
