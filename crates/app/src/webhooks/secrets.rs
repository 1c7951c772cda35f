//! Secrets that webhooks are signed with: looking at them, and replacing them with an overlap.

use std::time::Duration;

use countersign_crypto::Secret;
use countersign_domain::audit::Action;
use countersign_domain::ids::{EndpointId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{NewWebhookSecret, SECRETS, SignatureKind};

use super::endpoints::{EndpointError, LONGEST_OVERLAP, new_secret};
use super::sealing::secret_label;
use crate::installation::ensure_fits;
use crate::{Ctx, Fault};

/// A secret that webhooks are signed with.
pub struct OpenedSecret {
    /// What it is.
    pub kind: SignatureKind,
    /// The bytes of an HMAC key, or the 32 bytes of an Ed25519 seed.
    pub bytes: Secret<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs no more; `None`: it is the current one.
    pub ends_at: Option<Timestamp>,
}

/// The secrets of a receiver that sign now, the current one first.
///
/// # Errors
/// [`EndpointError::Unknown`] when the site has no such receiver.
pub async fn list(ctx: &Ctx, site: SiteId, id: EndpointId) -> Result<Vec<OpenedSecret>, EndpointError> {
    let found = ctx.store().read::<_, EndpointError, _>(move |tx| {
        Box::pin(async move {
            tx.endpoints().find(site, id).await?.ok_or(EndpointError::Unknown)?;
            let now = tx.now().await?;
            let mut secrets = tx.endpoints().secrets(id).await?;
            secrets.retain(|secret| secret.signs(now));
            Ok(secrets)
        })
    });
    let open = |secret: countersign_domain::webhook::WebhookSecret| {
        let bytes = ctx.parts.vault.open(&secret_label(site), &secret.sealed).map_err(Fault::Sealed)?;
        let (kind, created_at, ends_at) = (secret.kind, secret.created_at, secret.ends_at);
        Ok(OpenedSecret { kind, bytes, created_at, ends_at })
    };
    found.await?.into_iter().map(open).collect()
}

/// Gives a receiver a new secret. The old ones go on signing beside it for `overlap`, at most seven days.
///
/// # Errors
/// [`EndpointError::Unknown`] when the site has no such receiver.
pub async fn rotate(
    ctx: &Ctx,
    site: SiteId,
    id: EndpointId,
    kind: SignatureKind,
    overlap: Duration,
) -> Result<OpenedSecret, EndpointError> {
    let bytes = new_secret(ctx.rng());
    let sealed = ctx.parts.vault.seal(ctx.rng(), &secret_label(site), bytes.expose());
    let (vault, overlap) = (ctx.parts.vault.clone(), overlap.min(LONGEST_OVERLAP));
    let made = ctx.record::<_, EndpointError, _>(site, Action::new("webhook.rotate-secret", id), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            tx.endpoints().lock(site, id).await?.ok_or(EndpointError::Unknown)?;
            let now = tx.now().await?;
            tx.endpoints().end_secrets(id, now.plus(overlap)).await?;
            tx.endpoints().delete_secrets(id, now).await?;
            if tx.endpoints().secrets(id).await?.len() >= SECRETS {
                // With so many new ones in so short a time the overlap is over for all.
                tx.endpoints().end_secrets(id, now).await?;
                tx.endpoints().delete_secrets(id, Timestamp::from_millis(now.as_millis().saturating_add(1))).await?;
            }
            tx.endpoints().insert_secret(id, &NewWebhookSecret { kind, sealed }, now).await?;
            Ok(now)
        })
    });
    let created_at = made.await?;
    Ok(OpenedSecret { kind, bytes, created_at, ends_at: None })
}
