//! The places where storages keep their bytes, opened once for each process.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_blobs::{BlobError, Blobs, LocalBlobs, ObjectKey, S3Blobs, S3Client, S3Credentials, S3Place};
use countersign_crypto::Secret;
use countersign_domain::ids::{StorageId, StorageObjectId};
use countersign_domain::storage::{BackEnd, Bucket, Storage, StorageName};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::StorageError;
use super::credentials::{StorageCredentials, open_credentials};
use crate::{Ctx, Fault};

/// Back ends that are open. One entry for each storage that was used, for as long as the process lives.
#[derive(Default)]
pub(crate) struct BackEnds {
    open: Mutex<HashMap<StorageId, Opened>>,
    /// Storages whose last upload found no room.
    full: Mutex<HashSet<StorageId>>,
    client: OnceCell<S3Client>,
}

#[derive(Clone)]
struct Opened {
    back_end: BackEnd,
    blobs: Arc<dyn Blobs>,
    /// What a bucket was opened with.
    sealed_credentials: Option<Vec<u8>>,
    /// When the credentials were last compared with the store's.
    compared: Instant,
}

/// For how long the credentials of a bucket are used unseen: new ones are in force within this time.
const COMPARED_TIME: Duration = Duration::from_secs(1);

impl Ctx {
    /// The place where a storage keeps its bytes.
    pub(crate) async fn back_end(&self, storage: &Storage) -> Result<Arc<dyn Blobs>, StorageError> {
        let known = self.back_ends.lock().get(&storage.id).filter(|known| known.back_end == storage.back_end).cloned();
        let now = Instant::now();
        let (blobs, sealed_credentials) = match (&storage.back_end, known) {
            (BackEnd::Managed | BackEnd::Directory(_), Some(known)) => return Ok(known.blobs),
            (BackEnd::Bucket(_), Some(known)) if now < known.compared + COMPARED_TIME => return Ok(known.blobs),
            (BackEnd::Managed, None) => (self.open_managed(storage).await?, None),
            (BackEnd::Directory(directory), None) => (self.open_directory(storage, directory.into()).await?, None),
            (BackEnd::Bucket(bucket), known) => {
                let sealed = self.sealed_credentials(storage.id).await?;
                let blobs = match known {
                    Some(known) if known.sealed_credentials == sealed => known.blobs,
                    Some(_) | None => self.open_sealed_bucket(storage, bucket, sealed.as_deref()).await?,
                };
                (blobs, sealed)
            }
        };
        let back_end = storage.back_end.clone();
        let opened = Opened { back_end, blobs: blobs.clone(), sealed_credentials, compared: now };
        self.back_ends.lock().insert(storage.id, opened);
        Ok(blobs)
    }

    /// A directory in the data directory. It is made for a storage that has never had anything in it; later it must be there.
    async fn open_managed(&self, storage: &Storage) -> Result<Arc<dyn Blobs>, StorageError> {
        let (id, directory) = (storage.id, self.parts.storages.join(storage.id.to_string()));
        match self.open_directory(storage, directory.clone()).await {
            Err(StorageError::Unavailable(..)) if !self.has_objects(id).await? => {
                let made = LocalBlobs::create(directory, self.parts.rng.clone()).await;
                Ok(Arc::new(made.map_err(|error| StorageError::of_back_end(&storage.name, error))?))
            }
            opened => opened,
        }
    }

    async fn open_directory(&self, storage: &Storage, directory: PathBuf) -> Result<Arc<dyn Blobs>, StorageError> {
        let opened = LocalBlobs::open_created(directory, self.parts.rng.clone()).await;
        Ok(Arc::new(opened.map_err(|error| StorageError::of_back_end(&storage.name, error))?))
    }

    async fn open_sealed_bucket(
        &self,
        storage: &Storage,
        bucket: &Bucket,
        sealed: Option<&[u8]>,
    ) -> Result<Arc<dyn Blobs>, StorageError> {
        let opened = sealed.map(|sealed| open_credentials(&self.parts.vault, storage.id, sealed)).transpose();
        // One storage whose credentials do not open stops no other.
        let opened = opened.map_err(|error| unavailable(&storage.name, "open the credentials of a bucket", error))?;
        Ok(Arc::new(self.open_bucket(&storage.name, bucket, opened.as_ref()).await?))
    }

    /// A bucket, opened with an access key or what the environment has.
    pub(super) async fn open_bucket(
        &self,
        name: &StorageName,
        bucket: &Bucket,
        credentials: Option<&StorageCredentials>,
    ) -> Result<S3Blobs, StorageError> {
        let making = async || match tokio::task::spawn_blocking(S3Client::new).await {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(error)) => Err(unavailable(name, "prepare requests to buckets", error)),
            Err(error) => Err(StorageError::Fault(error.into())),
        };
        let client = self.back_ends.client.get_or_try_init(making).await?;
        let credentials = match credentials {
            None => S3Credentials::Environment,
            Some(StorageCredentials { id, secret }) => {
                S3Credentials::Key { id: id.clone(), secret: Secret::new(secret.expose().clone()) }
            }
        };
        let Bucket { endpoint, region, bucket, prefix } = bucket.clone();
        let place = S3Place { endpoint, region, bucket, prefix };
        let blobs = S3Blobs::new(client, place, credentials, self.parts.rng.clone());
        blobs.map_err(|error| StorageError::of_back_end(name, error))
    }

    async fn sealed_credentials(&self, id: StorageId) -> Result<Option<Vec<u8>>, Fault> {
        self.store().read(move |tx| Box::pin(async move { Ok(tx.storages().credentials(id).await?) })).await
    }

    async fn has_objects(&self, id: StorageId) -> Result<bool, Fault> {
        self.store()
            .read(move |tx| {
                Box::pin(async move {
                    let some = tx.storage_versions().list_objects(id, StorageObjectId(0), 1).await?;
                    Ok(!some.is_empty())
                })
            })
            .await
    }

    /// Removes objects that nobody names since a unit has committed. What goes wrong is logged only: the unit is done, and the
    /// collector will try again.
    pub(super) async fn remove_unused(&self, storage: &Storage, keys: &[String]) {
        if keys.is_empty() {
            return;
        }
        match self.back_end(storage).await {
            Ok(blobs) => self.remove_objects(&*blobs, keys).await,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(storage = %storage.name, error, "unused objects were not removed");
            }
        }
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

fn unavailable(
    name: &StorageName,
    operation: &'static str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StorageError {
    StorageError::Unavailable(name.clone(), BlobError::Io { operation, source: io::Error::other(error) })
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
