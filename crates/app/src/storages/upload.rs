//! Putting bytes into a storage.

use std::sync::Arc;

use bytes::Bytes;
use countersign_blobs::{Blobs, ObjectKey, ReceiveError, ReceivedBlob};
use countersign_domain::audit::Action;
use countersign_domain::storage::{Storage, StorageAccess, StorageFile, StoragePath};
use countersign_store::Tx;
use countersign_store::repositories::{Entry, NewObject, UploadKey};
use futures_util::Stream;

use super::caller::GrantedPlace;
use super::tree::{Content, Locked};
use super::{Place, StorageCaller, StorageError};
use crate::files::to_its_end;
use crate::{Ctx, Fault};

/// What is to be stored where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The file.
    pub place: Place,
    /// The path of the request: that of the folder, when the file is put into one. `None`: the file's.
    pub requested: Option<StoragePath>,
    /// How many bytes the sender has announced, if any. Neither fewer nor more are taken.
    pub announced: Option<u64>,
    /// What the sender says that the bytes are. Of at most 255 bytes; a longer one is left out.
    pub media_type: Option<String>,
    /// Most bytes; [`Ctx::upload_limit`] is usual.
    pub limit: u64,
}

/// Stores a stream as a file, in constant memory. What was there is overwritten, or kept as a version; parents are made.
/// Of several uploads at once, the last that is complete wins.
///
/// # Errors
/// [`StorageError`] says why nothing was stored.
pub async fn upload<S, E>(
    ctx: &Ctx,
    caller: &StorageCaller,
    upload: Upload,
    source: S,
) -> Result<StorageFile, StorageError>
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    let place = caller.at(&upload.place, StorageAccess::Write)?;
    let Upload { announced, limit, requested, media_type, .. } = upload;
    let (storage, room) = look_ahead(ctx, &place).await?;
    let quota_exceeded = |quota| StorageError::QuotaExceeded { storage: place.storage.clone(), quota };
    if let Some(announced) = announced {
        if announced > limit {
            return Err(StorageError::TooLarge { limit });
        }
        if let (Some(room), Some(quota)) = (room, storage.quota)
            && announced > room
        {
            return Err(quota_exceeded(quota));
        }
    }
    let path = requested.unwrap_or_else(|| place.path.clone());
    let key = UploadKey { client: caller.client.clone(), storage: upload.place.storage, path };
    if announced == Some(0) {
        refuse_lost_content(ctx, &place, &key).await?;
    }
    let blobs = ctx.back_end(&storage).await?;
    let most = limit.min(room.unwrap_or(limit)).min(announced.unwrap_or(limit));
    let received = countersign_blobs::receive(&*blobs, source, most, |_| {}).await;
    match &received {
        Ok(_) => ctx.back_ends.note_room(storage.id, false),
        Err(ReceiveError::Storage(error)) if error.is_full() => ctx.back_ends.note_room(storage.id, true),
        Err(_) => {}
    }
    let received = received.map_err(|error| match (StorageError::of_upload(&place.storage, error), announced) {
        (StorageError::TooLarge { .. }, Some(announced)) if most == announced => {
            StorageError::Incomplete { announced, received: announced.saturating_add(1) }
        }
        (StorageError::TooLarge { .. }, _) if most < limit => quota_exceeded(storage.quota.unwrap_or(most)),
        (error, _) => error,
    })?;
    let media_type = media_type.filter(|text| text.len() <= MEDIA_TYPE_LIMIT);
    let arrived = Arrived { place, key, announced, versions: vec![ArrivedVersion { received, media_type }] };
    let ctx = ctx.clone();
    to_its_end(async move { arrived.keep(&ctx, &storage, &blobs).await }).await?
}

/// The storage, and how many bytes a file at this place may have; `None` without a quota.
async fn look_ahead(ctx: &Ctx, place: &GrantedPlace) -> Result<(Storage, Option<u64>), StorageError> {
    if place.path.is_root() {
        return Err(StorageError::Root);
    }
    let place = place.clone();
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let storage = place.find(tx).await?;
                let there = match place.entry(tx, &storage).await? {
                    Some(Entry::Folder(_)) => return Err(StorageError::IsFolder(place.text())),
                    Some(Entry::File(file)) => tx.storage_versions().latest(file).await?.map_or(0, |file| file.size),
                    None => 0,
                };
                let freed = if storage.versioned { 0 } else { there };
                let room = storage.quota.map(|quota| quota.saturating_sub(storage.used.saturating_sub(freed)));
                Ok((storage, room))
            })
        })
        .await
}

/// Refuses an empty upload that repeats one which had content.
async fn refuse_lost_content(ctx: &Ctx, place: &GrantedPlace, key: &UploadKey) -> Result<(), StorageError> {
    let (site, key, text) = (place.site, key.clone(), place.text());
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                match tx.refused_uploads().find(site, &key).await? {
                    // It stays noted: some clients repeat every request that fails.
                    Some(until) if tx.now().await? < until => Err(StorageError::EmptyAfterRetry(text)),
                    Some(_) | None => Ok(()),
                }
            })
        })
        .await
}

