//! Comparing the bytes of storages with what their rows promise.

use countersign_domain::ids::StorageObjectId;
use countersign_domain::site::SiteName;
use countersign_domain::storage::StorageName;
use countersign_store::repositories::StorageObject;

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

/// What a look at all storages has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExaminedStorages {
    /// Objects that were looked at.
    pub objects: u64,
    /// Their bytes, by their rows.
    pub bytes: u64,
    /// Objects that cannot be delivered as they were stored.
    pub damaged: Vec<DamagedObject>,
    /// Storages whose back end could not be opened.
    pub unavailable: Vec<StorageName>,
}

/// Looks at the bytes of all storages. `progress` is told how many bytes were looked at, each time.
///
/// # Errors
/// [`Fault`] when the store cannot be read. Damage is no error, nor is a back end that cannot be opened.
pub async fn examine(ctx: &Ctx, depth: Depth, progress: &(dyn Fn(u64) + Sync)) -> Result<ExaminedStorages, Fault> {
    let mut examined = ExaminedStorages::default();
    for site in crate::sites::list(ctx).await? {
        for storage in super::list(ctx, site.id).await? {
            let blobs = match ctx.back_end(&storage).await {
                Ok(blobs) => blobs,
                Err(StorageError::Fault(fault)) => return Err(fault),
                Err(_) => {
                    examined.unavailable.push(storage.name);
                    continue;
                }
            };
            let mut after = StorageObjectId(0);
            loop {
                let page = page(ctx, storage.id, after).await?;
                let Some(last) = page.last() else { break };
                after = last.id;
                for StorageObject { content, .. } in page {
                    examined.objects += 1;
                    examined.bytes = examined.bytes.saturating_add(content.size);
                    let promised = (content.object_key.as_str(), content.size, &content.sha256);
                    if let Some(fault) = examine_object(&*blobs, promised, depth, progress).await {
                        examined.damaged.push(DamagedObject {
                            site: site.name.clone(),
                            storage: storage.name.clone(),
                            sha256: content.sha256,
                            object_key: content.object_key,
                            fault,
                        });
                    }
                }
            }
        }
    }
    Ok(examined)
}

async fn page(
    ctx: &Ctx,
    storage: countersign_domain::ids::StorageId,
    after: StorageObjectId,
) -> Result<Vec<StorageObject>, Fault> {
    ctx.store()
        .read(move |tx| Box::pin(async move { Ok(tx.storage_versions().list_objects(storage, after, PAGE).await?) }))
        .await
}
