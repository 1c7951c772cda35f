//! Products that are sold together.

use async_trait::async_trait;
use countersign_domain::ids::{BundleId, ProductId, SiteId};
use countersign_domain::licensing::{Bundle, LicensedProduct};
use countersign_domain::text::ProductCode;
use countersign_domain::time::Timestamp;
use countersign_store::repositories::Bundles;

use super::licensed_products::product;
use countersign_store::StoreError;
use rusqlite::{Row, params};

use crate::rows::{Place, all, changed, column, first, inserted};
use crate::transaction::SqliteTx;

const INSERT: &str =
    "insert into bundles (site, code, name, created_at) values (?1, ?2, ?3, ?4) on conflict do nothing returning id";
const INSERT_PRODUCT: &str = "insert into bundle_products (bundle, position, product) values (?1, ?2, ?3)";
const FIND: &str = "select id, code, name from bundles where site = ?1 and code = ?2";
const LIST: &str = "select id, code, name from bundles where site = ?1 order by code";
const PRODUCTS: &str = "select p.id, p.name, coalesce(p.code, p.name), p.status, p.rules from bundle_products b join products p on p.id = b.product
    where b.bundle = ?1 order by b.position";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, INSERT_PRODUCT, FIND, LIST, PRODUCTS];

#[async_trait]
impl Bundles for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        code: &ProductCode,
        name: &str,
        products: &[ProductId],
        now: Timestamp,
    ) -> Result<Option<BundleId>, StoreError> {
        let Some(id) = self.attempt(|c| inserted(c, INSERT, params![site.0, code.as_str(), name, now.as_millis()]))?
        else {
            return Ok(None);
        };
        for (position, product) in (0_i64..).zip(products) {
            self.attempt(|c| changed(c, INSERT_PRODUCT, params![id, position, product.0]))?;
        }
        Ok(Some(BundleId(id)))
    }

    async fn find(&mut self, site: SiteId, code: &ProductCode) -> Result<Option<Bundle>, StoreError> {
        let Some(mut found) = self.attempt(|c| first(c, FIND, params![site.0, code.as_str()], bundle))? else {
            return Ok(None);
        };
        found.products = self.products_of(found.id).await?;
        Ok(Some(found))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Bundle>, StoreError> {
        let mut bundles = self.attempt(|c| all(c, LIST, params![site.0], bundle))?;
        for bundle in &mut bundles {
            bundle.products = self.products_of(bundle.id).await?;
        }
        Ok(bundles)
    }
}

impl SqliteTx<'_> {
    async fn products_of(&mut self, bundle: BundleId) -> Result<Vec<LicensedProduct>, StoreError> {
        self.attempt(|c| all(c, PRODUCTS, params![bundle.0], |row| product(row, 0)))
    }
}

fn bundle(row: &Row<'_>) -> Result<Bundle, StoreError> {
    let id: i64 = column(row, 0)?;
    let code = ProductCode::new(column::<String>(row, 1)?);
    let code = Place { table: "bundles", row: id }.check("code", code)?;
    Ok(Bundle { id: BundleId(id), code, name: column(row, 2)?, products: Vec::new() })
}
