//! Creating storages, changing and removing them.

use std::io::ErrorKind;

use countersign_blobs::{BlobError, LocalBlobs};
use countersign_domain::audit::Action;
use countersign_domain::ids::SiteId;
use countersign_domain::storage::{BackEnd, Storage, StorageName};
use countersign_store::repositories::{Deleted, NewStorage, StorageSettings};

use super::StorageError;
use super::credentials::{StorageCredentials, seal_credentials};
use crate::fault::takes_store_errors;
use crate::installation::ensure_fits;
use crate::{Ctx, Fault};

/// A storage that is to be.
pub struct CreateStorage {
    /// Name, unique in the site.
    pub name: StorageName,
    /// Where its bytes will lie.
    pub back_end: BackEnd,
    /// What opens a bucket; `None` for what the server has in its environment.
    pub credentials: Option<StorageCredentials>,
    /// What can be changed later.
    pub settings: StorageSettings,
}

/// Why a storage was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateStorageError {
    /// The back end cannot be used.
    #[error("the back end cannot be used")]
    BackEnd(#[source] StorageError),
    /// The directory is no absolute path.
    #[error("{0:?} is not an absolute path")]
    Directory(String),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The back end has objects in it: they may be another storage's.
    #[error("the place is not empty; a storage needs one of its own")]
    InUse,
    /// The site has a storage of that name.
    #[error("this site has a storage of that name already")]
    Taken,
}

/// Why a storage was not changed or deleted.
#[derive(Debug, thiserror::Error)]
pub enum StorageChangeError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// An access key was given for a storage that is in no bucket.
    #[error("storage {0} is in no bucket, and needs no access key")]
    NoBucket(StorageName),
    /// There are files or folders in it.
    #[error("storage {0} is not empty; delete what is in it first")]
    NotEmpty(StorageName),
    /// No such storage.
    #[error("this site has no storage {0}; see: countersign storage list")]
    Unknown(StorageName),
}

takes_store_errors!(CreateStorageError, StorageChangeError);

/// Creates a storage. Its place is tried first, and must be empty. It can be used when this returns, on every node.
///
/// # Errors
/// [`CreateStorageError`] says what to change.
pub async fn create(ctx: &Ctx, site: SiteId, storage: CreateStorage) -> Result<Storage, CreateStorageError> {
    if let BackEnd::Directory(directory) = &storage.back_end
        && !std::path::Path::new(directory).is_absolute()
    {
        return Err(CreateStorageError::Directory(directory.clone()));
    }
    let CreateStorage { name, back_end, credentials, settings } = storage;
    if find(ctx, site, &name).await?.is_some() {
        return Err(CreateStorageError::Taken);
    }
    // Before there is a row: what no row names in the place of a storage is collected.
    try_place(ctx, &name, &back_end, credentials.as_ref()).await?;
    let (vault, rng, now) = (ctx.parts.vault.clone(), ctx.shared_rng(), ctx.now());
    let storage = NewStorage { name: name.clone(), back_end, settings };
    let created = ctx
        .record(site, Action::new("storage.create", &name), move |tx| {
            Box::pin(async move {
                ensure_fits(tx, &vault).await?;
                let id = tx.storages().insert(site, &storage, now).await?.ok_or(CreateStorageError::Taken)?;
                if let Some(key) = credentials {
                    let sealed = seal_credentials(&vault, &*rng, id, &key);
                    tx.storages().set_credentials(id, Some(&sealed)).await?;
                }
                let found = tx.storages().find(site, &storage.name).await?;
                found.ok_or(CreateStorageError::Taken)
            })
        })
        .await?;
    match ctx.back_end(&created).await {
        Ok(_) => Ok(created),
        Err(error) => {
            // It was never usable, so nobody can have put anything there.
            delete(ctx, site, &name).await.map_err(|_| Fault::Site)?;
            Err(CreateStorageError::BackEnd(error))
        }
    }
}

