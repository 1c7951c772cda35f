//! Parts of products that licenses can include.

use async_trait::async_trait;
use countersign_domain::ids::{FeatureId, ProductId};
use countersign_domain::licensing::Feature;
use countersign_domain::text::FeatureCode;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::Features;
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Place, column};
use crate::transaction::PgTx;

const INSERT: &str = "insert into features (product, code, name, created_at) values ($1, $2, $3, $4)
    on conflict do nothing returning id";
const LIST: &str = "select id, product, code, name from features where product = $1 order by code";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, LIST];

#[async_trait]
impl Features for PgTx<'_> {
    async fn insert(
        &mut self,
        product: ProductId,
        code: &FeatureCode,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<FeatureId>, StoreError> {
        let values: [Value<'_>; 4] = [&product.0, &code.as_str(), &name, &now.as_millis()];
        let inserted = self.inserted(INSERT, &values).await?;
        Ok(inserted.map(FeatureId))
    }

    async fn list(&mut self, product: ProductId) -> Result<Vec<Feature>, StoreError> {
        self.all(LIST, &[&product.0], feature).await
    }
}

fn feature(row: &Row) -> Result<Feature, StoreError> {
    let id: i64 = column(row, 0)?;
    let code = Place { table: "features", row: id }.check("code", FeatureCode::new(column::<String>(row, 2)?))?;
    Ok(Feature { id: FeatureId(id), product: ProductId(column(row, 1)?), code, name: column(row, 3)? })
}
