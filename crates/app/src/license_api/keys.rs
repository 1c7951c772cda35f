//! API keys: a public part that stands in each request, and a shared key that signs it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_crypto::encoding::hex_encode;
use countersign_crypto::random::random_array;
use countersign_crypto::{HmacKey, Secret};
use countersign_domain::audit::Action;
use countersign_domain::ids::{ApiKeyId, SiteId};
use countersign_domain::text::{ProductName, TextError};
use countersign_store::StoreError;
use countersign_store::repositories::ApiKeyRecord;
use countersign_vault::Vault;

use super::Access;
use super::part::{self, PartError, PartName};
use super::view::{LastUse, OpenedApiKey};
use crate::fault::takes_store_errors;
use crate::installation::ensure_fits;
use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

/// Most keys of a site: all of them are in memory.
const KEYS: usize = 1000;
/// Longest label, in bytes.
const LABEL_LIMIT: usize = 255;
/// How far the time at which a key was used last may be behind.
const LAST_USED: Duration = Duration::from_secs(600);

/// What a shared key is sealed under.
pub(crate) fn api_key_label(site: SiteId) -> String {
    format!("shared key of an API key of site {site}")
}

/// An API key to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiKey {
    /// Text for people; may be empty.
    pub label: String,
    /// Products that it is for; empty: all.
    pub products: Vec<ProductName>,
    /// The part of what the site has sold that it is limited to; `None`: it sees everything.
    pub part: Option<PartName>,
    /// What it may do.
    pub access: Access,
}

/// Why an API key was not made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The label cannot be kept.
    #[error(transparent)]
    Label(#[from] TextError),
    /// It cannot be limited to what it is to see.
    #[error(transparent)]
    Part(#[from] PartError),
    /// The site has as many keys as it may have.
    #[error("the site has {KEYS} API keys, which is the limit")]
    TooMany,
    /// No such key, or it was revoked before.
    #[error("this site has no API key {0} in force; see: countersign api-key list")]
    UnknownKey(ApiKeyId),
    /// No such product.
    #[error("this site has no product {0:?}; see: countersign product list")]
    UnknownProduct(String),
}

takes_store_errors!(ApiKeyError);

/// Makes an API key. Its shared key is shown once; the store keeps it sealed.
///
/// # Errors
/// [`ApiKeyError`] says what is in the way.
pub async fn create_api_key(
    ctx: &Ctx,
    site: SiteId,
    new: NewApiKey,
) -> Result<(ApiKeyRecord, Secret<String>), ApiKeyError> {
    let NewApiKey { label, products, part, access } = new;
    if !label.is_empty() {
        countersign_domain::text::check("a label", &label, LABEL_LIMIT)?;
    }
    let key = hex_encode(&random_array::<16>(ctx.rng()));
    let shared = Secret::new(hex_encode(&random_array::<32>(ctx.rng())));
    let sealed = ctx.parts.vault.seal(ctx.rng(), &api_key_label(site), shared.expose().as_bytes());
    let (vault, now) = (ctx.parts.vault.clone(), ctx.now());
    let made = ctx.change(site, Action::new("api-key.create", &label), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            if tx.api_keys().list(site).await?.iter().filter(|key| key.revoked_at.is_none()).count() >= KEYS {
                return Err(ApiKeyError::TooMany);
            }
            let mut rows = Vec::new();
            for product in products {
                let found = tx.products().find(site, &product).await?;
                rows.push(found.ok_or_else(|| ApiKeyError::UnknownProduct(product.to_string()))?.id);
            }
            rows.sort();
            rows.dedup();
            let part = match part {
                Some(name) => Some(part::named(tx, site, &name).await?),
                None => None,
            };
            let mut record = ApiKeyRecord {
                id: ApiKeyId(0),
                key,
                sealed,
                label,
                read_only: access == Access::ReadOnly,
                products: rows,
                part,
                created_at: now,
                revoked_at: None,
                last_used_at: None,
            };
            let id = tx.api_keys().insert(site, &record).await?;
            record.id = id.ok_or(StoreError::OutcomeUnknown)?;
            Ok(record)
        })
    });
    Ok((made.await?, shared))
}

/// Revokes an API key: requests with it are refused from now on.
///
/// # Errors
/// [`ApiKeyError::UnknownKey`] when the site has no such key in force.
pub async fn revoke_api_key(ctx: &Ctx, site: SiteId, key: ApiKeyId) -> Result<(), ApiKeyError> {
    let now = ctx.now();
    ctx.change(site, Action::new("api-key.revoke", key), move |tx| {
        Box::pin(async move {
            let revoked = tx.api_keys().revoke(site, key, now).await?;
            if revoked { Ok(()) } else { Err(ApiKeyError::UnknownKey(key)) }
        })
    })
    .await
}

/// All API keys of a site, newest first.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list_api_keys(ctx: &Ctx, site: SiteId) -> Result<Vec<ApiKeyRecord>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.api_keys().list(site).await?) })).await
}

/// An API key by its public part, revoked ones included. Whether there is none is only said when this process has just
/// compared its state with the store.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find_api_key(ctx: &Ctx, site: &Arc<SiteSnapshot>, key: &str) -> Result<Option<Arc<OpenedApiKey>>, Fault> {
    let find = |site: &Arc<SiteSnapshot>| site.api_keys.get(key).cloned().ok_or(());
    let (_, found) = ctx.certainly(site, find).await?;
    Ok(found.ok())
}

/// Notes that a key was used, unless that was noted a few minutes ago.
///
/// # Errors
/// [`Fault`] when the store cannot be written.
pub async fn note_api_key_use(ctx: &Ctx, site: SiteId, key: &OpenedApiKey) -> Result<(), Fault> {
    let now = ctx.now();
    if !key.used.take(now, LAST_USED) {
        return Ok(());
    }
    let id = key.id;
    let noted = ctx.write::<_, Fault, _>(site, move |tx| {
        Box::pin(async move { Ok(tx.api_keys().set_last_used(site, id, now).await?) })
    });
    noted.await.map(drop)
}

/// The keys of a site by public part. One that `previous` has opened already, and that was not revoked since, is taken from
/// there, with the time at which it was used.
pub(crate) fn open_all(
    vault: &Vault,
    site: SiteId,
    records: Vec<ApiKeyRecord>,
    previous: Option<&SiteSnapshot>,
) -> Result<HashMap<String, Arc<OpenedApiKey>>, Fault> {
    let mut keys = HashMap::with_capacity(records.len());
    for record in records {
        let revoked = record.revoked_at.is_some();
        let opened =
            previous.and_then(|previous| previous.api_keys.get(&record.key)).filter(|key| key.revoked == revoked);
        let key = match opened {
            Some(key) => key.clone(),
            None => Arc::new(OpenedApiKey {
                id: record.id,
                shared_key: HmacKey::new(vault.open(&api_key_label(site), &record.sealed)?.expose()),
                products: (!record.products.is_empty()).then_some(record.products),
                part: record.part,
                access: if record.read_only { Access::ReadOnly } else { Access::ReadWrite },
                revoked,
                used: LastUse::at(record.last_used_at),
            }),
        };
        keys.insert(record.key, key);
    }
    Ok(keys)
}
