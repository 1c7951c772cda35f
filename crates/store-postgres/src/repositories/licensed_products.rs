//! Products, with what holds for their licenses.

use async_trait::async_trait;
use countersign_domain::catalog::package::Product;
use countersign_domain::ids::{ProductId, SiteId};
use countersign_domain::licensing::{LicensedProduct, ProductRules, ProductStatus};
use countersign_domain::text::{ProductCode, ProductName};
use countersign_store::StoreError;
use countersign_store::repositories::LicensedProducts;
use tokio_postgres::Row;

use crate::rows::{Place, column};
use crate::transaction::PgTx;

const FIND: &str = "select p.id, p.name, coalesce(p.code, p.name), p.status, p.rules from products p where p.site = $1 and coalesce(p.code, p.name) = $2";
const FIND_BY_ID: &str =
    "select p.id, p.name, coalesce(p.code, p.name), p.status, p.rules from products p where p.site = $1 and p.id = $2";
// Rows that refer to the product can be written meanwhile.
const LOCK: &str = "select p.id from products p where p.site = $1 and coalesce(p.code, p.name) = $2 for no key update";
const LIST: &str =
    "select p.id, p.name, coalesce(p.code, p.name), p.status, p.rules from products p where p.site = $1 order by p.id";
const SET: &str = "update products set code = $2, status = $3, rules = $4 where id = $1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[FIND, FIND_BY_ID, LOCK, LIST, SET];

#[async_trait]
impl LicensedProducts for PgTx<'_> {
    async fn find(&mut self, site: SiteId, code: &ProductCode) -> Result<Option<LicensedProduct>, StoreError> {
        self.first(FIND, &[&site.0, &code.as_str()], |row| product(row, 0)).await
    }

    async fn lock(&mut self, site: SiteId, code: &ProductCode) -> Result<bool, StoreError> {
        let found: Option<i64> = self.first(LOCK, &[&site.0, &code.as_str()], |row| column(row, 0)).await?;
        Ok(found.is_some())
    }

    async fn find_by_id(&mut self, site: SiteId, id: ProductId) -> Result<Option<LicensedProduct>, StoreError> {
        self.first(FIND_BY_ID, &[&site.0, &id.0], |row| product(row, 0)).await
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<LicensedProduct>, StoreError> {
        self.all(LIST, &[&site.0], |row| product(row, 0)).await
    }

    async fn set(
        &mut self,
        product: ProductId,
        code: &ProductCode,
        status: ProductStatus,
        rules: &ProductRules,
    ) -> Result<bool, StoreError> {
        Ok(self.changed(SET, &[&product.0, &code.as_str(), &status.as_str(), &rules.to_text()]).await? == 1)
    }
}

/// A product from the five columns that start at `from`: id, name, code, status, rules.
pub(super) fn product(row: &Row, from: usize) -> Result<LicensedProduct, StoreError> {
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
