//! Copying folders, and deleting what was copied to another storage.

use countersign_domain::audit::Action;
use countersign_domain::ids::FolderId;
use countersign_domain::storage::{FileVersion, FolderEntry, ListAfter, StorageAccess};
use countersign_domain::time::Timestamp;
use countersign_store::Tx;
use countersign_store::repositories::Entry;

use super::caller::GrantedPlace;
use super::copy::copy_rows;
use super::delete::remove;
use super::transfer::{find, kept, transfer, transfer_all};
use super::tree::Locked;
use super::{Place, StorageCaller, StorageError};
use crate::Ctx;

/// Entries that are copied in one unit of work: other writers never wait long for it.
const ENTRIES_PER_UNIT: u32 = 100;

/// Copies a folder with everything in it. Where the destination has folders already, the two are put together; files of equal
/// names are overwritten. Each file is copied whole; the folder as a whole is not copied at one moment.
///
/// # Errors
/// [`StorageError`] says why it was not copied to its end; [`StorageError::Changed`] when it was moved away or deleted meanwhile.
/// What was copied before stays.
pub async fn copy_folder(ctx: &Ctx, caller: &StorageCaller, from: &Place, to: &Place) -> Result<(), StorageError> {
    let from = caller.at(from, StorageAccess::Read)?;
    let to = caller.at(to, StorageAccess::Write)?;
    check_apart(&from, &to)?;
    copy_tree(ctx, &from, &to, Taken::Latest).await
}

/// Refuses a folder that would be put into itself, or onto a folder that holds it.
pub(super) fn check_apart(from: &GrantedPlace, to: &GrantedPlace) -> Result<(), StorageError> {
    let meet = from.path.is_within(&to.path) || to.path.is_within(&from.path);
    if from.storage == to.storage && meet { Err(StorageError::IntoItself(from.text())) } else { Ok(()) }
}

/// A folder on the way, and how far it was gone through. Folders are at most as deep as paths are long.
struct Level {
    folder: FolderId,
    from: GrantedPlace,
    to: GrantedPlace,
    after: Option<ListAfter>,
}

/// A part of a folder.
type Part = Vec<(Entry, FolderEntry)>;

/// What another storage gets of each file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// All versions, where it keeps them.
    All,
    /// The latest version.
    Latest,
}

/// Copies a folder, a part at a time.
pub(super) async fn copy_tree(
    ctx: &Ctx,
    from: &GrantedPlace,
    to: &GrantedPlace,
    taken: Taken,
) -> Result<(), StorageError> {
    let mut levels =
        vec![Level { folder: open_folder(ctx, from).await?, from: from.clone(), to: to.clone(), after: None }];
    let action = Action::new("storage.copy-folder", format!("{} to {}", from.text(), to.text()));
    make_folder(ctx, to, action).await?;
    while let Some(level) = levels.last_mut() {
        let part = next_part(ctx, level).await?;
        if part.is_empty() {
            levels.pop();
            continue;
        }
        let (folder, source, target) = (level.folder, level.from.clone(), level.to.clone());
        if source.storage == target.storage {
            copy_part(ctx, folder, &source, &target, &part).await?;
        } else {
            transfer_part(ctx, (&source, &target), &part, taken).await?;
            check_unmoved(open_folder(ctx, &source).await, folder, &source)?;
        }
        for (entry, found) in part {
            if let Entry::Folder(folder) = entry {
                let from = source.at(source.path.join(&found.name)?);
                let to = target.at(target.path.join(&found.name)?);
                levels.push(Level { folder, from, to, after: None });
            }
        }
    }
    Ok(())
}

