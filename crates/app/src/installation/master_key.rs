//! Replacing the master key: everything that the store keeps sealed is sealed anew, or nothing is.

use std::sync::Arc;

use countersign_crypto::Rng;
use countersign_domain::audit::Action;
use countersign_domain::ids::SiteId;
use countersign_store::Tx;
use countersign_store::repositories::InstallationRecord;
use countersign_vault::{KeyedDigests, SealedValueError, Vault};

use crate::fault::takes_store_errors;
use crate::keys::signing_key_label;
use crate::license_api::{api_key_label, sso_label};
use crate::oauth::token_key_label;
use crate::sites::secret_label;
use crate::storages::credentials_label;
use crate::webhooks;
use crate::{Ctx, Fault};

/// What was sealed anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Sites.
    pub sites: usize,
    /// Key pairs that sign answers.
    pub signing_keys: usize,
    /// Symmetric secrets of sites.
    pub site_secrets: usize,
    /// Shared keys of API keys.
    pub api_keys: usize,
    /// Key pairs that sign tokens.
    pub token_keys: usize,
    /// Credentials of storages.
    pub storages: usize,
    /// Secrets of webhooks and what their receivers are logged in to with.
    pub webhooks: usize,
    /// Client secrets of single sign-on.
    pub sso_providers: usize,
}

/// Why the master key was not replaced. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RotateMasterKeyError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The new key is the one that is in use.
    #[error("the new master key is the one that is in use")]
    SameKey,
    /// A value does not open with the current key.
    #[error("{what} does not open with the current master key")]
    Sealed {
        /// Which value.
        what: String,
        /// The reason.
        #[source]
        source: SealedValueError,
    },
}

takes_store_errors!(RotateMasterKeyError);

/// Seals everything anew with another master key, in one unit of work. From its commit on the store belongs to the new key:
/// processes that run with the old one stop to answer, and must be started again with the new one.
///
/// # Errors
/// [`RotateMasterKeyError`] says why nothing was changed.
pub async fn rotate_master_key(ctx: &Ctx, new: Vault) -> Result<Resealed, RotateMasterKeyError> {
    let (old, rng, actor, now) = (ctx.parts.vault.clone(), ctx.parts.rng.clone(), ctx.actor(), ctx.now());
    let new = Arc::new(new);
    ctx.store()
        .write(move |tx| {
            Box::pin(async move {
                let sites = tx.sites().list().await?;
                // First, as everywhere: what seals in other units has committed by now, or will see the new key.
                for site in &sites {
                    tx.sites().touch(site.id).await?;
                }
                let record = tx.installation().find().await?.ok_or(Fault::MasterKeyReplaced)?;
                if !old.fits(&record.key_check) {
                    return Err(Fault::MasterKeyReplaced.into());
                }
                if new.fits(&record.key_check) {
                    return Err(RotateMasterKeyError::SameKey);
                }
                let keys = Keys { old: &old, new: &new, rng: &*rng };
                let mut resealed = Resealed { sites: sites.len(), ..Resealed::default() };
                // Again, because one may have been made before the first was touched.
                for site in tx.sites().list().await? {
                    keys.reseal_site(tx, site.id, &mut resealed).await?;
                    tx.audit_trail().insert(site.id, &actor, &Action::new("master-key.rotate", ""), now).await?;
                }
                let sealed_digest_key = KeyedDigests::reseal(&new, &*rng, &old, &record.sealed_digest_key)
                    .map_err(|source| unopened("the key of keyed digests".to_owned(), source))?;
                let record = InstallationRecord { key_check: new.key_check(&*rng), sealed_digest_key };
                tx.installation().replace(&record).await?;
                Ok(resealed)
            })
        })
        .await
}

/// From which key to which.
struct Keys<'a> {
    old: &'a Vault,
    new: &'a Vault,
    rng: &'a dyn Rng,
}

impl Keys<'_> {
    async fn reseal_site(
        &self,
        tx: &mut dyn Tx,
        site: SiteId,
        resealed: &mut Resealed,
    ) -> Result<(), RotateMasterKeyError> {
        for key in tx.signing_keys().list(site).await? {
            let sealed = self.reseal(&signing_key_label(site), &key.sealed_private_key)?;
            tx.signing_keys().reseal(site, key.id, &sealed).await?;
            resealed.signing_keys += 1;
        }
        for key in tx.api_keys().list(site).await? {
            let sealed = self.reseal(&api_key_label(site), &key.sealed)?;
            tx.api_keys().reseal(site, key.id, &sealed).await?;
            resealed.api_keys += 1;
        }
        for key in tx.token_keys().list(site).await? {
            let sealed = self.reseal(&token_key_label(site), &key.sealed_private_key)?;
            tx.token_keys().reseal(site, key.id, &sealed).await?;
            resealed.token_keys += 1;
        }
        for secret in tx.site_secrets().list(site).await? {
            let sealed = self.reseal(&secret_label(site, secret.purpose), &secret.sealed)?;
            tx.site_secrets().reseal(site, secret.id, &sealed).await?;
            resealed.site_secrets += 1;
        }
        for (account, row) in tx.sso_providers().list(site).await? {
            let Some(sealed) = row.sealed else { continue };
            let sealed = self.reseal(&sso_label(account), &sealed)?;
            tx.sso_providers().reseal(account, &sealed).await?;
            resealed.sso_providers += 1;
        }
        for storage in tx.storages().list(site).await? {
            let Some(sealed) = tx.storages().credentials(storage.id).await? else { continue };
            let sealed = self.reseal(&credentials_label(storage.id), &sealed)?;
            tx.storages().set_credentials(storage.id, Some(&sealed)).await?;
            resealed.storages += 1;
        }
        self.reseal_webhooks(tx, site, resealed).await
    }

    async fn reseal_webhooks(
        &self,
        tx: &mut dyn Tx,
        site: SiteId,
        resealed: &mut Resealed,
    ) -> Result<(), RotateMasterKeyError> {
        for mut endpoint in tx.endpoints().lock_all(site).await? {
            for secret in tx.endpoints().secrets(endpoint.id).await? {
                let sealed = self.reseal(&webhooks::secret_label(site), &secret.sealed)?;
                tx.endpoints().reseal_secret(endpoint.id, secret.id, &sealed).await?;
                resealed.webhooks += 1;
            }
            if let Some(sealed) = &endpoint.sealed_authorization {
                endpoint.sealed_authorization = Some(self.reseal(&webhooks::authorization_label(site), sealed)?);
                let changed_at = endpoint.changed_at;
                tx.endpoints().replace(&endpoint, changed_at).await?;
                resealed.webhooks += 1;
            }
        }
        if let Some(sealed) = tx.endpoints().service(site).await? {
            let sealed = self.reseal(&webhooks::service_label(site), &sealed)?;
            tx.endpoints().set_service(site, Some(&sealed)).await?;
            resealed.webhooks += 1;
        }
        Ok(())
    }

    fn reseal(&self, label: &str, sealed: &[u8]) -> Result<Vec<u8>, RotateMasterKeyError> {
        let resealed = self.new.reseal(self.rng, self.old, label, sealed);
        resealed.map_err(|source| unopened(label.to_owned(), source))
    }
}

fn unopened(what: String, source: SealedValueError) -> RotateMasterKeyError {
    RotateMasterKeyError::Sealed { what, source }
}
