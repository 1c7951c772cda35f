//! Looking: what is there, what is in a folder, which versions a file has, how much is in use.

use countersign_domain::storage::{
    BackEnd, FileVersion, FolderEntry, ListAfter, Storage, StorageAccess, StorageFile, StorageName, VersionId,
};
use countersign_domain::time::Timestamp;
use countersign_store::repositories::Entry;

use super::{Place, StorageCaller, StorageError};
use crate::{Ctx, Fault};

/// What a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A file, at the version that was asked for.
    File(StorageFile),
    /// A folder, and when it was created.
    Folder(Timestamp),
}

/// A part of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage {
    /// The place behind which the part begins; `None` for the first part.
    pub after: Option<ListAfter>,
    /// Most entries; more than [`ListPage::LIMIT`] are never given. Fewer than were asked for, within that limit, are the
    /// last.
    pub limit: u32,
}

impl ListPage {
    /// Most entries that one call gives.
    pub const LIMIT: u32 = 1000;

    /// The beginning of a folder.
    #[must_use]
    pub fn first() -> Self {
        Self { after: None, limit: Self::LIMIT }
    }
}

/// How much of a storage is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of all versions of all files.
    pub used: u64,
    /// Bytes that there may be: the quota, or else the size of the disk; `None` when nobody knows a limit.
    pub total: Option<u64>,
}

/// What a path means, if anything. With a version, a file that has this version.
///
/// # Errors
/// [`StorageError`] when the storage is unknown or may not be read.
pub async fn stat(
    ctx: &Ctx,
    caller: &StorageCaller,
    place: &Place,
    version: Option<VersionId>,
) -> Result<Option<Found>, StorageError> {
    let place = caller.at(place, StorageAccess::Read)?;
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let storage = place.find(tx).await?;
                let found = match (place.entry(tx, &storage).await?, version) {
                    (Some(Entry::Folder(folder)), None) => {
                        tx.storage_entries().created_at(folder).await?.map(Found::Folder)
                    }
                    (Some(Entry::File(file)), None) => tx.storage_versions().latest(file).await?.map(Found::File),
                    (Some(Entry::File(file)), Some(version)) => {
                        tx.storage_versions().find(file, version).await?.map(Found::File)
                    }
                    (Some(Entry::Folder(_)), Some(_)) | (None, _) => None,
                };
                Ok(found)
            })
        })
        .await
}

/// Whether there is something at a path: `Some(true)` for a folder, `Some(false)` for a file.
///
/// # Errors
/// As for [`stat`].
pub async fn exists(
    ctx: &Ctx,
    caller: &StorageCaller,
    place: &Place,
    version: Option<VersionId>,
) -> Result<Option<bool>, StorageError> {
    Ok(stat(ctx, caller, place, version).await?.map(|found| matches!(found, Found::Folder(_))))
}

/// A part of what is directly in a folder: folders first, then files, each in the order of code points.
///
/// # Errors
/// [`StorageError`] when there is no such folder, or it may not be read.
pub async fn list_folder(
    ctx: &Ctx,
    caller: &StorageCaller,
    place: &Place,
    page: ListPage,
) -> Result<Vec<FolderEntry>, StorageError> {
    let place = caller.at(place, StorageAccess::Read)?;
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let storage = place.find(tx).await?;
                let folder = place.folder(tx, &storage).await?;
                let limit = page.limit.min(ListPage::LIMIT);
                let entries = tx.storage_entries().list(folder, page.after.as_ref(), limit).await?;
                Ok(entries.into_iter().map(|(_, entry)| entry).collect())
            })
        })
        .await
}

/// All versions of a file, the newest first; exactly one is the latest.
///
/// # Errors
/// [`StorageError`] when there is no such file, or it may not be read.
pub async fn versions(ctx: &Ctx, caller: &StorageCaller, place: &Place) -> Result<Vec<FileVersion>, StorageError> {
    let place = caller.at(place, StorageAccess::Read)?;
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

/// Whether there is a storage that the caller may read something of.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn storage_exists(ctx: &Ctx, caller: &StorageCaller, name: &StorageName) -> Result<bool, Fault> {
    Ok(caller.sees(name) && super::find(ctx, caller.site, name).await?.is_some())
}

/// How much of a storage is in use, and how much there may be. `None` stands for the caller's default storage.
///
/// # Errors
/// [`StorageError`] when the storage is unknown, or the caller may read nothing of it.
pub async fn usage(ctx: &Ctx, caller: &StorageCaller, name: Option<&StorageName>) -> Result<Usage, StorageError> {
    let name = caller.storage_name(name)?;
    if !caller.sees(name) {
        return Err(StorageError::NotGranted(name.to_string()));
    }
    let found = super::find(ctx, caller.site, name).await?;
    let storage = found.ok_or_else(|| StorageError::StorageUnknown(name.clone()))?;
    let total = match storage.quota {
        Some(quota) => Some(quota),
        None => capacity(ctx, &storage).await?,
    };
    Ok(Usage { used: storage.used, total })
}

/// Whether the last upload into some storage found no room on its disk. Reading goes on, and so does everything else.
#[must_use]
pub fn is_any_full(ctx: &Ctx) -> bool {
    ctx.back_ends.is_any_full()
}

async fn capacity(ctx: &Ctx, storage: &Storage) -> Result<Option<u64>, StorageError> {
    match storage.back_end {
        BackEnd::Bucket(_) => Ok(None),
        BackEnd::Managed | BackEnd::Directory(_) => {
            let capacity = ctx.back_end(storage).await?.capacity().await;
            capacity.map_err(|error| StorageError::of_back_end(&storage.name, error))
        }
    }
}
