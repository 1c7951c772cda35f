//! Comparing the bytes of storages with what their rows promise.

use countersign_domain::ids::{StorageId, StorageObjectId};
use countersign_domain::site::SiteName;
use countersign_domain::storage::{BackEnd, Storage, StorageName};
use countersign_store::repositories::{NewObject, StorageObject};

use super::StorageError;
use crate::scrub::{Depth, FileFault, examine_object};
use crate::{Ctx, Fault};

/// Rows that are read at a time.
const PAGE: u32 = 500;

/// Bytes in a storage that are not what their row promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedObject {
    /// The site.
    pub site: SiteName,
    /// The storage.
    pub storage: StorageName,
    /// SHA-256 of the bytes that were stored.
    pub sha256: [u8; 32],
    /// Where they should lie.
    pub object_key: String,
    /// What is wrong.
    pub fault: FileFault,
}

/// A storage that could not be looked at, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnavailableStorage {
    /// The site.
    pub site: SiteName,
    /// The storage.
    pub storage: StorageName,
    /// What went wrong, with its causes.
    pub cause: String,
}

/// What a look at all storages has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExaminedStorages {
    /// Objects that were looked at.
    pub objects: u64,
    /// Their bytes, by their rows.
    pub bytes: u64,
    /// Objects that cannot be delivered as they were stored.
    pub damaged: Vec<DamagedObject>,
    /// Storages whose back end failed. What is behind the failure was not looked at.
    pub unavailable: Vec<UnavailableStorage>,
}

/// Looks at the bytes of all storages. `progress` is told how many bytes were looked at, each time.
///
/// # Errors
/// [`Fault`] when the store cannot be read. Damage is no error, nor is a back end that fails.
pub async fn examine(ctx: &Ctx, depth: Depth, progress: &(dyn Fn(u64) + Sync)) -> Result<ExaminedStorages, Fault> {
    let mut examined = ExaminedStorages::default();
    for site in crate::sites::list(ctx).await? {
        for storage in super::list(ctx, site.id).await? {
            match examine_storage(ctx, (&site.name, &storage), (depth, progress), &mut examined).await {
                Ok(()) => {}
                Err(StorageError::Fault(fault)) => return Err(fault),
                Err(error) => {
                    let (site, storage, cause) = (site.name.clone(), storage.name, with_causes(&error));
                    examined.unavailable.push(UnavailableStorage { site, storage, cause });
                }
            }
        }
    }
    Ok(examined)
}

async fn examine_storage(
    ctx: &Ctx,
    (site, storage): (&SiteName, &Storage),
    (depth, progress): (Depth, &(dyn Fn(u64) + Sync)),
    examined: &mut ExaminedStorages,
) -> Result<(), StorageError> {
    let mut page = next_page(ctx, storage.id, StorageObjectId(0)).await?;
    if page.is_empty() && storage.back_end == BackEnd::Managed {
        // To open one that has never had anything in it would make its directory, and a look changes nothing.
        return Ok(());
    }
    let blobs = ctx.back_end(storage).await?;
    while let Some(last) = page.last() {
        let after = last.id;
        for StorageObject { content, .. } in page {
            let promised = (content.object_key.as_str(), content.size, &content.sha256);
            let fault = examine_object(&*blobs, promised, depth, progress).await;
            let fault = fault.map_err(|error| StorageError::of_back_end(&storage.name, error))?;
            examined.objects += 1;
            examined.bytes = examined.bytes.saturating_add(content.size);
            if let Some(fault) = fault {
                let (site, storage) = (site.clone(), storage.name.clone());
                let NewObject { sha256, object_key, .. } = content;
                examined.damaged.push(DamagedObject { site, storage, sha256, object_key, fault });
            }
        }
        page = next_page(ctx, storage.id, after).await?;
    }
    Ok(())
}

async fn next_page(ctx: &Ctx, storage: StorageId, after: StorageObjectId) -> Result<Vec<StorageObject>, Fault> {
    ctx.store()
        .read(move |tx| Box::pin(async move { Ok(tx.storage_versions().list_objects(storage, after, PAGE).await?) }))
        .await
}

/// An error and its causes, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
