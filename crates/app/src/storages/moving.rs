//! Moving files and folders.

use countersign_domain::audit::Action;
use countersign_domain::ids::FolderId;
use countersign_domain::storage::{Storage, StorageAccess, VersionId};
use countersign_domain::time::Timestamp;
use countersign_store::Tx;
use countersign_store::repositories::Entry;

use super::caller::GrantedPlace;
use super::copy::copy_rows;
use super::copy_folder::{Taken, check_apart, copy_tree, remove_copied};
use super::delete::remove;
use super::transfer::{transfer, transfer_all};
use super::tree::Locked;
use super::{Place, StorageCaller, StorageError};
use crate::Ctx;
use crate::files::to_its_end;

/// Most entries of two folders, and versions of files of equal names, that are put together in one unit of work: other writers never wait long for it.
const MERGED_AT_ONCE: usize = 500;

/// Moves a file with its versions, or one version, which leaves the others behind. What is at the destination is overwritten,
/// or kept as older versions; a storage that keeps none gets the latest version alone. Within a storage that is one step;
/// between storages the bytes are copied and compared, and the source is deleted last, unless it was changed meanwhile.
///
/// # Errors
/// [`StorageError`] says why the source is still there.
pub async fn move_file(
    ctx: &Ctx,
    caller: &StorageCaller,
    from: &Place,
    to: &Place,
    version: Option<VersionId>,
) -> Result<(), StorageError> {
    let from = caller.at(from, StorageAccess::Write)?;
    let to = caller.at(to, StorageAccess::Write)?;
    if to.path.is_root() || from.path.is_root() {
        return Err(StorageError::Root);
    }
    let ctx = ctx.clone();
    if from.storage != to.storage {
        let copied = match version {
            Some(version) => {
                transfer(&ctx, &from, Some(version), &to).await?;
                Copied::One(version)
            }
            None => Copied::All(transfer_all(&ctx, &from, &to).await?),
        };
        return to_its_end(async move { remove_source(&ctx, &from, copied).await }).await?;
    }
    to_its_end(async move {
        let action = Action::new("storage.move", format!("{} to {}", from.text(), to.path));
        let unit = ctx.record(from.site, action, move |tx| {
            Box::pin(async move {
                let mut locked = Locked::new(from.lock(tx).await?);
                let now = tx.now().await?;
                match version {
                    Some(version) if from.path == to.path => {
                        let file = from.file(tx, &locked.storage).await?;
                        let found = tx.storage_versions().find(file, version).await?;
                        found.ok_or_else(|| StorageError::VersionUnknown(from.text()))?;
                    }
                    Some(version) => {
                        copy_rows(tx, &mut locked, &from, &to, Some(version), now).await?;
                        remove(tx, &mut locked, &from, Some(version)).await?;
                    }
                    None => move_rows(tx, &mut locked, &from, &to, now).await?,
                }
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

/// What of a file another storage has now.
enum Copied {
    /// One version.
    One(VersionId),
    /// The file as it was with these versions, the newest first.
    All(Vec<VersionId>),
}

/// Deletes what was moved to another storage, if nothing was added to it meanwhile.
async fn remove_source(ctx: &Ctx, from: &GrantedPlace, copied: Copied) -> Result<(), StorageError> {
    let wanted = from.clone();
    let unit = ctx.record(from.site, Action::new("storage.delete", from.text()), move |tx| {
        Box::pin(async move {
            let mut locked = Locked::new(wanted.lock(tx).await?);
            let version = match copied {
                Copied::One(version) => Some(version),
                Copied::All(versions) => {
                    let file = wanted.file(tx, &locked.storage).await?;
                    let there = tx.storage_versions().list(file).await?;
                    // Fewer is right: old versions have their time.
                    if !there.iter().all(|version| versions.contains(&version.file.version)) {
                        return Err(StorageError::Changed(wanted.text()));
                    }
                    None
                }
            };
            remove(tx, &mut locked, &wanted, version).await?;
            let storage = locked.storage.clone();
            Ok((storage, locked.finish(tx).await?))
        })
    });
    let (storage, unused) = unit.await?;
    ctx.remove_unused(&storage, &unused).await;
    Ok(())
}

/// Moves a file inside a unit.
async fn move_rows(
    tx: &mut dyn Tx,
    locked: &mut Locked,
    from: &GrantedPlace,
    to: &GrantedPlace,
    now: Timestamp,
) -> Result<(), StorageError> {
    let source = from.file(tx, &locked.storage).await?;
    if from.path == to.path {
        return Ok(());
    }
    let (folder, name) = to.make_parent(tx, &locked.storage, 0, now).await?;
    match tx.storage_entries().find(folder, &name).await? {
        None => Ok(tx.storage_entries().set_place(Entry::File(source), folder, &name).await?),
        Some(Entry::File(there)) => locked.join(tx, (source, there), now).await.map(|_| ()),
        Some(Entry::Folder(_)) => Err(StorageError::IsFolder(to.text())),
    }
}

/// Moves a folder with everything in it. Within a storage that is one step, however much is in it: only where the destination
/// is a folder already, the two are put together, up to a limit. Between storages all bytes are copied first, those of older
/// versions as well where they are kept, and the sources are deleted then, except those that were changed meanwhile.
///
/// # Errors
/// [`StorageError`] says why the source is still there; between storages, what was copied before stays at the destination.
pub async fn move_folder(ctx: &Ctx, caller: &StorageCaller, from: &Place, to: &Place) -> Result<(), StorageError> {
    let from = caller.at(from, StorageAccess::Write)?;
    let to = caller.at(to, StorageAccess::Write)?;
    check_apart(&from, &to)?;
    if from.path.is_root() {
        return Err(StorageError::Root);
    }
    if from.storage != to.storage {
        copy_tree(ctx, &from, &to, Taken::All).await?;
        return remove_copied(ctx, &from, &to).await;
    }
    let ctx = ctx.clone();
    to_its_end(async move {
        let action = Action::new("storage.move-folder", format!("{} to {}", from.text(), to.path));
        let unit = ctx.record(from.site, action, move |tx| {
            Box::pin(async move {
                let mut locked = Locked::new(from.lock(tx).await?);
                let now = tx.now().await?;
                move_folder_rows(tx, &mut locked, &from, &to, now).await?;
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

async fn move_folder_rows(
    tx: &mut dyn Tx,
    locked: &mut Locked,
    from: &GrantedPlace,
    to: &GrantedPlace,
    now: Timestamp,
) -> Result<(), StorageError> {
    let storage: Storage = locked.storage.clone();
    let source = from.folder(tx, &storage).await?;
    let reach = tx.storage_entries().reach(source).await?;
    let (parent, name) = to.make_parent(tx, &storage, reach, now).await?;
    match tx.storage_entries().find(parent, &name).await? {
        None => Ok(tx.storage_entries().set_place(Entry::Folder(source), parent, &name).await?),
        Some(Entry::Folder(target)) => {
            extend(tx, target, reach).await?;
            merge(tx, locked, (source, target), now).await
        }
        Some(Entry::File(_)) => Err(StorageError::IsFile(to.text())),
    }
}

/// Puts what is in one folder into another and removes the first. Files of equal names are overwritten, with all versions.
async fn merge(
    tx: &mut dyn Tx,
    locked: &mut Locked,
    pair: (FolderId, FolderId),
    now: Timestamp,
) -> Result<(), StorageError> {
    let mut pairs = vec![pair];
    let mut emptied = Vec::new();
    let mut entries = 0_usize;
    while let Some((source, target)) = pairs.pop() {
        let most = u32::try_from(MERGED_AT_ONCE + 1).unwrap_or(u32::MAX);
        for (entry, found) in tx.storage_entries().list(source, None, most).await? {
            entries += 1;
            if entries > MERGED_AT_ONCE {
                return Err(StorageError::TooMany { limit: MERGED_AT_ONCE });
            }
            match (entry, tx.storage_entries().find(target, &found.name).await?) {
                (entry, None) => tx.storage_entries().set_place(entry, target, &found.name).await?,
                (Entry::Folder(inner), Some(Entry::Folder(there))) => {
                    let reach = tx.storage_entries().reach(inner).await?;
                    extend(tx, there, reach).await?;
                    pairs.push((inner, there));
                }
                (Entry::File(file), Some(Entry::File(there))) => entries += locked.join(tx, (file, there), now).await?,
                (Entry::File(_), Some(Entry::Folder(_))) => return Err(StorageError::IsFolder(found.name)),
                (Entry::Folder(_), Some(Entry::File(_))) => return Err(StorageError::IsFile(found.name)),
            }
        }
        emptied.push(source);
    }
    // From below: a folder is found after the one that holds it.
    for folder in emptied.into_iter().rev() {
        tx.storage_entries().delete(Entry::Folder(folder)).await?;
    }
    Ok(())
}

/// Says that paths below a folder may be so long.
async fn extend(tx: &mut dyn Tx, folder: FolderId, reach: u64) -> Result<(), StorageError> {
    if tx.storage_entries().reach(folder).await? < reach {
        tx.storage_entries().set_reach(folder, reach).await?;
    }
    Ok(())
}
