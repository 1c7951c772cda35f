//! Uploading the public key that checks device tokens, and taking one back.

use countersign_crypto::{KeyParseError, RsaPolicy, RsaPublicKey};
use countersign_domain::audit::Action;
use countersign_domain::ids::{AuthorizationKeyId, SiteId};
use countersign_domain::keys::{ACTIVE_AUTHORIZATION_KEYS, AUTHORIZATION_KEY_GRACE, AuthorizationKey};
use countersign_domain::site::Site;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Why a public key was not taken.
#[derive(Debug, thiserror::Error)]
pub enum KeyUploadError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The text is not an RSA public key.
    #[error(transparent)]
    Malformed(#[from] KeyParseError),
    /// The key has fewer bits than the site allows.
    #[error("the key has {bits} bits; this site takes keys of {min_bits} bits or more")]
    TooSmall {
        /// Bits of the key.
        bits: u32,
        /// What the site demands.
        min_bits: u32,
    },
}

/// Why a key was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The site has no such key.
    #[error("this site has no authorization key {0}")]
    Unknown(AuthorizationKeyId),
}

takes_store_errors!(KeyUploadError, RevokeError);

/// Makes a public key the one that device tokens are made with from now on. The key before it goes on to verify for 30
/// days, because devices in the field carry tokens made with it; at most four keys verify at a time. Uploading the current key again changes nothing.
///
/// # Errors
/// [`KeyUploadError`] says what is wrong with the key.
pub async fn upload(ctx: &Ctx, site: &Site, text: &str) -> Result<AuthorizationKeyId, KeyUploadError> {
    let key = RsaPublicKey::parse_upload(text)?;
    let policy = if site.settings.small_rsa_keys { RsaPolicy::AtLeast1024 } else { RsaPolicy::AtLeast2048 };
    if key.bits() < policy.min_bits() {
        return Err(KeyUploadError::TooSmall { bits: key.bits(), min_bits: policy.min_bits() });
    }
    let (site, spki, now) = (site.id, key.spki_der(), ctx.now());
    ctx.change(site, Action::new("authorization-key.upload", ""), move |tx| {
        Box::pin(async move {
            let keys = tx.authorization_keys().list(site).await?;
            if let Some(current) = keys.first().filter(|key| key.spki == spki && key.ends_at.is_none()) {
                return Ok(current.id);
            }
            for (older, key) in keys.iter().filter(|key| key.is_active(now)).enumerate() {
                // The new key takes the place of an older row of itself, and of the oldest when there are too many.
                let ends_now = key.spki == spki || older + 1 >= ACTIVE_AUTHORIZATION_KEYS;
                let end = if ends_now { now } else { key.ends_at.unwrap_or(now.plus(AUTHORIZATION_KEY_GRACE)) };
                tx.authorization_keys().set_end(site, key.id, Some(end)).await?;
            }
            Ok(tx.authorization_keys().insert(site, &spki, now).await?)
        })
    })
    .await
}

/// Ends a key at once: tokens made with it, and polling IDs given to them, stop to work.
///
/// # Errors
/// [`RevokeError::Unknown`] when the site has no such key.
pub async fn revoke(ctx: &Ctx, site: SiteId, key: AuthorizationKeyId) -> Result<(), RevokeError> {
    let now = ctx.now();
    ctx.change(site, Action::new("authorization-key.revoke", key), move |tx| {
        Box::pin(async move {
            let keys = tx.authorization_keys().list(site).await?;
            let found = keys.iter().find(|row| row.id == key).ok_or(RevokeError::Unknown(key))?;
            // The same key may have been uploaded before, and still verify under another number.
            for row in keys.iter().filter(|row| row.spki == found.spki && row.is_active(now)) {
                tx.authorization_keys().set_end(site, row.id, Some(now)).await?;
            }
            Ok(())
        })
    })
    .await
}

/// Ends all keys of the site at once: no device is let in until a new key is uploaded.
///
/// # Errors
/// [`Fault`] when the machinery fails.
pub async fn revoke_all(ctx: &Ctx, site: SiteId) -> Result<(), Fault> {
    let now = ctx.now();
    ctx.change(site, Action::new("authorization-key.revoke-all", ""), move |tx| {
        Box::pin(async move {
            let keys = tx.authorization_keys().list(site).await?;
            for key in keys.iter().filter(|key| key.is_active(now)) {
                tx.authorization_keys().set_end(site, key.id, Some(now)).await?;
            }
            Ok(())
        })
    })
    .await
}

/// All keys that were ever uploaded, newest first.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId) -> Result<Vec<AuthorizationKey>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.authorization_keys().list(site).await?) })).await
}
