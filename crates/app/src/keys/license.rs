//! The key pair that signs answers of the license door (`docs/protocol/license.md`, "Keys").

use std::sync::Arc;

use countersign_crypto::{RsaBits, RsaPrivateKey};
use countersign_domain::audit::Action;
use countersign_domain::ids::{SiteId, SiteSecretId};
use countersign_domain::keys::SecretPurpose;
use countersign_domain::site::Site;
use countersign_domain::time::Timestamp;

use super::SigningKeyError;
use crate::installation::ensure_fits;
use crate::sites::{LicenseSigner, SiteSnapshot, secret_label};
use crate::{Ctx, Fault};

/// The public half of the key that signs answers of the license door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseKey {
    /// Row id.
    pub id: SiteSecretId,
    /// DER SubjectPublicKeyInfo, as applications are built with it.
    pub spki: Vec<u8>,
    /// PEM certificate of it, signed by itself.
    pub certificate: Arc<str>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The site's key; `None` when none was needed so far.
///
/// # Errors
/// [`Fault`] when the site cannot be loaded.
pub async fn find_license_key(ctx: &Ctx, site: &Site) -> Result<Option<LicenseKey>, Fault> {
    let snapshot = loaded(ctx, site).await?;
    Ok(snapshot.license_signer(ctx.now()).map(public))
}

/// The site's key (RSA-2048); the first call makes it.
///
/// # Errors
/// [`SigningKeyError`] when the machinery fails.
pub async fn find_or_create_license_key(ctx: &Ctx, site: &Site) -> Result<LicenseKey, SigningKeyError> {
    let snapshot = loaded(ctx, site).await?;
    Ok(public(&signer(ctx, &snapshot).await?))
}

/// Makes a new key, which signs when every node knows it. Applications that were built with the one before it refuse all
/// answers from then on: nothing in the protocol names a key.
///
/// # Errors
/// [`SigningKeyError`] when the machinery fails.
pub async fn rotate_license_key(ctx: &Ctx, site: &Site) -> Result<LicenseKey, SigningKeyError> {
    insert(ctx, site.id, "license-key.rotate", false).await?;
    let snapshot = loaded(ctx, site).await?;
    // The newest is loaded first, even while the one before it still signs.
    let newest = snapshot.license_signers.first().ok_or(Fault::Site)?;
    Ok(public(newest))
}

/// What signs now; the first call makes it.
pub(crate) async fn signer(ctx: &Ctx, snapshot: &Arc<SiteSnapshot>) -> Result<LicenseSigner, SigningKeyError> {
    let find = |snapshot: &SiteSnapshot| snapshot.license_signer(ctx.now()).cloned();
    if let Some(signer) = find(&ctx.latest(snapshot)) {
        return Ok(signer);
    }
    insert(ctx, snapshot.site().id, "license-key.create", true).await?;
    // Certain: the store was asked after the key was there.
    ctx.refresh().await?;
    Ok(find(&ctx.latest(snapshot)).ok_or(Fault::Site)?)
}

/// Writes a new key pair; when it is to be the first, only if there is none: of two first calls at once one is thrown away.
async fn insert(ctx: &Ctx, site: SiteId, action: &'static str, first: bool) -> Result<(), SigningKeyError> {
    let pair = tokio::task::spawn_blocking(|| RsaPrivateKey::generate(RsaBits::B2048)).await.map_err(Fault::from)?;
    let pair = pair.map_err(SigningKeyError::Generate)?;
    let purpose = SecretPurpose::LicenseAnswers;
    let sealed = ctx.parts.vault.seal(ctx.rng(), &secret_label(site, purpose), pair.to_pkcs8_der().expose());
    let (vault, now) = (ctx.parts.vault.clone(), ctx.now());
    ctx.change(site, Action::new(action, ""), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            let secrets = tx.site_secrets().list(site).await?;
            if first && secrets.iter().any(|secret| secret.purpose == purpose) {
                return Ok(());
            }
            Ok(tx.site_secrets().insert(site, purpose, &sealed, now).await?)
        })
    })
    .await
}

async fn loaded(ctx: &Ctx, site: &Site) -> Result<Arc<SiteSnapshot>, Fault> {
    let reference = crate::sites::SiteRef::Name(site.name.as_str());
    crate::sites::resolve(ctx, reference).await?.ok_or(Fault::Site)
}

fn public(signer: &LicenseSigner) -> LicenseKey {
    LicenseKey {
        id: signer.id,
        spki: signer.key.public_key_spki(),
        certificate: signer.certificate.clone(),
        created_at: signer.created_at,
    }
}