/// Deletes what lies in a folder as it was copied to another storage: files with the bytes that the destination has, and folders
/// that are empty then.
pub(super) async fn remove_copied(ctx: &Ctx, from: &GrantedPlace, to: &GrantedPlace) -> Result<(), StorageError> {
    let mut levels =
        vec![Level { folder: open_folder(ctx, from).await?, from: from.clone(), to: to.clone(), after: None }];
    let mut visited = Vec::new();
    while let Some(level) = levels.last_mut() {
        let part = next_part(ctx, level).await?;
        if part.is_empty() {
            visited.extend(levels.pop());
            continue;
        }
        let (source, target) = (level.from.clone(), level.to.clone());
        remove_part(ctx, &source, &target, &part).await?;
        for (entry, found) in part {
            if let Entry::Folder(folder) = entry {
                let from = source.at(source.path.join(&found.name)?);
                let to = target.at(target.path.join(&found.name)?);
                levels.push(Level { folder, from, to, after: None });
            }
        }
        // A folder is removed when it was gone through, which bounds how many wait for it by the depth of the tree.
        remove_empty(ctx, &mut visited).await?;
    }
    remove_empty(ctx, &mut visited).await?;
    let wanted = from.clone();
    let is_gone = ctx.store().read::<_, StorageError, _>(move |tx| {
        Box::pin(async move {
            let storage = wanted.find(tx).await?;
            Ok(wanted.entry(tx, &storage).await?.is_none())
        })
    });
    if is_gone.await? { Ok(()) } else { Err(StorageError::Changed(from.text())) }
}

async fn open_folder(ctx: &Ctx, place: &GrantedPlace) -> Result<FolderId, StorageError> {
    let place = place.clone();
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let storage = place.find(tx).await?;
                place.folder(tx, &storage).await
            })
        })
        .await
}

/// Refuses to go on with a folder that is no longer what is found at its place.
fn check_unmoved(
    found: Result<FolderId, StorageError>,
    folder: FolderId,
    place: &GrantedPlace,
) -> Result<(), StorageError> {
    match found {
        Ok(found) if found == folder => Ok(()),
        Ok(_) | Err(StorageError::NotFound(_)) => Err(StorageError::Changed(place.text())),
        Err(error) => Err(error),
    }
}

async fn make_folder(ctx: &Ctx, place: &GrantedPlace, action: Action) -> Result<(), StorageError> {
    let place = place.clone();
    ctx.record(place.site, action, move |tx| {
        Box::pin(async move {
            let storage = place.lock(tx).await?;
            let now = tx.now().await?;
            place.make_folder(tx, &storage, now).await.map(|_| ())
        })
    })
    .await
}

async fn next_part(ctx: &Ctx, level: &mut Level) -> Result<Part, StorageError> {
    let (folder, after) = (level.folder, level.after.clone());
    let part: Part = ctx
        .store()
        .read::<_, StorageError, _>(move |tx| {
            Box::pin(async move { Ok(tx.storage_entries().list(folder, after.as_ref(), ENTRIES_PER_UNIT).await?) })
        })
        .await?;
    level.after = part.last().map(|(_, entry)| entry.place());
    Ok(part)
}

/// Copies a part of a folder within a storage: rows only. A folder that is no longer where it was has not lost its files.
async fn copy_part(
    ctx: &Ctx,
    folder: FolderId,
    from: &GrantedPlace,
    to: &GrantedPlace,
    part: &Part,
) -> Result<(), StorageError> {
    let (from, to) = (from.clone(), to.clone());
    let part: Vec<(bool, String)> = part.iter().map(|(_, entry)| (entry.is_folder(), entry.name.clone())).collect();
    let unit = ctx.write(from.site, move |tx| {
        Box::pin(async move {
            let mut locked = Locked::new(from.lock(tx).await?);
            check_unmoved(from.folder(tx, &locked.storage).await, folder, &from)?;
            let now = tx.now().await?;
            for (is_folder, name) in part {
                let to = to.at(to.path.join(&name)?);
                if is_folder {
                    to.make_folder(tx, &locked.storage, now).await?;
                    continue;
                }
                let from = from.at(from.path.join(&name)?);
                copy_unless_gone(tx, &mut locked, &from, &to, now).await?;
            }
            let storage = locked.storage.clone();
            Ok::<_, StorageError>((storage, locked.finish(tx).await?))
        })
    });
    let (storage, unused) = unit.await?;
    ctx.remove_unused(&storage, &unused).await;
    Ok(())
}

