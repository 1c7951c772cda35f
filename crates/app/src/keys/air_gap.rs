//! The key pair that confirms activations across an air gap (`docs/protocol/license.md`, "Codes").

use countersign_crypto::{Algorithm, P256PublicKey, PrivateKey, PrivateKeyError};
use countersign_domain::audit::Action;
use countersign_domain::ids::SiteId;
use countersign_domain::keys::{SecretPurpose, SiteSecret};

use super::SigningKeyError;
use crate::installation::ensure_fits;
use crate::sites::secret_label;
use crate::{Ctx, Fault};

/// The public half of the site's key, with which applications are built; the first call makes the pair.
///
/// # Errors
/// [`SigningKeyError`] when the machinery fails.
pub async fn find_or_create_air_gap_key(ctx: &Ctx, site: SiteId) -> Result<P256PublicKey, SigningKeyError> {
    let key = air_gap_key(ctx, site).await?;
    key.p256_public_key().ok_or(SigningKeyError::Generate(PrivateKeyError::Rejected))
}

/// The site's key pair; the first call makes it. It is asked for so seldom that it is not kept in memory.
pub(crate) async fn air_gap_key(ctx: &Ctx, site: SiteId) -> Result<PrivateKey, SigningKeyError> {
    if let Some(secret) = find(ctx, site).await? {
        return open(ctx, site, &secret);
    }
    let pair = PrivateKey::generate(Algorithm::ES256).map_err(SigningKeyError::Generate)?;
    let pkcs8 = pair.to_pkcs8_der().map_err(SigningKeyError::Generate)?;
    let sealed = ctx.parts.vault.seal(ctx.rng(), &secret_label(site, PURPOSE), pkcs8.expose());
    let (vault, now) = (ctx.parts.vault.clone(), ctx.now());
    ctx.change::<_, SigningKeyError, _>(site, Action::new("air-gap-key.create", ""), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            let secrets = tx.site_secrets().list(site).await?;
            if secrets.iter().any(|secret| secret.purpose == PURPOSE) {
                // Of two first calls at once, one is thrown away.
                return Ok(());
            }
            Ok(tx.site_secrets().insert(site, PURPOSE, &sealed, now).await?)
        })
    })
    .await?;
    let secret = find(ctx, site).await?.ok_or(Fault::Site)?;
    open(ctx, site, &secret)
}

async fn find(ctx: &Ctx, site: SiteId) -> Result<Option<SiteSecret>, Fault> {
    let secrets =
        ctx.store().read(move |tx| Box::pin(async move { Ok::<_, Fault>(tx.site_secrets().list(site).await?) }));
    Ok(secrets.await?.into_iter().find(|secret| secret.purpose == PURPOSE))
}

fn open(ctx: &Ctx, site: SiteId, secret: &SiteSecret) -> Result<PrivateKey, SigningKeyError> {
    let pkcs8 = ctx.parts.vault.open(&secret_label(site, PURPOSE), &secret.sealed).map_err(Fault::from)?;
    PrivateKey::from_pkcs8_der(Algorithm::ES256, pkcs8.expose()).map_err(SigningKeyError::Generate)
}

const PURPOSE: SecretPurpose = SecretPurpose::AirGap;
