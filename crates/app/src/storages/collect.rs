//! What nobody needs any more: versions that have had their time, folders that were deleted, objects without a row.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign_blobs::{Blobs, ListedObject};
use countersign_domain::ids::SiteId;
use countersign_domain::storage::{Storage, StoragePath, VERSION_LIFE};

use super::StorageError;
use super::caller::GrantedPlace;
use super::delete::empty_some;
use super::tree::Locked;
use crate::scrub::ORPHAN_AGE;
use crate::{Ctx, Fault};

/// Versions that one unit of work removes: other writers never wait long for it.
const VERSIONS_PER_UNIT: u32 = 200;
/// Most units for one storage in a sweep, so that a sweep ends. The next one goes on.
const UNITS_PER_STORAGE: u32 = 500;
/// Object keys that are looked up at a time.
const LOOKUP: usize = 500;

/// What a sweep of all storages has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageSweep {
    /// Versions that were replaced long enough ago.
    pub versions: u64,
    /// Objects that no row names.
    pub objects: u64,
    /// Uploads that were begun and never finished.
    pub uploads: u64,
    /// Storages whose back end did not answer.
    pub unavailable: u64,
}

/// Removes what has had its time from all storages. A back end that does not answer is logged and counted, and stops no other.
///
/// # Errors
/// [`Fault`] when the store fails. What was removed before stays removed.
pub async fn collect(ctx: &Ctx) -> Result<StorageSweep, Fault> {
    let mut sweep = StorageSweep::default();
    for site in crate::sites::list(ctx).await? {
        for storage in super::list(ctx, site.id).await? {
            match collect_storage(ctx, site.id, &storage, &mut sweep).await {
                Ok(()) => {}
                Err(StorageError::Fault(fault)) => return Err(fault),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(storage = %storage.name, error, "a storage was not swept");
                    sweep.unavailable += 1;
                }
            }
        }
    }
    Ok(sweep)
}

async fn collect_storage(
    ctx: &Ctx,
    site: SiteId,
    storage: &Storage,
    sweep: &mut StorageSweep,
) -> Result<(), StorageError> {
    sweep.versions += expire_versions(ctx, site, storage).await?;
    let place = GrantedPlace { site, storage: storage.name.clone(), path: StoragePath::root() };
    for _ in 0..UNITS_PER_STORAGE {
        if !empty_some(ctx, site, &storage.id, &place).await? {
            break;
        }
    }
    let blobs = ctx.back_end(storage).await?;
    let failed = |error| StorageError::of_back_end(&storage.name, error);
    sweep.uploads += blobs.remove_leftovers(system_time(ctx)).await.map_err(failed)?;
    for first in 0..=u8::MAX {
        for object in orphans_of(ctx, &*blobs, storage, first).await? {
            if blobs.delete(&object.key).await.map_err(failed)? {
                sweep.objects += 1;
            }
        }
    }
    Ok(())
}

/// Removes versions of a storage that were replaced long enough ago, and says how many.
///
/// # Errors
/// [`StorageError`] when store or back end fails.
pub async fn expire_versions(ctx: &Ctx, site: SiteId, storage: &Storage) -> Result<u64, StorageError> {
    let mut removed = 0;
    let id = storage.id;
    for _ in 0..UNITS_PER_STORAGE {
        let unit = ctx.write(site, move |tx| {
            Box::pin(async move {
                let Some(storage) = tx.storages().lock(id).await? else { return Ok((0, Vec::new())) };
                let mut locked = Locked::new(storage);
                let before = tx.now().await?.minus(VERSION_LIFE);
                let old = tx.storage_versions().list_replaced(id, before, VERSIONS_PER_UNIT).await?;
                let count = old.len() as u64;
                for (file, version, size) in old {
                    locked.remove_version(tx, file, version, size).await?;
                }
                Ok::<_, StorageError>((count, locked.finish(tx).await?))
            })
        });
        let (count, unused) = unit.await?;
        if count == 0 {
            break;
        }
        ctx.remove_unused(storage, &unused).await;
        removed += count;
    }
    Ok(removed)
}

/// Old objects of a part of a back end that no row names. Their rows are looked for after they were listed: a row that came in
/// between is found. Rows of all storages count, should two share a place.
async fn orphans_of(
    ctx: &Ctx,
    blobs: &dyn Blobs,
    storage: &Storage,
    first: u8,
) -> Result<Vec<ListedObject>, StorageError> {
    let now = system_time(ctx);
    let listed = blobs.list(first).await;
    let mut listed = listed.map_err(|error| StorageError::of_back_end(&storage.name, error))?;
    listed.retain(|object| now.duration_since(object.written_at).is_ok_and(|age| age > ORPHAN_AGE));
    let mut named = HashSet::new();
    for some in listed.chunks(LOOKUP) {
        let keys: Vec<String> = some.iter().map(|object| object.key.to_string()).collect();
        let found = ctx.store().read::<_, StorageError, _>(move |tx| {
            Box::pin(async move { Ok(tx.storage_versions().find_by_object_keys(&keys).await?) })
        });
        named.extend(found.await?);
    }
    listed.retain(|object| !named.contains(&object.key.to_string()));
    Ok(listed)
}

fn system_time(ctx: &Ctx) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(ctx.now().as_millis()).unwrap_or(0))
}
