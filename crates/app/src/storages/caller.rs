//! Who asks, and for what.

use countersign_domain::ids::SiteId;
use countersign_domain::storage::{Storage, StorageAccess, StorageGrant, StorageName, StoragePath, allows};
use countersign_store::{StoreError, Tx};

use super::StorageError;

/// Who asks: an application whose token was verified, or a person at the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageCaller {
    /// The site whose storages are meant.
    pub site: SiteId,
    /// How the application calls itself; empty for a person.
    pub client: String,
    /// The storage of requests that name none.
    pub default_storage: Option<StorageName>,
    /// What may be done where; `None` for everything in all storages of the site.
    pub grants: Option<Vec<StorageGrant>>,
}

impl StorageCaller {
    /// Somebody who may do everything in all storages of a site.
    #[must_use]
    pub fn unrestricted(site: SiteId) -> Self {
        Self { site, client: String::new(), default_storage: None, grants: None }
    }

    /// The storage that a request means.
    pub(super) fn storage_name<'a>(&'a self, named: Option<&'a StorageName>) -> Result<&'a StorageName, StorageError> {
        named.or(self.default_storage.as_ref()).ok_or(StorageError::NoDefault)
    }

    /// A place, if the caller may do this there and below.
    pub(super) fn at(&self, place: &Place, access: StorageAccess) -> Result<GrantedPlace, StorageError> {
        let storage = self.storage_name(place.storage.as_ref())?.clone();
        match &self.grants {
            Some(grants) if !allows(grants, &storage, &place.path, access) => {
                Err(StorageError::NotGranted(format!("{storage}:{}", place.path)))
            }
            Some(_) | None => Ok(GrantedPlace { site: self.site, storage, path: place.path.clone() }),
        }
    }

    /// Whether anything may be read in a storage.
    pub(super) fn sees(&self, storage: &StorageName) -> bool {
        self.grants.as_ref().is_none_or(|grants| grants.iter().any(|grant| grant.storage == *storage))
    }
}

/// A path in a storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The storage; `None` for the caller's default storage.
    pub storage: Option<StorageName>,
    /// The path.
    pub path: StoragePath,
}

/// A place where the caller may do what is asked.
#[derive(Clone, Debug)]
pub(super) struct GrantedPlace {
    pub(super) site: SiteId,
    pub(super) storage: StorageName,
    pub(super) path: StoragePath,
}

impl GrantedPlace {
    /// The storage, to be read.
    pub(super) async fn find(&self, tx: &mut dyn Tx) -> Result<Storage, StorageError> {
        self.present(tx.storages().find(self.site, &self.storage).await)
    }

    /// The storage, for this unit alone.
    pub(super) async fn lock(&self, tx: &mut dyn Tx) -> Result<Storage, StorageError> {
        let found = self.find(tx).await?;
        self.present(tx.storages().lock(found.id).await)
    }

    /// Storage and path, for people.
    pub(super) fn text(&self) -> String {
        format!("{}:{}", self.storage, self.path)
    }

    /// The same storage at another path.
    pub(super) fn at(&self, path: StoragePath) -> Self {
        Self { path, ..self.clone() }
    }

    pub(super) fn not_found(&self) -> StorageError {
        StorageError::NotFound(self.text())
    }

    fn present(&self, found: Result<Option<Storage>, StoreError>) -> Result<Storage, StorageError> {
        found?.ok_or_else(|| StorageError::StorageUnknown(self.storage.clone()))
    }
}
