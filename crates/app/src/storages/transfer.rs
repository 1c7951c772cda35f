//! Copying the bytes of a file from one storage to another.

use std::sync::Arc;

use countersign_blobs::{Blobs, ReceivedBlob};
use countersign_domain::storage::{FileVersion, Storage, VERSION_LIMIT, VersionId};
use countersign_store::repositories::UploadKey;

use super::StorageError;
use super::caller::GrantedPlace;
use super::open::{OpenedFile, open_at};
use super::upload::{Arrived, ArrivedVersion};
use crate::Ctx;
use crate::files::to_its_end;

/// Copies one version of a file into another storage, compares the digest, and makes it visible there.
pub(super) async fn transfer(
    ctx: &Ctx,
    from: &GrantedPlace,
    version: Option<VersionId>,
    to: &GrantedPlace,
) -> Result<(), StorageError> {
    let source = open_at(ctx, from.clone(), version).await?;
    let storage = find(ctx, to).await?;
    carry(ctx, vec![source], storage, to).await
}

/// Copies a file with its versions into another storage, compares the digests, and makes them visible there at once: all
/// versions where the storage keeps them, or else the latest. Gives the versions that the file had, the newest first.
pub(super) async fn transfer_all(
    ctx: &Ctx,
    from: &GrantedPlace,
    to: &GrantedPlace,
) -> Result<Vec<VersionId>, StorageError> {
    let storage = find(ctx, to).await?;
    let had = list(ctx, from).await?;
    let mut sources = Vec::new();
    for version in had.iter().take(kept(&storage)).rev() {
        let source = open_at(ctx, from.clone(), Some(version.file.version)).await;
        if matches!(source, Err(StorageError::VersionUnknown(_))) {
            // It was trimmed, or has expired, since the list was made: the file itself may be there.
            return Err(StorageError::Changed(from.text()));
        }
        sources.push(source?);
    }
    carry(ctx, sources, storage, to).await?;
    Ok(had.into_iter().map(|version| version.file.version).collect())
}

/// How many versions of a file a storage keeps.
pub(super) fn kept(storage: &Storage) -> usize {
    if storage.versioned { VERSION_LIMIT } else { 1 }
}

/// The storage of a place.
pub(super) async fn find(ctx: &Ctx, place: &GrantedPlace) -> Result<Storage, StorageError> {
    let place = place.clone();
    ctx.store().read(move |tx| Box::pin(async move { place.find(tx).await })).await
}

async fn list(ctx: &Ctx, place: &GrantedPlace) -> Result<Vec<FileVersion>, StorageError> {
    let place = place.clone();
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let storage = place.find(tx).await?;
                let file = place.file(tx, &storage).await?;
                Ok(tx.storage_versions().list(file).await?)
            })
        })
        .await
}

/// Copies versions, the oldest first.
async fn carry(ctx: &Ctx, sources: Vec<OpenedFile>, storage: Storage, to: &GrantedPlace) -> Result<(), StorageError> {
    if to.path.is_root() {
        return Err(StorageError::Root);
    }
    let size = sources.iter().fold(0_u64, |sum, source| sum.saturating_add(source.file().size));
    if let Some(quota) = storage.quota
        && storage.used.saturating_add(size) > quota
        // Where no versions are kept, what is overwritten makes room, and the commit decides.
        && (storage.versioned || size > quota)
    {
        return Err(StorageError::QuotaExceeded { storage: storage.name.clone(), quota });
    }
    let blobs = ctx.back_end(&storage).await?;
    let mut versions = Vec::new();
    for source in &sources {
        match fetch(ctx, source, (&storage, &blobs), to).await {
            Ok(received) => {
                versions.push(ArrivedVersion { received, media_type: source.file().media_type.clone() });
            }
            Err(error) => {
                let keys: Vec<String> = versions.iter().map(|version| version.received.key.to_string()).collect();
                ctx.remove_objects(&*blobs, &keys).await;
                return Err(error);
            }
        }
    }
    let key = UploadKey { client: String::new(), storage: Some(to.storage.clone()), path: to.path.clone() };
    let arrived = Arrived { place: to.clone(), key, announced: Some(size), versions };
    let ctx = ctx.clone();
    to_its_end(async move { arrived.keep(&ctx, &storage, &blobs).await }).await?.map(|_| ())
}

async fn fetch(
    ctx: &Ctx,
    source: &OpenedFile,
    (storage, blobs): (&Storage, &Arc<dyn Blobs>),
    to: &GrantedPlace,
) -> Result<ReceivedBlob, StorageError> {
    let file = source.file();
    let stream = source.open(0..file.size).await?;
    let received = countersign_blobs::receive(&**blobs, stream, ctx.upload_limit().max(file.size), |_| {}).await;
    let received = received.map_err(|error| StorageError::of_upload(&storage.name, error))?;
    if received.sha256 != file.sha256 {
        ctx.remove_objects(&**blobs, &[received.key.to_string()]).await;
        return Err(StorageError::Changed(to.text()));
    }
    Ok(received)
}
