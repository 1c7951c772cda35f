//! The key pairs that sign a site's tokens. They sign nothing else.

use countersign_crypto::{PrivateKey, PrivateKeyError};
use countersign_domain::audit::Action;
use countersign_domain::ids::{SiteId, TokenKeyId};
use countersign_domain::oauth::{TOKEN_KEYS, TokenAlgorithm, TokenKey, end_of_key_before};
use countersign_domain::time::Timestamp;
use countersign_store::{StoreError, Tx};

use super::state::jose_algorithm;
use crate::fault::takes_store_errors;
use crate::installation::ensure_fits;
use crate::{Ctx, Fault};

/// Why there is no new token key.
#[derive(Debug, thiserror::Error)]
pub enum TokenKeyError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No key pair could be made.
    #[error("no key pair could be made")]
    Generate(#[source] PrivateKeyError),
    /// Too many keys still have tokens that live.
    #[error("the site has {TOKEN_KEYS} token keys, which is the limit; the oldest end by themselves")]
    TooMany,
}

takes_store_errors!(TokenKeyError);

/// A key pair that is not written yet, its private half sealed.
pub(super) struct SealedPair {
    algorithm: TokenAlgorithm,
    public_jwk: String,
    sealed: Vec<u8>,
}

/// A pair of an algorithm for a site that has none yet; `None` when it has one.
pub(super) async fn generate_first(
    ctx: &Ctx,
    site: SiteId,
    algorithm: TokenAlgorithm,
) -> Result<Option<SealedPair>, TokenKeyError> {
    let has_one = list(ctx, site).await?.iter().any(|key| key.algorithm == algorithm);
    if has_one { Ok(None) } else { generate(ctx, site, algorithm).await.map(Some) }
}

/// Makes the first key pair of an algorithm, unless the site has one.
///
/// # Errors
/// [`TokenKeyError`] when the machinery fails.
pub(crate) async fn ensure(ctx: &Ctx, site: SiteId, algorithm: TokenAlgorithm) -> Result<(), TokenKeyError> {
    let Some(pair) = generate_first(ctx, site, algorithm).await? else { return Ok(()) };
    let (vault, now) = (ctx.parts.vault.clone(), ctx.now());
    ctx.change(site, Action::new("token-key.create", algorithm.as_str()), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            Ok(pair.insert_if_first(tx, site, now).await?)
        })
    })
    .await
}

/// Makes a key pair, before a unit of work begins: RSA takes some 100 ms.
async fn generate(ctx: &Ctx, site: SiteId, algorithm: TokenAlgorithm) -> Result<SealedPair, TokenKeyError> {
    let made = tokio::task::spawn_blocking(move || {
        let algorithm = jose_algorithm(algorithm);
        let pair = PrivateKey::generate(algorithm)?;
        let public = pair.public_jwk()?.to_public_json(algorithm).ok_or(PrivateKeyError::Rejected)?;
        Ok::<_, PrivateKeyError>((public, pair.to_pkcs8_der()?))
    });
    let (public_jwk, pkcs8) = made.await.map_err(Fault::from)?.map_err(TokenKeyError::Generate)?;
    let sealed = ctx.parts.vault.seal(ctx.rng(), &token_key_label(site), pkcs8.expose());
    Ok(SealedPair { algorithm, public_jwk, sealed })
}

impl SealedPair {
    /// Writes the pair, unless the site has one of its algorithm.
    pub(super) async fn insert_if_first(self, tx: &mut dyn Tx, site: SiteId, now: Timestamp) -> Result<(), StoreError> {
        let keys = tx.token_keys().list(site).await?;
        if !keys.iter().any(|key| key.algorithm == self.algorithm) {
            self.insert(tx, site, now).await?;
        }
        Ok(())
    }

    async fn insert(&self, tx: &mut dyn Tx, site: SiteId, now: Timestamp) -> Result<TokenKeyId, StoreError> {
        tx.token_keys().insert(site, self.algorithm, &self.public_jwk, &self.sealed, now).await
    }
}

/// What becomes of the keys that a new one replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldTokenKeys {
    /// They verify until their last token has expired.
    Keep,
    /// They are removed, and tokens that they have signed are refused from now on.
    Remove,
}

/// Makes a new key pair of an algorithm. It is published at once and signs five minutes later, when everybody who keeps the
/// published keys knows it; where the old ones are removed, it signs at once.
///
/// # Errors
/// [`TokenKeyError`] when the machinery fails.
pub async fn rotate(
    ctx: &Ctx,
    site: SiteId,
    algorithm: TokenAlgorithm,
    old: OldTokenKeys,
) -> Result<TokenKey, TokenKeyError> {
    let pair = generate(ctx, site, algorithm).await?;
    let (vault, now) = (ctx.parts.vault.clone(), ctx.now());
    ctx.change(site, Action::new("token-key.rotate", algorithm.as_str()), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            let mut keys = tx.token_keys().list(site).await?;
            keys.retain(|key| key.algorithm == algorithm);
            let mut kept = keys.len();
            // Newest first: each one was replaced by the one before it in the list.
            let mut newer: Option<Timestamp> = None;
            for key in &keys {
                if old == OldTokenKeys::Remove || newer.is_some_and(|newer| end_of_key_before(newer) <= now) {
                    tx.token_keys().delete(site, key.id).await?;
                    kept = kept.saturating_sub(1);
                }
                newer = Some(key.created_at);
            }
            if kept >= TOKEN_KEYS {
                return Err(TokenKeyError::TooMany);
            }
            let id = pair.insert(tx, site, now).await?;
            let SealedPair { algorithm, public_jwk, sealed } = pair;
            Ok(TokenKey { id, site, algorithm, public_jwk, sealed_private_key: sealed, created_at: now })
        })
    })
    .await
}

/// All key pairs of the site, newest first.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId) -> Result<Vec<TokenKey>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.token_keys().list(site).await?) })).await
}

/// What a sealed private key is bound to.
pub(crate) fn token_key_label(site: SiteId) -> String {
    format!("token key of site {site}")
}
