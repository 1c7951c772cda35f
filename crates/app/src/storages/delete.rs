//! Deleting files, versions and folders.

use countersign_domain::audit::Action;
use countersign_domain::ids::{FolderId, SiteId, StorageId};
use countersign_domain::storage::{StorageAccess, VersionId};
use countersign_store::Tx;
use countersign_store::repositories::Entry;

use super::caller::GrantedPlace;
use super::tree::Locked;
use super::{Place, StorageCaller, StorageError};
use crate::Ctx;
use crate::files::to_its_end;

/// Most entries that one unit of work takes out of a deleted folder: other writers never wait long for it.
const ENTRIES_PER_UNIT: u32 = 100;
/// Most units after which a deletion is answered: 100,000 entries. The rest waits for the collector.
const UNITS_AT_ONCE: u32 = 1000;

/// Whether what is in a folder is deleted with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// A folder that is not empty stays.
    Keep,
    /// Everything in it goes, at once for whoever looks.
    Delete,
}

/// Deletes a file with all its versions, or one version of it. The newest that is left is the latest then; when none is,
/// the file is gone.
///
/// # Errors
/// [`StorageError`] says why it is still there.
pub async fn delete_file(
    ctx: &Ctx,
    caller: &StorageCaller,
    place: &Place,
    version: Option<VersionId>,
) -> Result<(), StorageError> {
    let place = caller.at(place, StorageAccess::Write)?;
    let ctx = ctx.clone();
    to_its_end(async move {
        let wanted = place.clone();
        let action = Action::new("storage.delete", place.text());
        let unit = ctx.record(place.site, action, move |tx| {
            Box::pin(async move {
                let mut locked = Locked::new(wanted.lock(tx).await?);
                remove(tx, &mut locked, &wanted, version).await?;
                let storage = locked.storage.clone();
                Ok::<_, StorageError>((storage, locked.finish(tx).await?))
            })
        });
        let (storage, unused) = unit.await?;
        ctx.remove_unused(&storage, &unused).await;
        Ok(())
    })
    .await?
}

/// Removes a file or a version inside a unit.
pub(super) async fn remove(
    tx: &mut dyn Tx,
    locked: &mut Locked,
    place: &GrantedPlace,
    version: Option<VersionId>,
) -> Result<(), StorageError> {
    let file = place.file(tx, &locked.storage).await?;
    let Some(version) = version else { return Ok(locked.remove_file(tx, file).await?) };
    let found = tx.storage_versions().find(file, version).await?;
    let found = found.ok_or_else(|| StorageError::VersionUnknown(place.text()))?;
    locked.remove_version(tx, file, version, found.size).await?;
    if tx.storage_versions().latest(file).await?.is_none() {
        tx.storage_entries().delete(Entry::File(file)).await?;
    }
    Ok(())
}

/// Deletes a folder. With its contents it disappears at once, however much is in it; what was in use is free when this
/// returns, or soon after for very large folders.
///
/// # Errors
/// [`StorageError`] says why it is still there.
pub async fn delete_folder(
    ctx: &Ctx,
    caller: &StorageCaller,
    place: &Place,
    contents: Contents,
) -> Result<(), StorageError> {
    let place = caller.at(place, StorageAccess::Write)?;
    if place.path.is_root() {
        return Err(StorageError::Root);
    }
    let ctx = ctx.clone();
    to_its_end(async move {
        let wanted = place.clone();
        let action = Action::new("storage.delete-folder", place.text());
        let unit = ctx.record(place.site, action, move |tx| {
            Box::pin(async move {
                let storage = wanted.lock(tx).await?;
                let folder = wanted.folder(tx, &storage).await?;
                if tx.storage_entries().list(folder, None, 1).await?.is_empty() {
                    tx.storage_entries().delete(Entry::Folder(folder)).await?;
                } else if contents == Contents::Delete {
                    tx.storage_entries().detach(storage.id, folder).await?;
                } else {
                    return Err(StorageError::NotEmpty(wanted.text()));
                }
                Ok(storage)
            })
        });
        let storage = unit.await?;
        for _ in 0..UNITS_AT_ONCE {
            if !empty_some(&ctx, place.site, &storage.id, &place).await? {
                break;
            }
        }
        Ok(())
    })
    .await?
}

/// Takes some entries out of a folder that is no longer in the tree. `false`: there is no such folder any more.
pub(super) async fn empty_some(
    ctx: &Ctx,
    site: SiteId,
    id: &StorageId,
    place: &GrantedPlace,
) -> Result<bool, StorageError> {
    let (id, place) = (*id, place.clone());
    let unit = ctx.write(site, move |tx| {
        Box::pin(async move {
            let Some(storage) = tx.storages().lock(id).await? else { return Ok(None) };
            let mut locked = Locked::new(storage);
            let Some(folder) = tx.storage_entries().list_detached(id, 1).await?.pop() else { return Ok(None) };
            empty(tx, &mut locked, folder).await?;
            let storage = locked.storage.clone();
            Ok::<_, StorageError>(Some((storage, locked.finish(tx).await?)))
        })
    });
    let Some((storage, unused)) = unit.await? else { return Ok(false) };
    debug_assert_eq!(storage.name, place.storage, "the storage of the place is emptied");
    ctx.remove_unused(&storage, &unused).await;
    Ok(true)
}

async fn empty(tx: &mut dyn Tx, locked: &mut Locked, folder: FolderId) -> Result<(), StorageError> {
    let some = tx.storage_entries().list(folder, None, ENTRIES_PER_UNIT).await?;
    for (entry, _) in &some {
        match *entry {
            Entry::File(file) => locked.remove_file(tx, file).await?,
            Entry::Folder(inner) => tx.storage_entries().detach(locked.storage.id, inner).await?,
        }
    }
    if some.len() < ENTRIES_PER_UNIT as usize {
        tx.storage_entries().delete(Entry::Folder(folder)).await?;
    }
    Ok(())
}
