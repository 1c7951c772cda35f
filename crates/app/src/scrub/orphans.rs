//! Bytes that no row names: left by crashes, and removed when they are old.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign_blobs::{Blobs, ListedObject};
use countersign_domain::time::Timestamp;
use countersign_store::{Store, StoreError};

use crate::{Ctx, Fault};

/// How old an object must be before it may be removed because no row names it. Between the last byte of an upload and the
/// commit of its row lies a moment, never a day.
pub const ORPHAN_AGE: Duration = Duration::from_secs(24 * 3600);

/// Object keys that are looked up at a time.
const LOOKUP: usize = 500;

/// What lies in the file storage and is named by no row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orphans {
    /// Objects older than [`ORPHAN_AGE`].
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Uploads that were begun and never finished, and are as old.
    pub uploads: u64,
}

/// Counts what [`collect`] would remove.
///
/// # Errors
/// [`Fault`] when store or storage cannot be read.
pub async fn count_orphans(store: &Store, blobs: &dyn Blobs, now: Timestamp) -> Result<Orphans, Fault> {
    let mut orphans = Orphans { uploads: blobs.count_leftovers(system_time(now)).await?, ..Orphans::default() };
    for first in 0..=u8::MAX {
        for object in orphans_of(store, blobs, first, now).await? {
            orphans.objects += 1;
            orphans.bytes = orphans.bytes.saturating_add(object.size);
        }
    }
    Ok(orphans)
}

/// Removes objects that no row names and uploads that nobody finished, all of them older than [`ORPHAN_AGE`].
///
/// # Errors
/// [`Fault`] when store or storage fails. What was removed before stays removed.
pub async fn collect(ctx: &Ctx) -> Result<Orphans, Fault> {
    let (store, blobs, now) = (ctx.store(), &*ctx.parts.blobs, ctx.now());
    let mut orphans = Orphans { uploads: blobs.remove_leftovers(system_time(now)).await?, ..Orphans::default() };
    for first in 0..=u8::MAX {
        for object in orphans_of(store, blobs, first, now).await? {
            if blobs.delete(&object.key).await? {
                orphans.objects += 1;
                orphans.bytes = orphans.bytes.saturating_add(object.size);
            }
        }
    }
    Ok(orphans)
}

/// Old objects of a part of the storage that no row names. Their rows are looked for after they were listed: a row that
/// came in between is found.
async fn orphans_of(store: &Store, blobs: &dyn Blobs, first: u8, now: Timestamp) -> Result<Vec<ListedObject>, Fault> {
    let now = system_time(now);
    let mut listed = blobs.list(first).await?;
    listed.retain(|object| now.duration_since(object.written_at).is_ok_and(|age| age > ORPHAN_AGE));
    let mut named = HashSet::new();
    for some in listed.chunks(LOOKUP) {
        let keys: Vec<String> = some.iter().map(|object| object.key.to_string()).collect();
        let found = store
            .read::<_, StoreError, _>(move |tx| Box::pin(async move { tx.files().find_by_object_keys(&keys).await }));
        named.extend(found.await?);
    }
    listed.retain(|object| !named.contains(&object.key.to_string()));
    Ok(listed)
}

fn system_time(now: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or(0))
}
