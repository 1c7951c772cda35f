//! Products, stored files, packages and updates.

use async_trait::async_trait;
use countersign_domain::catalog::package::{ExternalFile, Package, Product, StoredFile};
use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{Update, UpdateStatus};
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::{PackageRow, ProductId, SiteId, StoredFileId, UpdateRow};
use countersign_domain::text::{PackageId, ProductName, UpdateId};
use countersign_domain::time::Timestamp;

use super::Page;
use crate::StoreError;

/// Products.
#[async_trait]
pub trait Products: Send {
    /// Writes a product. `None`: the name is taken in this site.
    async fn insert(
        &mut self,
        site: SiteId,
        name: &ProductName,
        now: Timestamp,
    ) -> Result<Option<ProductId>, StoreError>;

    /// A product by name.
    async fn find(&mut self, site: SiteId, name: &ProductName) -> Result<Option<Product>, StoreError>;

    /// All products of a site, by name.
    async fn list(&mut self, site: SiteId) -> Result<Vec<Product>, StoreError>;
}

/// Bytes that lie in the file storage and are about to become visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// MD5 of the bytes.
    pub md5: [u8; 16],
    /// Length in bytes.
    pub size: u64,
    /// Where the bytes lie.
    pub object_key: String,
}

/// Stored bytes.
#[async_trait]
pub trait Files: Send {
    /// Makes bytes visible. `None`: the site already has a file with this SHA-256.
    async fn insert(
        &mut self,
        site: SiteId,
        file: &NewFile,
        now: Timestamp,
    ) -> Result<Option<StoredFileId>, StoreError>;

    /// A site's file by SHA-256.
    async fn find(&mut self, site: SiteId, sha256: &[u8; 32]) -> Result<Option<StoredFile>, StoreError>;

    /// Files of a site, by row id.
    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<StoredFile>, StoreError>;

    /// Says where the bytes of a site's file lie from now on: under a key that no row has. `false`: no such file.
    async fn set_object_key(&mut self, site: SiteId, sha256: &[u8; 32], object_key: &str) -> Result<bool, StoreError>;

    /// Takes a file away that no package refers to. Its bytes are then nobody's.
    async fn delete(&mut self, site: SiteId, sha256: &[u8; 32]) -> Result<Deleted, StoreError>;

    /// Those of the given object keys that a row of any site names, in the order given. An object with any other key
    /// is not used by anyone.
    async fn find_by_object_keys(&mut self, keys: &[String]) -> Result<Vec<String>, StoreError>;
}

/// What became of something that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// Something else refers to it; it is still there.
    InUse,
    /// It is gone.
    Yes,
    /// It was not there.
    Unknown,
}

/// Where the bytes of a file of a package are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewFileContent {
    /// On somebody else's server.
    External(ExternalFile),
    /// In the file storage of the site.
    Stored(StoredFileId),
}

/// A file of a package that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPackageFile {
    /// The name under which it is downloaded.
    pub name: PlainFileName,
    /// Where its bytes are.
    pub content: NewFileContent,
    /// Whether the device is told to run it.
    pub execute: bool,
}

/// A package that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPackage {
    /// The ID that devices will use.
    pub id: PackageId,
    /// The product that it is a release of.
    pub product: ProductId,
    /// Text for people.
    pub description: String,
    /// Files in order.
    pub files: Vec<NewPackageFile>,
}

/// Packages and their files. A package never changes after it was written.
#[async_trait]
pub trait Packages: Send {
    /// Writes a package with its files. `None`: the ID is taken in this site.
    async fn insert(
        &mut self,
        site: SiteId,
        package: &NewPackage,
        now: Timestamp,
    ) -> Result<Option<PackageRow>, StoreError>;

    /// A package by ID.
    async fn find(&mut self, site: SiteId, id: &PackageId) -> Result<Option<Package>, StoreError>;

    /// All packages of a site, by ID.
    async fn list(&mut self, site: SiteId) -> Result<Vec<Package>, StoreError>;

    /// Those of the given IDs of which the site has no package, in the order given.
    async fn missing(&mut self, site: SiteId, ids: &[PackageId]) -> Result<Vec<PackageId>, StoreError>;

    /// Removes a package that no update refers to, with its files' rows.
    async fn delete(&mut self, site: SiteId, id: &PackageId) -> Result<Deleted, StoreError>;
}

/// An update that is about to be written, with a manifest UUID for each of its platforms, in the same order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRelease {
    /// The update. Its packages must exist.
    pub update: NewUpdate,
    /// Unguessable names of the file lists.
    pub manifest_uuids: Vec<String>,
}

/// Updates.
#[async_trait]
pub trait Updates: Send {
    /// Writes an update. `None`: the ID is taken in this site.
    async fn insert(
        &mut self,
        site: SiteId,
        release: &NewRelease,
        now: Timestamp,
    ) -> Result<Option<UpdateRow>, StoreError>;

    /// An update by ID.
    async fn find(&mut self, site: SiteId, id: &UpdateId) -> Result<Option<Update>, StoreError>;

    /// An update that starts from a package or, if there is none, delivers it: the oldest of them.
    async fn find_with_package(&mut self, site: SiteId, package: &PackageId) -> Result<Option<UpdateId>, StoreError>;

    /// All updates of a site, by ID.
    async fn list(&mut self, site: SiteId) -> Result<Vec<Update>, StoreError>;

    /// Replaces all of an update but its ID, its row id and the time of its creation. `false`: no such update.
    async fn replace(&mut self, site: SiteId, release: &NewRelease) -> Result<bool, StoreError>;

    /// Removes an update. `false`: no such update.
    async fn delete(&mut self, site: SiteId, id: &UpdateId) -> Result<bool, StoreError>;

    /// Offers an update or takes it back. `false`: no such update.
    async fn set_status(&mut self, site: SiteId, id: &UpdateId, status: UpdateStatus) -> Result<bool, StoreError>;
}