/// Bytes that lie in the back end and belong to nothing yet.
pub(super) struct Arrived {
    pub(super) place: GrantedPlace,
    pub(super) key: UploadKey,
    /// Bytes that all versions were to have together.
    pub(super) announced: Option<u64>,
    /// The oldest first.
    pub(super) versions: Vec<ArrivedVersion>,
}

/// The bytes of one version.
pub(super) struct ArrivedVersion {
    pub(super) received: ReceivedBlob,
    pub(super) media_type: Option<String>,
}

impl Arrived {
    /// Makes the bytes versions of a file, or removes them. Gives the latest.
    pub(super) async fn keep(
        self,
        ctx: &Ctx,
        storage: &Storage,
        blobs: &Arc<dyn Blobs>,
    ) -> Result<StorageFile, StorageError> {
        let keys: Vec<String> = self.versions.iter().map(|version| version.received.key.to_string()).collect();
        let outcome = self.publish(ctx, storage, blobs).await;
        match outcome {
            Ok((file, unused)) => {
                ctx.remove_objects(&**blobs, &unused).await;
                Ok(file)
            }
            // Whether it was committed may not be known; an object too many does no harm, one too few does.
            Err(StorageError::Fault(fault)) => Err(StorageError::Fault(fault)),
            Err(refusal) => {
                ctx.remove_objects(&**blobs, &keys).await;
                Err(refusal)
            }
        }
    }

    async fn publish(
        self,
        ctx: &Ctx,
        storage: &Storage,
        blobs: &Arc<dyn Blobs>,
    ) -> Result<(StorageFile, Vec<String>), StorageError> {
        let Self { place, key, announced, versions } = self;
        let size = versions.iter().fold(0_u64, |sum, version| sum.saturating_add(version.received.size));
        if let Some(announced) = announced
            && announced != size
        {
            return Err(StorageError::Incomplete { announced, received: size });
        }
        if size == 0 && announced.is_none() {
            refuse_lost_content(ctx, &place, &key).await?;
        }
        let mut lost = Vec::new();
        for version in &versions {
            lost.push(is_lost(ctx, storage, &**blobs, &version.received).await?);
        }
        let action = Action::new("storage.upload", place.text());
        ctx.record(place.site, action, move |tx| {
            Box::pin(async move {
                let mut locked = Locked::new(place.lock(tx).await?);
                let now = tx.now().await?;
                let (folder, name) = place.make_parent(tx, &locked.storage, 0, now).await?;
                let file = match tx.storage_entries().find(folder, &name).await? {
                    Some(Entry::File(file)) => file,
                    Some(Entry::Folder(_)) => return Err(StorageError::IsFolder(place.text())),
                    None => tx.storage_entries().insert_file(locked.storage.id, folder, &name, now).await?,
                };
                for (ArrivedVersion { received, media_type }, is_lost) in versions.into_iter().zip(lost) {
                    let object = name_object(tx, &mut locked, &received, is_lost).await?;
                    locked.add_version(tx, file, Content { object, size: received.size, media_type }, now).await?;
                }
                tx.refused_uploads().delete(place.site, &key).await?;
                let unused = locked.finish(tx).await?;
                let stored = tx.storage_versions().latest(file).await?.ok_or_else(|| place.not_found())?;
                Ok((stored, unused))
            })
        })
        .await
    }
}

/// The row of received bytes: the one that the storage has already, or a new one. Bytes that are lost are replaced.
async fn name_object(
    tx: &mut dyn Tx,
    locked: &mut Locked,
    received: &ReceivedBlob,
    is_lost: bool,
) -> Result<countersign_domain::ids::StorageObjectId, StorageError> {
    let object_key = received.key.to_string();
    let found = tx.storage_versions().find_object(locked.storage.id, &received.sha256).await?;
    let Some(found) = found else {
        let ReceivedBlob { size, sha256, md5, .. } = *received;
        let object = NewObject { sha256, md5, size, object_key };
        let now = tx.now().await?;
        return Ok(tx.storage_versions().insert_object(locked.storage.id, &object, now).await?);
    };
    if is_lost {
        tx.storage_versions().set_object_key(found.id, &object_key).await?;
        locked.unused.push(found.content.object_key);
    } else {
        locked.unused.push(object_key);
    }
    Ok(found.id)
}

/// Whether the storage has a row of these bytes and not the bytes.
async fn is_lost(
    ctx: &Ctx,
    storage: &Storage,
    blobs: &dyn Blobs,
    received: &ReceivedBlob,
) -> Result<bool, StorageError> {
    let (id, sha256) = (storage.id, received.sha256);
    let found = ctx
        .store()
        .read::<_, Fault, _>(move |tx| {
            Box::pin(async move { Ok(tx.storage_versions().find_object(id, &sha256).await?) })
        })
        .await?;
    let Some(found) = found else { return Ok(false) };
    let Ok(key) = found.content.object_key.parse::<ObjectKey>() else { return Ok(true) };
    let length = blobs.length(&key).await.map_err(|error| StorageError::of_back_end(&storage.name, error))?;
    Ok(length != Some(found.content.size))
}

/// Longest media type that is kept, in bytes.
const MEDIA_TYPE_LIMIT: usize = 255;
