//! Packages and their files.

use async_trait::async_trait;
use countersign_domain::catalog::package::{ExternalFile, FileContent, Package, PackageFile, Product};
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::{PackageRow, ProductId, SiteId};
use countersign_domain::text::{PackageId, ProductName};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Deleted, NewFileContent, NewPackage, NewPackageFile, Packages};
use rusqlite::{Connection, Row, params};

use super::files::stored_file;
use crate::rows::{Grouped, Place, all, changed, column, exists, first, grouped, inserted};
use crate::transaction::SqliteTx;

const INSERT: &str = "insert into packages (site, package_id, product, description, created_at)
    values (?1, ?2, ?3, ?4, ?5) on conflict do nothing returning id";
const INSERT_FILE: &str = "insert into package_files (package, position, name, file, external_url, external_sha256,
    external_md5, external_size, execute) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const FIND: &str =
    "select p.id, p.package_id, p.description, d.id, d.name from packages p join products d on d.id = p.product
    where p.site = ?1 and p.package_id = ?2";
const LIST: &str =
    "select p.id, p.package_id, p.description, d.id, d.name from packages p join products d on d.id = p.product
    where p.site = ?1 order by p.package_id";
const FILES: &str = "select p.package, p.name, p.execute, p.external_url, p.external_sha256, p.external_md5,
    p.external_size, f.id, f.sha256, f.md5, f.size, f.object_key, f.created_at
    from package_files p left join files f on f.id = p.file where p.package = ?1 order by p.position";
const LIST_FILES: &str = "select p.package, p.name, p.execute, p.external_url, p.external_sha256, p.external_md5,
    p.external_size, f.id, f.sha256, f.md5, f.size, f.object_key, f.created_at
    from packages k join package_files p on p.package = k.id left join files f on f.id = p.file
    where k.site = ?1 order by p.package, p.position";
const FIND_ROW: &str = "select id from packages where site = ?1 and package_id = ?2";
const IN_USE: &str = "select exists (select 1 from update_sources where package = ?1)
    or exists (select 1 from update_targets where package = ?1)";
const DELETE_FILES: &str = "delete from package_files where package = ?1";
const DELETE: &str = "delete from packages where id = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] =
    &[INSERT, INSERT_FILE, FIND, LIST, FILES, LIST_FILES, FIND_ROW, IN_USE, DELETE_FILES, DELETE];

#[async_trait]
impl Packages for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        package: &NewPackage,
        now: Timestamp,
    ) -> Result<Option<PackageRow>, StoreError> {
        self.attempt(|c| {
            let values = (site.0, package.id.as_str(), package.product.0, &package.description, now.as_millis());
            let Some(id) = inserted(c, INSERT, values)? else { return Ok(None) };
            for (position, file) in (1_i64..).zip(&package.files) {
                insert_file(c, id, position, file)?;
            }
            Ok(Some(PackageRow(id)))
        })
    }

    async fn find(&mut self, site: SiteId, id: &PackageId) -> Result<Option<Package>, StoreError> {
        self.attempt(|c| {
            first(c, FIND, (site.0, id.as_str()), |row| {
                let mut files = grouped(c, FILES, [column::<i64>(row, 0)?], file)?;
                package(row, &mut files)
            })
        })
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Package>, StoreError> {
        self.attempt(|c| {
            let mut files = grouped(c, LIST_FILES, [site.0], file)?;
            all(c, LIST, [site.0], |row| package(row, &mut files))
        })
    }

    async fn missing(&mut self, site: SiteId, ids: &[PackageId]) -> Result<Vec<PackageId>, StoreError> {
        // One lookup for each, in an index: no round trip is saved here by asking for all of them at once.
        self.attempt(|c| {
            let mut missing = Vec::new();
            for id in ids {
                if first(c, FIND_ROW, (site.0, id.as_str()), |row| column::<i64>(row, 0))?.is_none() {
                    missing.push(id.clone());
                }
            }
            Ok(missing)
        })
    }

    async fn delete(&mut self, site: SiteId, id: &PackageId) -> Result<Deleted, StoreError> {
        self.attempt(|c| {
            let found = first(c, FIND_ROW, (site.0, id.as_str()), |row| column::<i64>(row, 0))?;
            let Some(id) = found else { return Ok(Deleted::Unknown) };
            if exists(c, IN_USE, [id])? {
                return Ok(Deleted::InUse);
            }
            changed(c, DELETE_FILES, [id])?;
            changed(c, DELETE, [id])?;
            Ok(Deleted::Yes)
        })
    }
}

fn insert_file(c: &Connection, package: i64, position: i64, file: &NewPackageFile) -> Result<(), StoreError> {
    let (stored, external) = match &file.content {
        NewFileContent::External(external) => (None, Some(external)),
        NewFileContent::Stored(stored) => (Some(stored.0), None),
    };
    let place = Place { table: "packages", row: package };
    let size = external.map(|external| place.check("files.external_size", i64::try_from(external.size))).transpose()?;
    let values = params![
        package,
        position,
        file.name.as_str(),
        stored,
        external.map(|external| &external.url),
        external.map(|external| &external.sha256[..]),
        external.map(|external| &external.md5[..]),
        size,
        file.execute,
    ];
    changed(c, INSERT_FILE, values).map(|_| ())
}

fn file(row: &Row<'_>) -> Result<PackageFile, StoreError> {
    let place = Place { table: "packages", row: column(row, 0)? };
    let content = match column::<Option<String>>(row, 3)? {
        Some(url) => FileContent::External(ExternalFile {
            url,
            sha256: column(row, 4)?,
            md5: column(row, 5)?,
            size: place.check("files.external_size", u64::try_from(column::<i64>(row, 6)?))?,
        }),
        None => FileContent::Stored(stored_file(row, 7)?),
    };
    let name = place.check("files.name", PlainFileName::of_published(column::<String>(row, 1)?))?;
    Ok(PackageFile { name, content, execute: column(row, 2)? })
}

/// A package, with its files taken out of `files`.
fn package(row: &Row<'_>, files: &mut Grouped<PackageFile>) -> Result<Package, StoreError> {
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
