//! The key pair that signs a site's answers.

use countersign_crypto::rsa::PrivateKeyError;
use countersign_crypto::{RsaBits, RsaPrivateKey};
use countersign_domain::audit::Action;
use countersign_domain::ids::SiteId;
use countersign_domain::keys::{SIGNING_KEYS, SigningKey};

use crate::fault::takes_store_errors;
use crate::installation::ensure_fits;
use crate::{Ctx, Fault};

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The site has had as many keys as are kept for old answers.
    #[error("the site has had {SIGNING_KEYS} signing keys, which is the limit")]
    TooMany,
    /// No key pair could be made.
    #[error("no key pair could be made")]
    Generate(#[source] PrivateKeyError),
}

takes_store_errors!(SigningKeyError);

/// The site's current key pair; the first call makes it (RSA-2048). A device's call never does.
///
/// # Errors
/// [`SigningKeyError`] when the machinery fails.
pub async fn find_or_create(ctx: &Ctx, site: SiteId) -> Result<SigningKey, SigningKeyError> {
    if let Some(key) = list(ctx, site).await?.into_iter().next() {
        return Ok(key);
    }
    // Of two first calls at once one pair is thrown away.
    let (spki, sealed) = generate(ctx, site).await?;
    let (vault, now) = (ctx.parts.vault.clone(), ctx.now());
    ctx.change(site, Action::new("signing-key.create", ""), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            if let Some(first) = tx.signing_keys().list(site).await?.into_iter().next() {
                return Ok(first);
            }
            let id = tx.signing_keys().insert(site, &spki, &sealed, now).await?;
            Ok(SigningKey { id, spki, sealed_private_key: sealed, created_at: now })
        })
    })
    .await
}

/// Makes a new key pair, which signs when it has been published for [`SIGNING_KEY_LEAD`]. The keys before it stay listed,
/// for those who keep answers. A site without a key gets its first.
///
/// # Errors
/// [`SigningKeyError`] when the machinery fails.
///
/// [`SIGNING_KEY_LEAD`]: countersign_domain::keys::SIGNING_KEY_LEAD
pub async fn rotate(ctx: &Ctx, site: SiteId) -> Result<SigningKey, SigningKeyError> {
    let (spki, sealed) = generate(ctx, site).await?;
    let (vault, now) = (ctx.parts.vault.clone(), ctx.now());
    ctx.change(site, Action::new("signing-key.rotate", ""), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            if tx.signing_keys().list(site).await?.len() >= SIGNING_KEYS {
                return Err(SigningKeyError::TooMany);
            }
            let id = tx.signing_keys().insert(site, &spki, &sealed, now).await?;
            Ok(SigningKey { id, spki, sealed_private_key: sealed, created_at: now })
        })
    })
    .await
}

/// A new key pair: the public half, and the private half sealed. Made before a unit of work begins, because it takes
/// some 100 ms.
async fn generate(ctx: &Ctx, site: SiteId) -> Result<(Vec<u8>, Vec<u8>), SigningKeyError> {
    let pair = tokio::task::spawn_blocking(|| RsaPrivateKey::generate(RsaBits::B2048)).await.map_err(Fault::from)?;
    let pair = pair.map_err(SigningKeyError::Generate)?;
    let sealed = ctx.parts.vault.seal(ctx.rng(), &signing_key_label(site), pair.to_pkcs8_der().expose());
    Ok((pair.public_key_spki(), sealed))
}

/// All key pairs of the site, newest first.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId) -> Result<Vec<SigningKey>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.signing_keys().list(site).await?) })).await
}

/// What a sealed private key is bound to.
pub(crate) fn signing_key_label(site: SiteId) -> String {
    format!("signing key of site {site}")
}
