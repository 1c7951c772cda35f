//! Packages and their files.

use async_trait::async_trait;
use countersign_domain::catalog::package::{ExternalFile, FileContent, Package, PackageFile, Product};
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::{PackageRow, ProductId, SiteId};
use countersign_domain::text::{PackageId, ProductName};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Deleted, NewFileContent, NewPackage, NewPackageFile, Packages};
use tokio_postgres::Row;

use super::files::stored_file;
use crate::connection::Value;
use crate::rows::{Grouped, Place, column};
use crate::transaction::PgTx;

const INSERT: &str = "insert into packages (site, package_id, product, description, created_at)
    values ($1, $2, $3, $4, $5) on conflict do nothing returning id";
const INSERT_FILE: &str =
    "insert into package_files (package, position, name, file, execute) values ($1, $2, $3, $4, $5)";
const INSERT_EXTERNAL_FILE: &str = "insert into package_files (package, position, name, execute, external_url,
    external_sha256, external_md5, external_size) values ($1, $2, $3, $4, $5, $6, $7, $8)";
const FIND: &str =
    "select p.id, p.package_id, p.description, d.id, d.name from packages p join products d on d.id = p.product
    where p.site = $1 and p.package_id = $2";
const LIST: &str =
    "select p.id, p.package_id, p.description, d.id, d.name from packages p join products d on d.id = p.product
    where p.site = $1 order by p.package_id";
const FILES: &str = "select p.package, p.name, p.execute, f.id, f.sha256, f.md5, f.size, f.object_key, f.created_at,
    p.external_url, p.external_sha256, p.external_md5, p.external_size
    from package_files p left join files f on f.id = p.file where p.package = $1 order by p.position";
const LIST_FILES: &str =
    "select p.package, p.name, p.execute, f.id, f.sha256, f.md5, f.size, f.object_key, f.created_at,
    p.external_url, p.external_sha256, p.external_md5, p.external_size
    from packages k join package_files p on p.package = k.id left join files f on f.id = p.file
    where k.site = $1 order by p.package, p.position";
const MISSING: &str = "select wanted.id from unnest($2::text[]) with ordinality as wanted (id, position)
    where not exists (select 1 from packages where site = $1 and package_id = wanted.id) order by wanted.position";
const LOCK: &str = "select id from packages where site = $1 and package_id = $2 for update";
const IN_USE: &str = "select exists (select 1 from update_sources where package = $1)
    or exists (select 1 from update_targets where package = $1)";
const DELETE_FILES: &str = "delete from package_files where package = $1";
const DELETE: &str = "delete from packages where id = $1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    INSERT_FILE,
    INSERT_EXTERNAL_FILE,
    FIND,
    LIST,
    FILES,
    LIST_FILES,
    MISSING,
    LOCK,
    IN_USE,
    DELETE_FILES,
    DELETE,
];

/// IDs that one statement looks for: bounds what it carries, some hundred KiB.
const MISSING_AT_ONCE: usize = 1000;

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
            self.insert_file(id, position, file).await?;
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

    async fn missing(&mut self, site: SiteId, ids: &[PackageId]) -> Result<Vec<PackageId>, StoreError> {
        let place = Place { table: "packages", row: 0 };
        let mut missing = Vec::new();
        for part in ids.chunks(MISSING_AT_ONCE) {
            let texts: Vec<&str> = part.iter().map(PackageId::as_str).collect();
            let id = |row: &Row| place.check("package_id", PackageId::new(column::<String>(row, 0)?));
            missing.extend(self.all(MISSING, &[&site.0, &texts], id).await?);
        }
        Ok(missing)
    }

    /// Exact for the same reason as `Files::delete`.
    async fn delete(&mut self, site: SiteId, id: &PackageId) -> Result<Deleted, StoreError> {
        let locked = self.first(LOCK, &[&site.0, &id.as_str()], |row| column::<i64>(row, 0)).await?;
        let Some(id) = locked else { return Ok(Deleted::Unknown) };
        if self.is_in_use(IN_USE, id).await? {
            return Ok(Deleted::InUse);
        }
        self.changed(DELETE_FILES, &[&id]).await?;
        self.changed(DELETE, &[&id]).await?;
        Ok(Deleted::Yes)
    }
}

impl PgTx<'_> {
    async fn insert_file(&mut self, package: i64, position: i64, file: &NewPackageFile) -> Result<(), StoreError> {
        let name = file.name.as_str();
        match &file.content {
            NewFileContent::Stored(stored) => {
                let values: [Value<'_>; 5] = [&package, &position, &name, &stored.0, &file.execute];
                self.changed(INSERT_FILE, &values).await?;
            }
            NewFileContent::External(external) => {
                let place = Place { table: "packages", row: package };
                let size = self.check(place.check("files.external_size", i64::try_from(external.size)))?;
                let (sha256, md5) = (&external.sha256[..], &external.md5[..]);
                let values: [Value<'_>; 8] =
                    [&package, &position, &name, &file.execute, &external.url, &sha256, &md5, &size];
                self.changed(INSERT_EXTERNAL_FILE, &values).await?;
            }
        }
        Ok(())
    }
}

fn file(row: &Row) -> Result<PackageFile, StoreError> {
    let place = Place { table: "packages", row: column(row, 0)? };
    let name = place.check("files.name", PlainFileName::of_published(column::<String>(row, 1)?))?;
    let content = match column::<Option<String>>(row, 9)? {
        Some(url) => FileContent::External(ExternalFile {
            url,
            sha256: place.check("files.external_sha256", column::<&[u8]>(row, 10)?.try_into())?,
            md5: place.check("files.external_md5", column::<&[u8]>(row, 11)?.try_into())?,
            size: place.check("files.external_size", u64::try_from(column::<i64>(row, 12)?))?,
        }),
        None => FileContent::Stored(stored_file(row, 3)?),
    };
    Ok(PackageFile { name, execute: column(row, 2)?, content })
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
