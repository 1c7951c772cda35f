//! Products and stored bytes.

use async_trait::async_trait;
use countersign_domain::catalog::package::{Product, StoredFile};
use countersign_domain::ids::{ProductId, SiteId, StoredFileId};
use countersign_domain::text::ProductName;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Deleted, Files, NewFile, Page, Products};
use rusqlite::Row;

use crate::rows::{Place, all, changed, column, exists, first, inserted, time};
use crate::transaction::SqliteTx;

const INSERT_PRODUCT: &str =
    "insert into products (site, name, created_at) values (?1, ?2, ?3) on conflict do nothing returning id";
const FIND_PRODUCT: &str = "select id, name from products where site = ?1 and name = ?2";
const LIST_PRODUCTS: &str = "select id, name from products where site = ?1 order by name";
const INSERT_FILE: &str = "insert into files (site, sha256, md5, size, object_key, created_at)
    values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (site, sha256) do nothing returning id";
const FIND_FILE: &str =
    "select id, sha256, md5, size, object_key, created_at from files where site = ?1 and sha256 = ?2";
const LIST_FILES: &str = "select id, sha256, md5, size, object_key, created_at from files
    where site = ?1 and id > ?2 order by id limit ?3";
const SET_OBJECT_KEY: &str = "update files set object_key = ?3 where site = ?1 and sha256 = ?2";
const FILE_IN_USE: &str = "select exists (select 1 from package_files where file = ?1
    union all select 1 from versions where file = ?1)";
const DELETE_FILE: &str = "delete from files where id = ?1";
const FIND_OBJECT_KEY: &str = "select object_key from files where object_key = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT_PRODUCT,
    FIND_PRODUCT,
    LIST_PRODUCTS,
    INSERT_FILE,
    FIND_FILE,
    LIST_FILES,
    SET_OBJECT_KEY,
    FILE_IN_USE,
    DELETE_FILE,
    FIND_OBJECT_KEY,
];

#[async_trait]
impl Products for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        name: &ProductName,
        now: Timestamp,
    ) -> Result<Option<ProductId>, StoreError> {
        let values = (site.0, name.as_str(), now.as_millis());
        self.attempt(|c| Ok(inserted(c, INSERT_PRODUCT, values)?.map(ProductId)))
    }

    async fn find(&mut self, site: SiteId, name: &ProductName) -> Result<Option<Product>, StoreError> {
        self.attempt(|c| first(c, FIND_PRODUCT, (site.0, name.as_str()), product))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Product>, StoreError> {
        self.attempt(|c| all(c, LIST_PRODUCTS, [site.0], product))
    }
}

#[async_trait]
impl Files for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        file: &NewFile,
        now: Timestamp,
    ) -> Result<Option<StoredFileId>, StoreError> {
        self.attempt(|c| {
            let size = Place { table: "files", row: 0 }.check("size", i64::try_from(file.size))?;
            let values = (site.0, &file.sha256[..], &file.md5[..], size, &file.object_key, now.as_millis());
            Ok(inserted(c, INSERT_FILE, values)?.map(StoredFileId))
        })
    }

    async fn find(&mut self, site: SiteId, sha256: &[u8; 32]) -> Result<Option<StoredFile>, StoreError> {
        self.attempt(|c| first(c, FIND_FILE, (site.0, &sha256[..]), |row| stored_file(row, 0)))
    }

    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<StoredFile>, StoreError> {
        self.attempt(|c| all(c, LIST_FILES, (site.0, page.after, page.limit), |row| stored_file(row, 0)))
    }

    async fn set_object_key(&mut self, site: SiteId, sha256: &[u8; 32], object_key: &str) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, SET_OBJECT_KEY, (site.0, &sha256[..], object_key))? > 0))
    }

    async fn delete(&mut self, site: SiteId, sha256: &[u8; 32]) -> Result<Deleted, StoreError> {
        self.attempt(|c| {
            let found = first(c, FIND_FILE, (site.0, &sha256[..]), |row| column::<i64>(row, 0))?;
            let Some(id) = found else { return Ok(Deleted::Unknown) };
            if exists(c, FILE_IN_USE, [id])? {
                return Ok(Deleted::InUse);
            }
            changed(c, DELETE_FILE, [id])?;
            Ok(Deleted::Yes)
        })
    }

    async fn find_by_object_keys(&mut self, keys: &[String]) -> Result<Vec<String>, StoreError> {
        // One lookup for each: no round trip is saved here by asking for all of them at once.
        self.attempt(|c| {
            let found = keys.iter().map(|key| first(c, FIND_OBJECT_KEY, [key], |row| column(row, 0)));
            found.filter_map(Result::transpose).collect()
        })
    }
}

fn product(row: &Row<'_>) -> Result<Product, StoreError> {
    let id: i64 = column(row, 0)?;
    let name = Place { table: "products", row: id }.check("name", ProductName::new(column::<String>(row, 1)?))?;
    Ok(Product { id: ProductId(id), name })
}

/// A stored file from the six columns that start at `from`: id, sha256, md5, size, object key, creation.
pub(super) fn stored_file(row: &Row<'_>, from: usize) -> Result<StoredFile, StoreError> {
    let id: i64 = column(row, from)?;
    let place = Place { table: "files", row: id };
    Ok(StoredFile {
        id: StoredFileId(id),
        sha256: column(row, from + 1)?,
        md5: column(row, from + 2)?,
        size: place.check("size", u64::try_from(column::<i64>(row, from + 3)?))?,
        object_key: column(row, from + 4)?,
        stored_at: time(column(row, from + 5)?),
    })
}
