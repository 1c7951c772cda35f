//! Releases that applications are told about.

use async_trait::async_trait;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::{ProductId, SiteId, StoredFileId, VersionId};
use countersign_domain::licensing::{Environment, ReleasedVersion};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::Versions;
use tokio_postgres::Row;

use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const INSERT: &str =
    "insert into versions (site, product, version, environment, channel, file_name, file, url, sha256, md5, size,
    requires_version, eula_link, release_notes_link, released_at, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict do nothing returning id";
const LIST: &str =
    "select v.id, v.product, v.version, v.environment, v.channel, v.file_name, v.url, v.sha256, v.md5, v.size,
    v.requires_version, v.eula_link, v.release_notes_link, v.released_at
    from versions v where v.product = $1 and v.released_at <= $2
    order by v.released_at desc, v.id desc limit $3";
const DELETE: &str = "delete from versions where product = $1 and id = $2";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, LIST, DELETE];

#[async_trait]
impl Versions for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        version: &ReleasedVersion,
        file: Option<StoredFileId>,
        now: Timestamp,
    ) -> Result<Option<VersionId>, StoreError> {
        let size = Place { table: "versions", row: 0 }.check("size", i64::try_from(version.size))?;
        let url = version.url.as_deref();
        let id = self
            .inserted(
                INSERT,
                &[
                    &site.0,
                    &version.product.0,
                    &version.version.as_str(),
                    &version.environment.as_str(),
                    &version.channel.as_str(),
                    &version.file_name.as_str(),
                    &file.map(|file| file.0),
                    &url,
                    &version.sha256.as_slice(),
                    &version.md5.as_slice(),
                    &size,
                    &version.requires_version.as_str(),
                    &version.eula_link.as_str(),
                    &version.release_notes_link.as_str(),
                    &version.released_at.as_millis(),
                    &now.as_millis(),
                ],
            )
            .await?;
        Ok(id.map(VersionId))
    }

    async fn list(
        &mut self,
        product: ProductId,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<ReleasedVersion>, StoreError> {
        let until = until.map_or(i64::MAX, Timestamp::as_millis);
        self.all(LIST, &[&product.0, &until, &i64::from(limit)], version).await
    }

    async fn delete(&mut self, product: ProductId, version: VersionId) -> Result<bool, StoreError> {
        Ok(self.changed(DELETE, &[&product.0, &version.0]).await? == 1)
    }
}

fn version(row: &Row) -> Result<ReleasedVersion, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "versions", row: id };
    Ok(ReleasedVersion {
        id: VersionId(id),
        product: ProductId(column(row, 1)?),
        version: column(row, 2)?,
        environment: place.present("environment", Environment::parse(&column::<String>(row, 3)?))?,
        channel: column(row, 4)?,
        file_name: place.check("file_name", PlainFileName::new(column::<String>(row, 5)?))?,
        url: column(row, 6)?,
        sha256: place.check("sha256", column::<Vec<u8>>(row, 7)?.try_into())?,
        md5: place.check("md5", column::<Vec<u8>>(row, 8)?.try_into())?,
        size: place.check("size", u64::try_from(column::<i64>(row, 9)?))?,
        requires_version: column(row, 10)?,
        eula_link: column(row, 11)?,
        release_notes_link: column(row, 12)?,
        released_at: time(column(row, 13)?),
    })
}
