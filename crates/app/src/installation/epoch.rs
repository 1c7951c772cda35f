//! A store that was put back from a backup goes on in a new epoch: nothing that was given out before is taken for valid.

use countersign_domain::audit::Action;
use countersign_domain::ids::{AccessTokenId, SiteId};
use countersign_domain::keys::SecretPurpose;
use countersign_domain::site::SiteName;
use countersign_domain::text::Username;
use countersign_domain::time::Timestamp;
use countersign_store::{Store, StoreError, Tx};

use crate::keys::insert_secrets;
use crate::{Ctx, Fault};

/// By how much row ids and the change counter grow at the beginning of an epoch: more than a store assigns between a backup
/// and its restore, 10,000 a second for a day. There is room for nine thousand million epochs.
pub const EPOCH_JUMP: i64 = 1_000_000_000;

/// An access token that is refused from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedToken {
    /// The site of its user.
    pub site: SiteName,
    /// The user.
    pub username: Username,
    /// Its row id.
    pub id: AccessTokenId,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What the beginning of an epoch changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochBegun {
    /// Its number.
    pub epoch: i64,
    /// How many sites there are; each has new secrets, so that polling IDs and download URLs from before are refused.
    pub sites: usize,
    /// Access tokens that were revoked. Others may have been made since the backup: they are not known, and refused.
    pub revoked: Vec<RevokedToken>,
}

/// The number of the store's epoch; `None` in a store that was never used.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
pub async fn find_epoch(store: &Store) -> Result<Option<i64>, StoreError> {
    store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.installation().epoch().await })).await
}

/// Begins a new epoch, in one unit of work: access tokens of producers and applications are revoked, polling IDs and download URLs that were given out end,
/// and row ids jump, so that none is given out twice. Authorization keys and signing keys stay: devices and
/// applications know them.
///
/// # Errors
/// [`Fault`] when the machinery fails; nothing was changed then.
pub async fn begin_epoch(ctx: &Ctx) -> Result<EpochBegun, Fault> {
    let (vault, rng, actor, now) = (ctx.parts.vault.clone(), ctx.parts.rng.clone(), ctx.actor(), ctx.now());
    let begun = ctx
        .store()
        .write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let epoch = tx.installation().begin_epoch(EPOCH_JUMP).await?;
                let epoch = epoch.ok_or(StoreError::BrokenRow { table: "installation", column: "id", row: 1 })?;
                let sites = tx.sites().list().await?;
                let mut revoked = Vec::new();
                for site in &sites {
                    tx.sites().touch(site.id).await?;
                    let secrets = tx.site_secrets().list(site.id).await?;
                    // The others are key pairs whose public halves applications are built with.
                    for secret in secrets.iter().filter(|secret| SecretPurpose::SYMMETRIC.contains(&secret.purpose)) {
                        tx.site_secrets().delete(site.id, secret.id).await?;
                    }
                    insert_secrets(tx, site.id, &vault, &*rng, now).await?;
                    revoke_tokens(tx, site.id, &site.name, &mut revoked).await?;
                    // Further than anybody has counted up since the backup.
                    tx.applications().advance_generations(site.id, EPOCH_JUMP).await?;
                    tx.event_numbers().jump(site.id, EPOCH_JUMP).await?;
                    tx.audit_trail().insert(site.id, &actor, &Action::new("epoch.begin", epoch), now).await?;
                }
                Ok(EpochBegun { epoch, sites: sites.len(), revoked })
            })
        })
        .await?;
    ctx.load_change().await;
    Ok(begun)
}

async fn revoke_tokens(
    tx: &mut dyn Tx,
    site: SiteId,
    name: &SiteName,
    revoked: &mut Vec<RevokedToken>,
) -> Result<(), StoreError> {
    for token in tx.access_tokens().list(site).await? {
        tx.access_tokens().revoke(site, token.id).await?;
        revoked.push(RevokedToken {
            site: name.clone(),
            username: token.username,
            id: token.id,
            created_at: token.created_at,
        });
    }
    Ok(())
}
