//! The places where storages keep their bytes, opened once for each process.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use countersign_blobs::{Blobs, LocalBlobs, ObjectKey, S3Blobs, S3Credentials, S3Place};
use countersign_crypto::Secret;
use countersign_domain::ids::StorageId;
use countersign_domain::storage::{BackEnd, Bucket, Storage};
use tokio::time::Instant;

use super::StorageError;
use super::credentials::open_credentials;
use crate::{Ctx, Fault};

/// Back ends that are open. One entry for each storage that was used, for as long as the process lives.
#[derive(Default)]
pub(crate) struct BackEnds {
    open: Mutex<HashMap<StorageId, Opened>>,
    /// Storages whose last upload found no room.
    full: Mutex<HashSet<StorageId>>,
}

#[derive(Clone)]
struct Opened {
    back_end: BackEnd,
    blobs: Arc<dyn Blobs>,
    since: Instant,
}

/// For how long a bucket is used with the credentials that it was opened with: new ones are in force within this time.
const BUCKET_TIME: Duration = Duration::from_secs(60);

impl Opened {
    /// Whether this is still the place of the storage.
    fn is_of(&self, back_end: &BackEnd) -> bool {
        let is_fresh = !matches!(back_end, BackEnd::Bucket(_)) || self.since.elapsed() < BUCKET_TIME;
        is_fresh && self.back_end == *back_end
    }
}

impl Ctx {
    /// The place where a storage keeps its bytes.
    pub(crate) async fn back_end(&self, storage: &Storage) -> Result<Arc<dyn Blobs>, StorageError> {
        let found = self.back_ends.lock().get(&storage.id).cloned();
        if let Some(opened) = found
            && opened.is_of(&storage.back_end)
        {
            return Ok(opened.blobs);
        }
        let blobs = self.open_back_end(storage).await?;
        let opened = Opened { back_end: storage.back_end.clone(), blobs: blobs.clone(), since: Instant::now() };
        self.back_ends.lock().insert(storage.id, opened);
        Ok(blobs)
    }

    async fn open_back_end(&self, storage: &Storage) -> Result<Arc<dyn Blobs>, StorageError> {
        let directory = match &storage.back_end {
            BackEnd::Managed => self.parts.storages.join(storage.id.to_string()),
            BackEnd::Directory(directory) => directory.into(),
            BackEnd::Bucket(bucket) => return self.open_bucket(storage, bucket).await,
        };
        let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(self.now().as_millis()).unwrap_or(0));
        let blobs = LocalBlobs::open(directory, self.parts.rng.clone(), now).await;
        Ok(Arc::new(blobs.map_err(|error| StorageError::of_back_end(&storage.name, error))?))
    }

    async fn open_bucket(&self, storage: &Storage, bucket: &Bucket) -> Result<Arc<dyn Blobs>, StorageError> {
        let id = storage.id;
        let sealed = self
            .store()
            .read::<_, Fault, _>(move |tx| Box::pin(async move { Ok(tx.storages().credentials(id).await?) }));
        let credentials = match sealed.await? {
            None => S3Credentials::Environment,
            Some(sealed) => {
                let (id, secret) = open_credentials(&self.parts.vault, &storage.name, &sealed).map_err(Fault::from)?;
                S3Credentials::Key { id, secret: Secret::new(secret) }
            }
        };
        let Bucket { endpoint, region, bucket, prefix } = bucket.clone();
        let place = S3Place { endpoint, region, bucket, prefix };
        let blobs = S3Blobs::new(place, credentials, self.parts.rng.clone());
        Ok(Arc::new(blobs.map_err(|error| StorageError::of_back_end(&storage.name, error))?))
    }

    /// Removes objects that nobody names any more. A failure is logged only: the collector will try again.
    pub(super) async fn remove_objects(&self, blobs: &dyn Blobs, keys: &[String]) {
        for key in keys {
            let removed = match key.parse::<ObjectKey>() {
                Ok(key) => blobs.delete(&key).await.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = removed {
                tracing::warn!(object = key, error, "an unused object was not removed");
            }
        }
    }
}

impl BackEnds {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<StorageId, Opened>> {
        // Entries are put in whole, so a panic elsewhere does not spoil the map.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers whether an upload found room in a storage.
    pub(super) fn note_room(&self, storage: StorageId, is_full: bool) {
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        if is_full {
            full.insert(storage);
        } else {
            full.remove(&storage);
        }
    }

    /// Whether the last upload into some storage found no room.
    pub(super) fn is_any_full(&self) -> bool {
        !self.full.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Forgets a back end: its credentials have changed, or it is gone.
    pub(super) fn forget(&self, storage: StorageId) {
        self.lock().remove(&storage);
        self.note_room(storage, false);
    }
}
