//! Copying the bytes of a file from one storage to another.

use countersign_domain::storage::{Storage, StorageFile};
use countersign_store::repositories::UploadKey;

use super::StorageError;
use super::caller::GrantedPlace;
use super::open::{OpenedFile, open_at};
use super::upload::Arrived;
use crate::Ctx;
use crate::files::to_its_end;

/// Copies one version of a file into another storage, compares the digest, and makes it visible there.
pub(super) async fn transfer(
    ctx: &Ctx,
    from: &GrantedPlace,
    version: Option<countersign_domain::storage::VersionId>,
    to: &GrantedPlace,
) -> Result<StorageFile, StorageError> {
    let source = open_at(ctx, from.clone(), version).await?;
    let storage = find(ctx, to).await?;
    transfer_opened(ctx, &source, &storage, to).await
}

/// The storage of a place.
pub(super) async fn find(ctx: &Ctx, place: &GrantedPlace) -> Result<Storage, StorageError> {
    let place = place.clone();
    ctx.store().read(move |tx| Box::pin(async move { place.find(tx).await })).await
}

async fn transfer_opened(
    ctx: &Ctx,
    source: &OpenedFile,
    storage: &Storage,
    to: &GrantedPlace,
) -> Result<StorageFile, StorageError> {
    if to.path.is_root() {
        return Err(StorageError::Root);
    }
    let file = source.file().clone();
    if let Some(quota) = storage.quota
        && storage.used.saturating_add(file.size) > quota
        // Where no versions are kept, what is overwritten makes room, and the commit decides.
        && (storage.versioned || file.size > quota)
    {
        return Err(StorageError::QuotaExceeded { storage: storage.name.clone(), quota });
    }
    let blobs = ctx.back_end(storage).await?;
    let stream = source.open(0..file.size).await?;
    let received = countersign_blobs::receive(&*blobs, stream, ctx.upload_limit().max(file.size), |_| {}).await;
    let received = received.map_err(|error| StorageError::of_upload(&storage.name, error))?;
    if received.sha256 != file.sha256 {
        ctx.remove_objects(&*blobs, &[received.key.to_string()]).await;
        return Err(StorageError::Changed(to.text()));
    }
    let key = UploadKey { client: String::new(), storage: Some(to.storage.clone()), path: to.path.clone() };
    let (announced, media_type) = (Some(file.size), file.media_type);
    let arrived = Arrived { place: to.clone(), key, received, announced, media_type };
    let (ctx, storage) = (ctx.clone(), storage.clone());
    to_its_end(async move { arrived.keep(&ctx, &storage, &blobs).await }).await?
}
