//! Keys and secrets of sites.

use async_trait::async_trait;
use countersign_domain::ids::{AuthorizationKeyId, SigningKeyId, SiteId, SiteSecretId};
use countersign_domain::keys::{AuthorizationKey, SecretPurpose, SigningKey, SiteSecret};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{AuthorizationKeys, SigningKeys, SiteSecrets};
use tokio_postgres::Row;

use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const INSERT_AUTHORIZATION: &str =
    "insert into authorization_keys (site, spki, created_at) values ($1, $2, $3) returning id";
const LIST_AUTHORIZATION: &str =
    "select id, spki, created_at, ends_at from authorization_keys where site = $1 order by id desc";
const END_AUTHORIZATION: &str = "update authorization_keys set ends_at = $3 where site = $1 and id = $2";
const INSERT_SIGNING: &str =
    "insert into signing_keys (site, spki, sealed_private_key, created_at) values ($1, $2, $3, $4) returning id";
const LIST_SIGNING: &str =
    "select id, spki, sealed_private_key, created_at from signing_keys where site = $1 order by id desc";
const INSERT_SECRET: &str = "insert into site_secrets (site, purpose, sealed, created_at) values ($1, $2, $3, $4)";
const RESEAL_SIGNING: &str = "update signing_keys set sealed_private_key = $3 where site = $1 and id = $2";
const RESEAL_SECRET: &str = "update site_secrets set sealed = $3 where site = $1 and id = $2";
const DELETE_SECRET: &str = "delete from site_secrets where site = $1 and id = $2";
const LIST_SECRETS: &str = "select id, purpose, sealed, created_at from site_secrets where site = $1 order by id desc";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT_AUTHORIZATION,
    LIST_AUTHORIZATION,
    END_AUTHORIZATION,
    INSERT_SIGNING,
    LIST_SIGNING,
    RESEAL_SIGNING,
    INSERT_SECRET,
    LIST_SECRETS,
    RESEAL_SECRET,
    DELETE_SECRET,
];

#[async_trait]
impl AuthorizationKeys for PgTx<'_> {
    async fn insert(&mut self, site: SiteId, spki: &[u8], now: Timestamp) -> Result<AuthorizationKeyId, StoreError> {
        let id = self.inserted(INSERT_AUTHORIZATION, &[&site.0, &spki, &now.as_millis()]).await?;
        self.check(Place { table: "authorization_keys", row: 0 }.present("id", id).map(AuthorizationKeyId))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<AuthorizationKey>, StoreError> {
        self.all(LIST_AUTHORIZATION, &[&site.0], authorization_key).await
    }

    async fn set_end(
        &mut self,
        site: SiteId,
        key: AuthorizationKeyId,
        ends_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let ends_at = ends_at.map(Timestamp::as_millis);
        Ok(self.changed(END_AUTHORIZATION, &[&site.0, &key.0, &ends_at]).await? == 1)
    }
}

#[async_trait]
impl SigningKeys for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        spki: &[u8],
        sealed_private_key: &[u8],
        now: Timestamp,
    ) -> Result<SigningKeyId, StoreError> {
        let id = self.inserted(INSERT_SIGNING, &[&site.0, &spki, &sealed_private_key, &now.as_millis()]).await?;
        self.check(Place { table: "signing_keys", row: 0 }.present("id", id).map(SigningKeyId))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<SigningKey>, StoreError> {
        self.all(LIST_SIGNING, &[&site.0], signing_key).await
    }

    async fn reseal(&mut self, site: SiteId, key: SigningKeyId, sealed: &[u8]) -> Result<bool, StoreError> {
        Ok(self.changed(RESEAL_SIGNING, &[&site.0, &key.0, &sealed]).await? == 1)
    }
}

#[async_trait]
impl SiteSecrets for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        purpose: SecretPurpose,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.changed(INSERT_SECRET, &[&site.0, &purpose.as_str(), &sealed, &now.as_millis()]).await?;
        Ok(())
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<SiteSecret>, StoreError> {
        self.all(LIST_SECRETS, &[&site.0], site_secret).await
    }

    async fn reseal(&mut self, site: SiteId, secret: SiteSecretId, sealed: &[u8]) -> Result<bool, StoreError> {
        Ok(self.changed(RESEAL_SECRET, &[&site.0, &secret.0, &sealed]).await? == 1)
    }

    async fn delete(&mut self, site: SiteId, secret: SiteSecretId) -> Result<bool, StoreError> {
        Ok(self.changed(DELETE_SECRET, &[&site.0, &secret.0]).await? == 1)
    }
}

fn authorization_key(row: &Row) -> Result<AuthorizationKey, StoreError> {
    Ok(AuthorizationKey {
        id: AuthorizationKeyId(column(row, 0)?),
        spki: column(row, 1)?,
        created_at: time(column(row, 2)?),
        ends_at: column::<Option<i64>>(row, 3)?.map(time),
    })
}

fn signing_key(row: &Row) -> Result<SigningKey, StoreError> {
    Ok(SigningKey {
        id: SigningKeyId(column(row, 0)?),
        spki: column(row, 1)?,
        sealed_private_key: column(row, 2)?,
        created_at: time(column(row, 3)?),
    })
}

fn site_secret(row: &Row) -> Result<SiteSecret, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "site_secrets", row: id };
    Ok(SiteSecret {
        id: SiteSecretId(id),
        purpose: place.present("purpose", SecretPurpose::parse(&column::<String>(row, 1)?))?,
        sealed: column(row, 2)?,
        created_at: time(column(row, 3)?),
    })
}
