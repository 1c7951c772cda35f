//! Parts of products that licenses can include.

use async_trait::async_trait;
use countersign_domain::ids::{FeatureId, ProductId};
use countersign_domain::licensing::{Feature, FeatureRules};
use countersign_domain::text::FeatureCode;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::Features;
use rusqlite::Row;

use crate::rows::{Place, all, changed, column, inserted};
use crate::transaction::SqliteTx;

const INSERT: &str = "insert into features (product, code, name, created_at) values (?1, ?2, ?3, ?4)
    on conflict do nothing returning id";
const LIST: &str = "select id, product, code, name, rules from features where product = ?1 order by code";
const SET_RULES: &str = "update features set rules = ?2 where id = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, LIST, SET_RULES];

#[async_trait]
impl Features for SqliteTx<'_> {
    async fn insert(
        &mut self,
        product: ProductId,
        code: &FeatureCode,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<FeatureId>, StoreError> {
        let values = (product.0, code.as_str(), name, now.as_millis());
        self.attempt(|c| Ok(inserted(c, INSERT, values)?.map(FeatureId)))
    }

    async fn list(&mut self, product: ProductId) -> Result<Vec<Feature>, StoreError> {
        self.attempt(|c| all(c, LIST, [product.0], feature))
    }

    async fn set_rules(&mut self, feature: FeatureId, rules: &FeatureRules) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, SET_RULES, (feature.0, rules.to_text()))? == 1))
    }
}

fn feature(row: &Row<'_>) -> Result<Feature, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "features", row: id };
    Ok(Feature {
        id: FeatureId(id),
        product: ProductId(column(row, 1)?),
        code: place.check("code", FeatureCode::new(column::<String>(row, 2)?))?,
        name: column(row, 3)?,
        rules: place.present("rules", FeatureRules::from_text(&column::<String>(row, 4)?))?,
    })
}