async fn copy_unless_gone(
    tx: &mut dyn Tx,
    locked: &mut Locked,
    from: &GrantedPlace,
    to: &GrantedPlace,
    now: Timestamp,
) -> Result<(), StorageError> {
    match from.entry(tx, &locked.storage).await? {
        Some(Entry::File(_)) => copy_rows(tx, locked, from, to, None, now).await,
        // Deleted since it was listed: the copy is of a moment at which it was not there.
        Some(Entry::Folder(_)) | None => Ok(()),
    }
}

/// Copies a part into another storage, byte by byte.
async fn transfer_part(
    ctx: &Ctx,
    (from, to): (&GrantedPlace, &GrantedPlace),
    part: &Part,
    taken: Taken,
) -> Result<(), StorageError> {
    for (entry, found) in part {
        let (from, to) = (from.at(from.path.join(&found.name)?), to.at(to.path.join(&found.name)?));
        if matches!(entry, Entry::Folder(_)) {
            make_folder(ctx, &to, Action::new("storage.create-folder", to.text())).await?;
            continue;
        }
        let copied = match taken {
            Taken::All => transfer_all(ctx, &from, &to).await.map(|_| ()),
            Taken::Latest => transfer(ctx, &from, None, &to).await,
        };
        match copied {
            Ok(()) => {}
            Err(StorageError::NotFound(what)) if what != to.text() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Deletes the files of a part that the destination has with the same versions, as many of them as it keeps.
async fn remove_part(ctx: &Ctx, from: &GrantedPlace, to: &GrantedPlace, part: &Part) -> Result<(), StorageError> {
    let target = find(ctx, to).await?;
    let (from, to) = (from.clone(), to.clone());
    let names: Vec<String> =
        part.iter().filter(|(_, entry)| !entry.is_folder()).map(|(_, entry)| entry.name.clone()).collect();
    let action = Action::new("storage.delete", from.text());
    let unit = ctx.record(from.site, action, move |tx| {
        Box::pin(async move {
            let mut locked = Locked::new(from.lock(tx).await?);
            for name in names {
                let (from, to) = (from.at(from.path.join(&name)?), to.at(to.path.join(&name)?));
                let Some(Entry::File(source)) = from.entry(tx, &locked.storage).await? else { continue };
                let Some(Entry::File(copy)) = to.entry(tx, &target).await? else { continue };
                let digests = |versions: Vec<FileVersion>| versions.into_iter().map(|version| version.file.sha256);
                let owed: Vec<_> = digests(tx.storage_versions().list(source).await?).take(kept(&target)).collect();
                let mut there = digests(tx.storage_versions().list(copy).await?);
                if owed.into_iter().all(|digest| there.next() == Some(digest)) {
                    remove(tx, &mut locked, &from, None).await?;
                }
            }
            let storage = locked.storage.clone();
            Ok::<_, StorageError>((storage, locked.finish(tx).await?))
        })
    });
    let (storage, unused) = unit.await?;
    ctx.remove_unused(&storage, &unused).await;
    Ok(())
}

/// Removes those folders that have nothing in them.
async fn remove_empty(ctx: &Ctx, levels: &mut Vec<Level>) -> Result<(), StorageError> {
    for Level { folder, from, .. } in levels.drain(..) {
        ctx.write(from.site, move |tx| {
            Box::pin(async move {
                let storage = from.lock(tx).await?;
                let is_there = from.entry(tx, &storage).await? == Some(Entry::Folder(folder));
                if is_there && tx.storage_entries().list(folder, None, 1).await?.is_empty() {
                    tx.storage_entries().delete(Entry::Folder(folder)).await?;
                }
                Ok::<_, StorageError>(())
            })
        })
        .await?;
    }
    Ok(())
}
