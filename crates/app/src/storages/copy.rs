//! Copying files.

use countersign_domain::audit::Action;
use countersign_domain::storage::{StorageAccess, VersionId};
use countersign_domain::time::Timestamp;
use countersign_store::Tx;
use countersign_store::repositories::Entry;

use super::caller::GrantedPlace;
use super::transfer::transfer;
use super::tree::{Content, Locked};
use super::{Place, StorageCaller, StorageError};
use crate::Ctx;
use crate::files::to_its_end;

/// Copies a file, or one version of it. What is at the destination is overwritten, or kept as a version; parents are made.
/// Within a storage no bytes are copied.
///
/// # Errors
/// [`StorageError`] says why nothing was copied.
pub async fn copy_file(
    ctx: &Ctx,
    caller: &StorageCaller,
    from: &Place,
    to: &Place,
    version: Option<VersionId>,
) -> Result<(), StorageError> {
    let from = caller.at(from, StorageAccess::Read)?;
    let to = caller.at(to, StorageAccess::Write)?;
    if to.path.is_root() || from.path.is_root() {
        return Err(StorageError::Root);
    }
    if from.storage != to.storage {
        return transfer(ctx, &from, version, &to).await.map(|_| ());
    }
    let ctx = ctx.clone();
    to_its_end(async move {
        let action = Action::new("storage.copy", format!("{} to {}", from.text(), to.path));
        let unit = ctx.record(from.site, action, move |tx| {
            Box::pin(async move {
                let mut locked = Locked::new(from.lock(tx).await?);
                let now = tx.now().await?;
                if !(from.path == to.path && version.is_none()) {
                    copy_rows(tx, &mut locked, &from, &to, version, now).await?;
                } else {
                    from.file(tx, &locked.storage).await?;
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

/// Makes the bytes of a version of one file the latest version of another, inside a unit.
pub(super) async fn copy_rows(
    tx: &mut dyn Tx,
    locked: &mut Locked,
    from: &GrantedPlace,
    to: &GrantedPlace,
    version: Option<VersionId>,
    now: Timestamp,
) -> Result<(), StorageError> {
    let source = from.file(tx, &locked.storage).await?;
    let found = match version {
        Some(version) => tx.storage_versions().find(source, version).await?,
        None => tx.storage_versions().latest(source).await?,
    };
    let found = found.ok_or_else(|| StorageError::VersionUnknown(from.text()))?;
    let object = tx.storage_versions().object_of(found.version).await?;
    let object = object.ok_or_else(|| StorageError::VersionUnknown(from.text()))?;
    let (folder, name) = to.make_parent(tx, &locked.storage, 0, now).await?;
    let target = match tx.storage_entries().find(folder, &name).await? {
        Some(Entry::File(file)) => file,
        Some(Entry::Folder(_)) => return Err(StorageError::IsFolder(to.text())),
        None => tx.storage_entries().insert_file(locked.storage.id, folder, &name, now).await?,
    };
    let content = Content { object: object.id, size: found.size, media_type: found.media_type };
    locked.add_version(tx, target, content, now).await?;
    Ok(())
}
