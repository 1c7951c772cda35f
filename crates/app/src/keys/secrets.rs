//! The symmetric secrets of a site: what seals polling IDs and authenticates download URLs.

use countersign_crypto::random::random_array;
use countersign_crypto::{Rng, Secret};
use countersign_domain::audit::Action;
use countersign_domain::ids::SiteId;
use countersign_domain::keys::SecretPurpose;
use countersign_domain::time::Timestamp;
use countersign_store::{StoreError, Tx};
use countersign_vault::Vault;

use crate::installation::ensure_fits;
use crate::sites::{end_of_one_before, secret_label};
use crate::{Ctx, Fault};

/// What became of the secrets of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotatedSecrets {
    /// New secrets, one for each purpose. They are used two seconds later, when every node knows them.
    pub made: usize,
    /// Older secrets that still check what was made with them.
    pub kept: usize,
    /// Older secrets that were removed, because everything that was made with them has ended.
    pub removed: usize,
    /// When the last of those that are kept ends.
    pub kept_until: Option<Timestamp>,
}

/// Makes a new symmetric secret for each purpose. What was made with the older ones goes on to be accepted until its end: polling IDs
/// for an hour, download URLs for up to 25.
///
/// # Errors
/// [`Fault`] when the machinery fails.
pub async fn rotate_secrets(ctx: &Ctx, site: SiteId) -> Result<RotatedSecrets, Fault> {
    let (vault, rng, now) = (ctx.parts.vault.clone(), ctx.parts.rng.clone(), ctx.now());
    ctx.change(site, Action::new("site-secrets.rotate", ""), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            insert_secrets(tx, site, &vault, &*rng, now).await?;
            let mut rotated =
                RotatedSecrets { made: SecretPurpose::SYMMETRIC.len(), kept: 0, removed: 0, kept_until: None };
            for purpose in SecretPurpose::SYMMETRIC {
                let mut secrets = tx.site_secrets().list(site).await?;
                secrets.retain(|secret| secret.purpose == purpose);
                // Newest first: each one was replaced by the one before it in the list.
                for (newer, older) in secrets.iter().zip(secrets.iter().skip(1)) {
                    let end = end_of_one_before(newer.created_at, purpose);
                    if now < end {
                        rotated.kept += 1;
                        rotated.kept_until = rotated.kept_until.max(Some(end));
                    } else {
                        tx.site_secrets().delete(site, older.id).await?;
                        rotated.removed += 1;
                    }
                }
            }
            Ok(rotated)
        })
    })
    .await
}

/// Writes a new symmetric secret for each purpose.
pub(crate) async fn insert_secrets(
    tx: &mut dyn Tx,
    site: SiteId,
    vault: &Vault,
    rng: &dyn Rng,
    now: Timestamp,
) -> Result<(), StoreError> {
    for purpose in SecretPurpose::SYMMETRIC {
        let secret = Secret::new(random_array::<32>(rng));
        let sealed = vault.seal(rng, &secret_label(site, purpose), secret.expose());
        tx.site_secrets().insert(site, purpose, &sealed, now).await?;
    }
    Ok(())
}
