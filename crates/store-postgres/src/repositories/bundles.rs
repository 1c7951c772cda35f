//! Products that are sold together.

use async_trait::async_trait;
use countersign_domain::ids::{BundleId, ProductId, SiteId};
use countersign_domain::licensing::{Bundle, LicensedProduct};
use countersign_domain::text::ProductCode;
use countersign_domain::time::Timestamp;
use countersign_store::repositories::Bundles;

use super::licensed_products::product;
use countersign_store::StoreError;
use tokio_postgres::Row;

use crate::rows::{Place, column};
use crate::transaction::PgTx;

const INSERT: &str =
    "insert into bundles (site, code, name, created_at) values ($1, $2, $3, $4) on conflict do nothing returning id";
const INSERT_PRODUCT: &str = "insert into bundle_products (bundle, position, product) values ($1, $2, $3)";
const FIND: &str = "select id, code, name from bundles where site = $1 and code = $2";
const LIST: &str = "select id, code, name from bundles where site = $1 order by code";
const PRODUCTS: &str = "select p.id, p.name, coalesce(p.code, p.name), p.status, p.rules from bundle_products b join products p on p.id = b.product
    where b.bundle = $1 order by b.position";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, INSERT_PRODUCT, FIND, LIST, PRODUCTS];

#[async_trait]
impl Bundles for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        code: &ProductCode,
        name: &str,
        products: &[ProductId],
        now: Timestamp,
    ) -> Result<Option<BundleId>, StoreError> {
        let Some(id) = self.inserted(INSERT, &[&site.0, &code.as_str(), &name, &now.as_millis()]).await? else {
            return Ok(None);
        };
        for (position, product) in (0_i64..).zip(products) {
            self.changed(INSERT_PRODUCT, &[&id, &position, &product.0]).await?;
        }
        Ok(Some(BundleId(id)))
    }

    async fn find(&mut self, site: SiteId, code: &ProductCode) -> Result<Option<Bundle>, StoreError> {
        let Some(mut found) = self.first(FIND, &[&site.0, &code.as_str()], bundle).await? else { return Ok(None) };
        found.products = self.products_of(found.id).await?;
        Ok(Some(found))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Bundle>, StoreError> {
        let mut bundles = self.all(LIST, &[&site.0], bundle).await?;
        for bundle in &mut bundles {
            bundle.products = self.products_of(bundle.id).await?;
        }
        Ok(bundles)
    }
}

impl PgTx<'_> {
    async fn products_of(&mut self, bundle: BundleId) -> Result<Vec<LicensedProduct>, StoreError> {
        self.all(PRODUCTS, &[&bundle.0], |row| product(row, 0)).await
    }
}

fn bundle(row: &Row) -> Result<Bundle, StoreError> {
    let id: i64 = column(row, 0)?;
    let code = ProductCode::new(column::<String>(row, 1)?);
    let code = Place { table: "bundles", row: id }.check("code", code)?;
    Ok(Bundle { id: BundleId(id), code, name: column(row, 2)?, products: Vec::new() })
}
