//! Products, with what holds for their licenses.

use async_trait::async_trait;
use countersign_domain::catalog::package::Product;
use countersign_domain::ids::{ProductId, SiteId};
use countersign_domain::licensing::{LicensedProduct, ProductRules, ProductStatus};
use countersign_domain::text::{ProductCode, ProductName};
use countersign_store::StoreError;
use countersign_store::repositories::LicensedProducts;
use rusqlite::{Row, params};

use crate::rows::{Place, all, changed, column, first};
use crate::transaction::SqliteTx;

const FIND: &str = "select p.id, p.name, coalesce(p.code, p.name), p.status, p.rules from products p where p.site = ?1 and coalesce(p.code, p.name) = ?2";
const FIND_BY_ID: &str =
    "select p.id, p.name, coalesce(p.code, p.name), p.status, p.rules from products p where p.site = ?1 and p.id = ?2";
const LIST: &str =
    "select p.id, p.name, coalesce(p.code, p.name), p.status, p.rules from products p where p.site = ?1 order by p.id";
const SET: &str = "update products set code = ?2, status = ?3, rules = ?4 where id = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[FIND, FIND_BY_ID, LIST, SET];

#[async_trait]
impl LicensedProducts for SqliteTx<'_> {
    async fn find(&mut self, site: SiteId, code: &ProductCode) -> Result<Option<LicensedProduct>, StoreError> {
        self.attempt(|c| first(c, FIND, params![site.0, code.as_str()], |row| product(row, 0)))
    }

    async fn lock(&mut self, site: SiteId, code: &ProductCode) -> Result<bool, StoreError> {
        // Nobody else writes while a unit does.
        Ok(self.find(site, code).await?.is_some())
    }

    async fn find_by_id(&mut self, site: SiteId, id: ProductId) -> Result<Option<LicensedProduct>, StoreError> {
        self.attempt(|c| first(c, FIND_BY_ID, params![site.0, id.0], |row| product(row, 0)))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<LicensedProduct>, StoreError> {
        self.attempt(|c| all(c, LIST, params![site.0], |row| product(row, 0)))
    }

    async fn set(
        &mut self,
        product: ProductId,
        code: &ProductCode,
        status: ProductStatus,
        rules: &ProductRules,
    ) -> Result<bool, StoreError> {
        Ok(self.attempt(|c| changed(c, SET, params![product.0, code.as_str(), status.as_str(), rules.to_text()]))? == 1)
    }
}

/// A product from the five columns that start at `from`: id, name, code, status, rules.
pub(super) fn product(row: &Row<'_>, from: usize) -> Result<LicensedProduct, StoreError> {
    let id: i64 = column(row, from)?;
    let place = Place { table: "products", row: id };
    Ok(LicensedProduct {
        product: Product {
            id: ProductId(id),
            name: place.check("name", ProductName::new(column::<String>(row, from + 1)?))?,
        },
        code: place.check("code", ProductCode::new(column::<String>(row, from + 2)?))?,
        status: place.present("status", ProductStatus::parse(&column::<String>(row, from + 3)?))?,
        rules: place.present("rules", ProductRules::from_text(&column::<String>(row, from + 4)?))?,
    })
}
