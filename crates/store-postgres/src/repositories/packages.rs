//! Packages and their files.

use async_trait::async_trait;
use countersign_domain::catalog::package::{Package, PackageFile, Product};
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::{PackageRow, ProductId, SiteId};
use countersign_domain::text::{PackageId, ProductName};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{NewPackage, Packages};
use tokio_postgres::Row;

use super::files::stored_file;
use crate::connection::Value;
use crate::rows::{Grouped, Place, column};
use crate::transaction::PgTx;

const INSERT: &str = "insert into packages (site, package_id, product, description, created_at)
    values ($1, $2, $3, $4, $5) on conflict do nothing returning id";
const INSERT_FILE: &str =
    "insert into package_files (package, position, name, file, execute) values ($1, $2, $3, $4, $5)";
const FIND: &str =
    "select p.id, p.package_id, p.description, d.id, d.name from packages p join products d on d.id = p.product
    where p.site = $1 and p.package_id = $2";
const LIST: &str =
    "select p.id, p.package_id, p.description, d.id, d.name from packages p join products d on d.id = p.product
    where p.site = $1 order by p.package_id";
const FILES: &str = "select p.package, p.name, p.execute, f.id, f.sha256, f.md5, f.size, f.object_key, f.created_at
    from package_files p join files f on f.id = p.file where p.package = $1 order by p.position";
const LIST_FILES: &str =
    "select p.package, p.name, p.execute, f.id, f.sha256, f.md5, f.size, f.object_key, f.created_at
    from packages k join package_files p on p.package = k.id join files f on f.id = p.file
    where k.site = $1 order by p.package, p.position";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, INSERT_FILE, FIND, LIST, FILES, LIST_FILES];

#[async_trait]
impl Packages for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        package: &NewPackage,
        now: Timestamp,
    ) -> Result<Option<PackageRow>, StoreError> {
        let id = package.id.as_str();
        let values: [Value<'_>; 5] = [&site.0, &id, &package.product.0, &package.description, &now.as_millis()];
        let inserted = self.inserted(INSERT, &values).await?;
        let Some(id) = inserted else { return Ok(None) };
        for (position, file) in (1_i64..).zip(&package.files) {
            let name = file.name.as_str();
            self.changed(INSERT_FILE, &[&id, &position, &name, &file.stored.0, &file.execute]).await?;
        }
        Ok(Some(PackageRow(id)))
    }

    async fn find(&mut self, site: SiteId, id: &PackageId) -> Result<Option<Package>, StoreError> {
        let Some(row) = self.rows(FIND, &[&site.0, &id.as_str()]).await?.pop() else { return Ok(None) };
        let id = self.check(column::<i64>(&row, 0))?;
        let mut files = self.grouped(FILES, &[&id], file).await?;
        self.check(package(&row, &mut files).map(Some))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Package>, StoreError> {
        let mut files = self.grouped(LIST_FILES, &[&site.0], file).await?;
        self.all(LIST, &[&site.0], |row| package(row, &mut files)).await
    }
}

fn file(row: &Row) -> Result<PackageFile, StoreError> {
    let place = Place { table: "packages", row: column(row, 0)? };
    let name = place.check("files.name", PlainFileName::new(column::<String>(row, 1)?))?;
    Ok(PackageFile { name, execute: column(row, 2)?, stored: stored_file(row, 3)? })
}

/// A package, with its files taken out of `files`.
fn package(row: &Row, files: &mut Grouped<PackageFile>) -> Result<Package, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "packages", row: id };
    let product = Product {
        id: ProductId(column(row, 3)?),
        name: place.check("product", ProductName::new(column::<String>(row, 4)?))?,
    };
    let package_id = place.check("package_id", PackageId::new(column::<String>(row, 1)?))?;
    Ok(Package {
        row: PackageRow(id),
        id: package_id,
        product,
        description: column(row, 2)?,
        files: files.remove(&id).unwrap_or_default(),
    })
}
