//! Packages and their files.

use async_trait::async_trait;
use countersign_domain::catalog::package::{Package, PackageFile, Product};
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::{PackageRow, ProductId, SiteId};
use countersign_domain::text::{PackageId, ProductName};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{NewPackage, Packages};
use rusqlite::{Connection, Row};

use super::files::stored_file;
use crate::rows::{Place, all, changed, column, first, inserted};
use crate::transaction::SqliteTx;

const INSERT: &str = "insert into packages (site, package_id, product, description, created_at)
    values (?1, ?2, ?3, ?4, ?5) on conflict do nothing returning id";
const INSERT_FILE: &str =
    "insert into package_files (package, position, name, file, execute) values (?1, ?2, ?3, ?4, ?5)";
const FIND: &str =
    "select p.id, p.package_id, p.description, d.id, d.name from packages p join products d on d.id = p.product
    where p.site = ?1 and p.package_id = ?2";
const LIST: &str =
    "select p.id, p.package_id, p.description, d.id, d.name from packages p join products d on d.id = p.product
    where p.site = ?1 order by p.package_id";
const FILES: &str = "select p.name, p.execute, f.id, f.sha256, f.md5, f.size, f.object_key, f.created_at
    from package_files p join files f on f.id = p.file where p.package = ?1 order by p.position";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, INSERT_FILE, FIND, LIST, FILES];

#[async_trait]
impl Packages for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        package: &NewPackage,
        now: Timestamp,
    ) -> Result<Option<PackageRow>, StoreError> {
        let c = &*self.connection;
        let values = (site.0, package.id.as_str(), package.product.0, &package.description, now.as_millis());
        let Some(id) = inserted(c, INSERT, values)? else { return Ok(None) };
        for (position, file) in (1_i64..).zip(&package.files) {
            changed(c, INSERT_FILE, (id, position, file.name.as_str(), file.stored.0, file.execute))?;
        }
        Ok(Some(PackageRow(id)))
    }

    async fn find(&mut self, site: SiteId, id: &PackageId) -> Result<Option<Package>, StoreError> {
        let c = &*self.connection;
        first(c, FIND, (site.0, id.as_str()), |row| package(c, row))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Package>, StoreError> {
        let c = &*self.connection;
        all(c, LIST, [site.0], |row| package(c, row))
    }
}

fn package(connection: &Connection, row: &Row<'_>) -> Result<Package, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "packages", row: id };
    let files = all(connection, FILES, [id], |row| {
        let name = place.check("files.name", PlainFileName::new(column::<String>(row, 0)?))?;
        Ok(PackageFile { name, execute: column(row, 1)?, stored: stored_file(row, 2)? })
    })?;
    let product = Product {
        id: ProductId(column(row, 3)?),
        name: place.check("product", ProductName::new(column::<String>(row, 4)?))?,
    };
    let package_id = place.check("package_id", PackageId::new(column::<String>(row, 1)?))?;
    Ok(Package { row: PackageRow(id), id: package_id, product, description: column(row, 2)?, files })
}
