//! Keys that sign tokens, and what is remembered of single tokens.

use async_trait::async_trait;
use countersign_domain::ids::{ApplicationId, SiteId, TokenKeyId};
use countersign_domain::oauth::{TokenAlgorithm, TokenKey};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{SpentTokens, TokenKeys};
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const INSERT_KEY: &str = "insert into token_keys (site, algorithm, public_jwk, sealed_private_key, created_at)
    values ($1, $2, $3, $4, $5) returning id";
const LIST_KEYS: &str = "select id, site, algorithm, public_jwk, sealed_private_key, created_at from token_keys
    where site = $1 order by id desc";
const RESEAL_KEY: &str = "update token_keys set sealed_private_key = $3 where site = $1 and id = $2";
const DELETE_KEY: &str = "delete from token_keys where site = $1 and id = $2";
const REVOKE: &str =
    "insert into revoked_tokens (application, jti, site, ends_at) values ($1, $2, $3, $4) on conflict do nothing";
const LIST_REVOKED: &str = "select application, jti from revoked_tokens where site = $1 and ends_at > $2";
const COUNT_REVOKED: &str = "select count(*) from revoked_tokens where application = $1 and ends_at > $2";
const USE_ASSERTION: &str =
    "insert into used_assertions (application, digest, site, ends_at) values ($1, $2, $3, $4) on conflict do nothing";
const FORGET_REVOKED: &str = "delete from revoked_tokens where (application, jti) in
    (select application, jti from revoked_tokens where site = $1 and ends_at < $2 limit $3)";
const FORGET_ASSERTIONS: &str = "delete from used_assertions where (application, digest) in
    (select application, digest from used_assertions where site = $1 and ends_at < $2 limit $3)";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT_KEY,
    LIST_KEYS,
    RESEAL_KEY,
    DELETE_KEY,
    REVOKE,
    LIST_REVOKED,
    COUNT_REVOKED,
    USE_ASSERTION,
    FORGET_REVOKED,
    FORGET_ASSERTIONS,
];

#[async_trait]
impl TokenKeys for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        algorithm: TokenAlgorithm,
        public_jwk: &str,
        sealed_private_key: &[u8],
        now: Timestamp,
    ) -> Result<TokenKeyId, StoreError> {
        let values: [Value<'_>; 5] = [&site.0, &algorithm.as_str(), &public_jwk, &sealed_private_key, &now.as_millis()];
        let id = self.inserted(INSERT_KEY, &values).await?;
        self.check(Place { table: "token_keys", row: 0 }.present("id", id).map(TokenKeyId))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<TokenKey>, StoreError> {
        self.all(LIST_KEYS, &[&site.0], token_key).await
    }

    async fn reseal(&mut self, site: SiteId, key: TokenKeyId, sealed: &[u8]) -> Result<bool, StoreError> {
        Ok(self.changed(RESEAL_KEY, &[&site.0, &key.0, &sealed]).await? == 1)
    }

    async fn delete(&mut self, site: SiteId, key: TokenKeyId) -> Result<bool, StoreError> {
        Ok(self.changed(DELETE_KEY, &[&site.0, &key.0]).await? == 1)
    }
}

#[async_trait]
impl SpentTokens for PgTx<'_> {
    async fn revoke(
        &mut self,
        site: SiteId,
        application: ApplicationId,
        jti: &str,
        ends_at: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.changed(REVOKE, &[&application.0, &jti, &site.0, &ends_at.as_millis()]).await? == 1)
    }

    async fn list_revoked(&mut self, site: SiteId, now: Timestamp) -> Result<Vec<(ApplicationId, String)>, StoreError> {
        self.all(LIST_REVOKED, &[&site.0, &now.as_millis()], |row| {
            Ok((ApplicationId(column(row, 0)?), column(row, 1)?))
        })
        .await
    }

    async fn count_revoked(&mut self, application: ApplicationId, now: Timestamp) -> Result<u32, StoreError> {
        let values: [Value<'_>; 2] = [&application.0, &now.as_millis()];
        let count: Option<i64> = self.first(COUNT_REVOKED, &values, |row| column(row, 0)).await?;
        Ok(count.and_then(|count| u32::try_from(count).ok()).unwrap_or_default())
    }

    async fn use_assertion(
        &mut self,
        site: SiteId,
        application: ApplicationId,
        digest: &[u8; 32],
        ends_at: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.changed(USE_ASSERTION, &[&application.0, &&digest[..], &site.0, &ends_at.as_millis()]).await? == 1)
    }

    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let values: [Value<'_>; 3] = [&site.0, &before.as_millis(), &i64::from(limit)];
        let revoked = self.changed(FORGET_REVOKED, &values).await?;
        Ok(revoked.saturating_add(self.changed(FORGET_ASSERTIONS, &values).await?))
    }
}

fn token_key(row: &Row) -> Result<TokenKey, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "token_keys", row: id };
    Ok(TokenKey {
        id: TokenKeyId(id),
        site: SiteId(column(row, 1)?),
        algorithm: place.present("algorithm", TokenAlgorithm::parse(&column::<String>(row, 2)?))?,
        public_jwk: column(row, 3)?,
        sealed_private_key: column(row, 4)?,
        created_at: time(column(row, 5)?),
    })
}
