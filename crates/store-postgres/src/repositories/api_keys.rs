//! Keys with which applications call the license door.

use async_trait::async_trait;
use countersign_domain::ids::{ApiKeyId, ProductId, SiteId};
use countersign_domain::licensing::Part;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{ApiKeyRecord, ApiKeys};
use tokio_postgres::Row;

use crate::rows::{column, time};
use crate::transaction::PgTx;

const INSERT: &str = "insert into api_keys (site, api_key, sealed, label, read_only, created_at, account,
    customer, license) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning id";
const INSERT_PRODUCT: &str = "insert into api_key_products (api_key, product) values ($1, $2)";
const LIST: &str =
    "select id, api_key, sealed, label, read_only, created_at, revoked_at, last_used_at, account, customer,
    license from api_keys where site = $1 order by id desc";
const PRODUCTS: &str = "select product from api_key_products where api_key = $1 order by product";
const REVOKE: &str = "update api_keys set revoked_at = $3 where site = $1 and id = $2 and revoked_at is null";
const SET_LAST_USED: &str = "update api_keys set last_used_at = $3 where site = $1 and id = $2";
const RESEAL: &str = "update api_keys set sealed = $3 where site = $1 and id = $2";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, INSERT_PRODUCT, LIST, PRODUCTS, REVOKE, SET_LAST_USED, RESEAL];

#[async_trait]
impl ApiKeys for PgTx<'_> {
    async fn insert(&mut self, site: SiteId, key: &ApiKeyRecord) -> Result<Option<ApiKeyId>, StoreError> {
        let [account, customer, license] = Part::ids(key.part);
        let id = self
            .inserted(
                INSERT,
                &[
                    &site.0,
                    &key.key.as_str(),
                    &key.sealed.as_slice(),
                    &key.label.as_str(),
                    &key.read_only,
                    &key.created_at.as_millis(),
                    &account,
                    &customer,
                    &license,
                ],
            )
            .await?;
        let Some(id) = id else { return Ok(None) };
        for product in &key.products {
            self.changed(INSERT_PRODUCT, &[&id, &product.0]).await?;
        }
        Ok(Some(ApiKeyId(id)))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<ApiKeyRecord>, StoreError> {
        let mut keys = self.all(LIST, &[&site.0], api_key).await?;
        for key in &mut keys {
            key.products = self.all(PRODUCTS, &[&key.id.0], |row| column(row, 0).map(ProductId)).await?;
        }
        Ok(keys)
    }

    async fn revoke(&mut self, site: SiteId, key: ApiKeyId, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.changed(REVOKE, &[&site.0, &key.0, &now.as_millis()]).await? == 1)
    }

    async fn set_last_used(&mut self, site: SiteId, key: ApiKeyId, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.changed(SET_LAST_USED, &[&site.0, &key.0, &now.as_millis()]).await? == 1)
    }

    async fn reseal(&mut self, site: SiteId, key: ApiKeyId, sealed: &[u8]) -> Result<bool, StoreError> {
        Ok(self.changed(RESEAL, &[&site.0, &key.0, &sealed]).await? == 1)
    }
}

fn api_key(row: &Row) -> Result<ApiKeyRecord, StoreError> {
    Ok(ApiKeyRecord {
        id: ApiKeyId(column(row, 0)?),
        key: column(row, 1)?,
        sealed: column(row, 2)?,
        label: column(row, 3)?,
        read_only: column(row, 4)?,
        products: Vec::new(),
        part: Part::from_ids([column(row, 8)?, column(row, 9)?, column(row, 10)?]),
        created_at: time(column(row, 5)?),
        revoked_at: column::<Option<i64>>(row, 6)?.map(time),
        last_used_at: column::<Option<i64>>(row, 7)?.map(time),
    })
}