/// Looks whether a place can be used and is empty, and makes a directory that is missing.
async fn try_place(
    ctx: &Ctx,
    name: &StorageName,
    back_end: &BackEnd,
    credentials: Option<&StorageCredentials>,
) -> Result<(), CreateStorageError> {
    let tried = match back_end {
        // It is named after the row, so it is nobody else's.
        BackEnd::Managed => return Ok(()),
        BackEnd::Directory(directory) => LocalBlobs::create(directory, ctx.shared_rng()).await.map(|_| true),
        BackEnd::Bucket(bucket) => {
            let bucket = ctx.open_bucket(name, bucket, credentials).await;
            bucket.map_err(CreateStorageError::BackEnd)?.is_empty().await
        }
    };
    match tried {
        Ok(true) => Ok(()),
        Ok(false) => Err(CreateStorageError::InUse),
        Err(BlobError::Io { source, .. }) if source.kind() == ErrorKind::DirectoryNotEmpty => {
            Err(CreateStorageError::InUse)
        }
        Err(error) => Err(CreateStorageError::BackEnd(StorageError::of_back_end(name, error))),
    }
}

/// All storages of a site, by name.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId) -> Result<Vec<Storage>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.storages().list(site).await?) })).await
}

/// A storage by name.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find(ctx: &Ctx, site: SiteId, name: &StorageName) -> Result<Option<Storage>, Fault> {
    let name = name.clone();
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.storages().find(site, &name).await?) })).await
}

/// What becomes of the access key of a bucket.
pub enum CredentialsChange {
    /// It stays.
    Keep,
    /// It is forgotten: the server looks in its environment.
    Forget,
    /// Another one takes its place.
    Replace(StorageCredentials),
}

/// Changes what can be changed of a storage, all of it or nothing. `settings` gets them as they are at that moment. A quota below
/// what is in use lets nothing more in; versions that are there stay until their file is next overwritten; another access key is
/// in force everywhere within a second.
///
/// # Errors
/// [`StorageChangeError`] says why nothing was changed.
pub async fn change(
    ctx: &Ctx,
    site: SiteId,
    name: &StorageName,
    settings: impl FnOnce(&mut StorageSettings) + Send + 'static,
    credentials: CredentialsChange,
) -> Result<(), StorageChangeError> {
    let (vault, rng, wanted) = (ctx.parts.vault.clone(), ctx.shared_rng(), name.clone());
    let unit = ctx.record(site, Action::new("storage.set", name), move |tx| {
        Box::pin(async move {
            let found = tx.storages().find(site, &wanted).await?;
            let found = found.ok_or_else(|| StorageChangeError::Unknown(wanted.clone()))?;
            tx.storages().lock(found.id).await?;
            let mut changed = StorageSettings { versioned: found.versioned, quota: found.quota };
            settings(&mut changed);
            if !tx.storages().set(found.id, changed).await? {
                return Err(StorageChangeError::Unknown(wanted));
            }
            let sealed = match credentials {
                CredentialsChange::Keep => return Ok(found.id),
                CredentialsChange::Forget => None,
                CredentialsChange::Replace(_) if !matches!(found.back_end, BackEnd::Bucket(_)) => {
                    return Err(StorageChangeError::NoBucket(wanted));
                }
                CredentialsChange::Replace(key) => {
                    ensure_fits(tx, &vault).await?;
                    Some(seal_credentials(&vault, &*rng, found.id, &key))
                }
            };
            tx.storages().set_credentials(found.id, sealed.as_deref()).await?;
            Ok(found.id)
        })
    });
    ctx.back_ends.forget(unit.await?);
    Ok(())
}

/// Removes a storage that has nothing in it.
///
/// # Errors
/// [`StorageChangeError`] says why it is still there.
pub async fn delete(ctx: &Ctx, site: SiteId, name: &StorageName) -> Result<(), StorageChangeError> {
    let wanted = name.clone();
    let id = ctx
        .record(site, Action::new("storage.delete", name), move |tx| {
            Box::pin(async move {
                let found = tx.storages().find(site, &wanted).await?;
                let found = found.ok_or_else(|| StorageChangeError::Unknown(wanted.clone()))?;
                match tx.storages().delete(found.id).await? {
                    Deleted::Yes => Ok(found.id),
                    Deleted::InUse => Err(StorageChangeError::NotEmpty(wanted)),
                    Deleted::Unknown => Err(StorageChangeError::Unknown(wanted)),
                }
            })
        })
        .await?;
    ctx.back_ends.forget(id);
    Ok(())
}
