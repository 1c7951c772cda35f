//! Products and stored bytes.

use async_trait::async_trait;
use countersign_domain::catalog::package::{Product, StoredFile};
use countersign_domain::ids::{ProductId, SiteId, StoredFileId};
use countersign_domain::text::ProductName;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Deleted, Files, NewFile, Page, Products};
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const INSERT_PRODUCT: &str =
    "insert into products (site, name, created_at) values ($1, $2, $3) on conflict do nothing returning id";
const FIND_PRODUCT: &str = "select id, name from products where site = $1 and name = $2";
const LIST_PRODUCTS: &str = "select id, name from products where site = $1 order by name";
const INSERT_FILE: &str = "insert into files (site, sha256, md5, size, object_key, created_at)
    values ($1, $2, $3, $4, $5, $6) on conflict (site, sha256) do nothing returning id";
const FIND_FILE: &str =
    "select id, sha256, md5, size, object_key, created_at from files where site = $1 and sha256 = $2";
const LIST_FILES: &str = "select id, sha256, md5, size, object_key, created_at from files
    where site = $1 and id > $2 order by id limit $3";
const SET_OBJECT_KEY: &str = "update files set object_key = $3 where site = $1 and sha256 = $2";
const LOCK_FILE: &str = "select id from files where site = $1 and sha256 = $2 for update";
const FILE_IN_USE: &str = "select exists (select 1 from package_files where file = $1
    union all select 1 from versions where file = $1)";
const DELETE_FILE: &str = "delete from files where id = $1";
const FIND_OBJECT_KEYS: &str = "select wanted.key from unnest($1::text[]) with ordinality as wanted (key, position)
    where exists (select 1 from files where object_key = wanted.key) order by wanted.position";

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
    LOCK_FILE,
    FILE_IN_USE,
    DELETE_FILE,
    FIND_OBJECT_KEYS,
];

#[async_trait]
impl Products for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        name: &ProductName,
        now: Timestamp,
    ) -> Result<Option<ProductId>, StoreError> {
        let inserted = self.inserted(INSERT_PRODUCT, &[&site.0, &name.as_str(), &now.as_millis()]).await?;
        Ok(inserted.map(ProductId))
    }

    async fn find(&mut self, site: SiteId, name: &ProductName) -> Result<Option<Product>, StoreError> {
        self.first(FIND_PRODUCT, &[&site.0, &name.as_str()], product).await
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Product>, StoreError> {
        self.all(LIST_PRODUCTS, &[&site.0], product).await
    }
}

#[async_trait]
impl Files for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        file: &NewFile,
        now: Timestamp,
    ) -> Result<Option<StoredFileId>, StoreError> {
        let size = self.check(Place { table: "files", row: 0 }.check("size", i64::try_from(file.size)))?;
        let (sha256, md5) = (&file.sha256[..], &file.md5[..]);
        let values: [Value<'_>; 6] = [&site.0, &sha256, &md5, &size, &file.object_key, &now.as_millis()];
        let inserted = self.inserted(INSERT_FILE, &values).await?;
        Ok(inserted.map(StoredFileId))
    }

    async fn find(&mut self, site: SiteId, sha256: &[u8; 32]) -> Result<Option<StoredFile>, StoreError> {
        self.first(FIND_FILE, &[&site.0, &&sha256[..]], |row| stored_file(row, 0)).await
    }

    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<StoredFile>, StoreError> {
        self.all(LIST_FILES, &[&site.0, &page.after, &i64::from(page.limit)], |row| stored_file(row, 0)).await
    }

    async fn set_object_key(&mut self, site: SiteId, sha256: &[u8; 32], object_key: &str) -> Result<bool, StoreError> {
        Ok(self.changed(SET_OBJECT_KEY, &[&site.0, &&sha256[..], &object_key]).await? > 0)
    }

    /// Whoever writes a row that refers to the file holds a lock on it that `for update` waits for, or waits for this
    /// unit. What the second statement sees is therefore all there is.
    async fn delete(&mut self, site: SiteId, sha256: &[u8; 32]) -> Result<Deleted, StoreError> {
        let locked = self.first(LOCK_FILE, &[&site.0, &&sha256[..]], |row| column::<i64>(row, 0)).await?;
        let Some(id) = locked else { return Ok(Deleted::Unknown) };
        if self.is_in_use(FILE_IN_USE, id).await? {
            return Ok(Deleted::InUse);
        }
        self.changed(DELETE_FILE, &[&id]).await?;
        Ok(Deleted::Yes)
    }

    async fn find_by_object_keys(&mut self, keys: &[String]) -> Result<Vec<String>, StoreError> {
        self.all(FIND_OBJECT_KEYS, &[&keys], |row| column(row, 0)).await
    }
}

impl PgTx<'_> {
    /// Whether something refers to a row: what a `select exists` says.
    pub(super) async fn is_in_use(&mut self, sql: &'static str, id: i64) -> Result<bool, StoreError> {
        let is_there = self.first(sql, &[&id], |row| column::<bool>(row, 0)).await?;
        // Without an answer nothing is removed.
        Ok(is_there.unwrap_or(true))
    }
}

fn product(row: &Row) -> Result<Product, StoreError> {
    let id: i64 = column(row, 0)?;
    let name = Place { table: "products", row: id }.check("name", ProductName::new(column::<String>(row, 1)?))?;
    Ok(Product { id: ProductId(id), name })
}

/// A stored file from the six columns that start at `from`: id, sha256, md5, size, object key, creation.
pub(super) fn stored_file(row: &Row, from: usize) -> Result<StoredFile, StoreError> {
    let id: i64 = column(row, from)?;
    let place = Place { table: "files", row: id };
    Ok(StoredFile {
        id: StoredFileId(id),
        sha256: place.check("sha256", column::<&[u8]>(row, from + 1)?.try_into())?,
        md5: place.check("md5", column::<&[u8]>(row, from + 2)?.try_into())?,
        size: place.check("size", u64::try_from(column::<i64>(row, from + 3)?))?,
        object_key: column(row, from + 4)?,
        stored_at: time(column(row, from + 5)?),
    })
}
