//! Keys and secrets of sites.

use async_trait::async_trait;
use countersign_domain::ids::{AuthorizationKeyId, SigningKeyId, SiteId, SiteSecretId};
use countersign_domain::keys::{AuthorizationKey, SecretPurpose, SigningKey, SiteSecret};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{AuthorizationKeys, SigningKeys, SiteSecrets};
use rusqlite::Row;

use crate::rows::{Place, all, changed, column, inserted, time};
use crate::transaction::SqliteTx;

const INSERT_AUTHORIZATION: &str =
    "insert into authorization_keys (site, spki, created_at) values (?1, ?2, ?3) returning id";
const LIST_AUTHORIZATION: &str =
    "select id, spki, created_at, ends_at from authorization_keys where site = ?1 order by id desc";
const END_AUTHORIZATION: &str = "update authorization_keys set ends_at = ?3 where site = ?1 and id = ?2";
const INSERT_SIGNING: &str =
    "insert into signing_keys (site, spki, sealed_private_key, created_at) values (?1, ?2, ?3, ?4) returning id";
const LIST_SIGNING: &str =
    "select id, spki, sealed_private_key, created_at from signing_keys where site = ?1 order by id desc";
const INSERT_SECRET: &str = "insert into site_secrets (site, purpose, sealed, created_at) values (?1, ?2, ?3, ?4)";
const RESEAL_SIGNING: &str = "update signing_keys set sealed_private_key = ?3 where site = ?1 and id = ?2";
const RESEAL_SECRET: &str = "update site_secrets set sealed = ?3 where site = ?1 and id = ?2";
const DELETE_SECRET: &str = "delete from site_secrets where site = ?1 and id = ?2";
const LIST_SECRETS: &str = "select id, purpose, sealed, created_at from site_secrets where site = ?1 order by id desc";

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
impl AuthorizationKeys for SqliteTx<'_> {
    async fn insert(&mut self, site: SiteId, spki: &[u8], now: Timestamp) -> Result<AuthorizationKeyId, StoreError> {
        self.attempt(|c| {
            let id = inserted(c, INSERT_AUTHORIZATION, (site.0, spki, now.as_millis()))?;
            Place { table: "authorization_keys", row: 0 }.present("id", id).map(AuthorizationKeyId)
        })
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<AuthorizationKey>, StoreError> {
        self.attempt(|c| all(c, LIST_AUTHORIZATION, [site.0], authorization_key))
    }

    async fn set_end(
        &mut self,
        site: SiteId,
        key: AuthorizationKeyId,
        ends_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let values = (site.0, key.0, ends_at.map(Timestamp::as_millis));
        self.attempt(|c| Ok(changed(c, END_AUTHORIZATION, values)? == 1))
    }
}

#[async_trait]
impl SigningKeys for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        spki: &[u8],
        sealed_private_key: &[u8],
        now: Timestamp,
    ) -> Result<SigningKeyId, StoreError> {
        self.attempt(|c| {
            let id = inserted(c, INSERT_SIGNING, (site.0, spki, sealed_private_key, now.as_millis()))?;
            Place { table: "signing_keys", row: 0 }.present("id", id).map(SigningKeyId)
        })
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<SigningKey>, StoreError> {
        self.attempt(|c| all(c, LIST_SIGNING, [site.0], signing_key))
    }

    async fn reseal(&mut self, site: SiteId, key: SigningKeyId, sealed: &[u8]) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, RESEAL_SIGNING, (site.0, key.0, sealed))? == 1))
    }
}

#[async_trait]
impl SiteSecrets for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        purpose: SecretPurpose,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let values = (site.0, purpose.as_str(), sealed, now.as_millis());
        self.attempt(|c| changed(c, INSERT_SECRET, values).map(|_| ()))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<SiteSecret>, StoreError> {
        self.attempt(|c| all(c, LIST_SECRETS, [site.0], site_secret))
    }

    async fn reseal(&mut self, site: SiteId, secret: SiteSecretId, sealed: &[u8]) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, RESEAL_SECRET, (site.0, secret.0, sealed))? == 1))
    }

    async fn delete(&mut self, site: SiteId, secret: SiteSecretId) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, DELETE_SECRET, (site.0, secret.0))? == 1))
    }
}

fn authorization_key(row: &Row<'_>) -> Result<AuthorizationKey, StoreError> {
    Ok(AuthorizationKey {
        id: AuthorizationKeyId(column(row, 0)?),
        spki: column(row, 1)?,
        created_at: time(column(row, 2)?),
        ends_at: column::<Option<i64>>(row, 3)?.map(time),
    })
}

fn signing_key(row: &Row<'_>) -> Result<SigningKey, StoreError> {
    Ok(SigningKey {
        id: SigningKeyId(column(row, 0)?),
        spki: column(row, 1)?,
        sealed_private_key: column(row, 2)?,
        created_at: time(column(row, 3)?),
    })
}

fn site_secret(row: &Row<'_>) -> Result<SiteSecret, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "site_secrets", row: id };
    Ok(SiteSecret {
        id: SiteSecretId(id),
        purpose: place.present("purpose", SecretPurpose::parse(&column::<String>(row, 1)?))?,
        sealed: column(row, 2)?,
        created_at: time(column(row, 3)?),
    })
}
