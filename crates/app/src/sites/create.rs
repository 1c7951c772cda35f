//! Creating a site, and listing sites.

use countersign_crypto::Secret;
use countersign_crypto::random::random_array;
use countersign_domain::ids::SiteId;
use countersign_domain::keys::SecretPurpose;
use countersign_domain::site::{Site, SiteName, SiteSettings, clean_base_url, clean_host};

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Why a site was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateSiteError {
    /// The base URL cannot be used.
    #[error("{0:?} is not a base URL; write it as https://updates.example.com")]
    BaseUrl(String),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A host cannot be used.
    #[error("{0:?} is not a host name; write it without port, like updates.example.com")]
    Host(String),
    /// The name or a host belongs to a site already.
    #[error("a site of that name, or with one of these hosts, exists already")]
    Taken,
}

takes_store_errors!(CreateSiteError);

/// Creates a site with its symmetric secrets. It has no signing key yet: that is made when a producer first asks for
/// its public half.
///
/// # Errors
/// [`CreateSiteError`] says what to change.
pub async fn create(ctx: &Ctx, name: SiteName, mut settings: SiteSettings) -> Result<SiteId, CreateSiteError> {
    if let Some(url) = &settings.base_url {
        settings.base_url = Some(clean_base_url(url).ok_or_else(|| CreateSiteError::BaseUrl(url.clone()))?);
    }
    for host in &mut settings.hosts {
        *host = clean_host(host).ok_or_else(|| CreateSiteError::Host(host.clone()))?;
    }
    settings.hosts.sort();
    settings.hosts.dedup();
    let now = ctx.now();
    let vault = ctx.parts.vault.clone();
    let rng = ctx.parts.rng.clone();
    let id = ctx
        .store()
        .write(move |tx| {
            Box::pin(async move {
                let id = tx.sites().insert(&name, &settings, now).await?.ok_or(CreateSiteError::Taken)?;
                for purpose in SecretPurpose::ALL {
                    let secret = Secret::new(random_array::<32>(&*rng));
                    let sealed = vault.seal(&*rng, &secret_label(id, purpose), secret.expose());
                    tx.site_secrets().insert(id, purpose, &sealed, now).await?;
                }
                tx.sites().touch(id).await?;
                Ok::<_, CreateSiteError>(id)
            })
        })
        .await?;
    ctx.load_change().await;
    Ok(id)
}

/// All sites, by name.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx) -> Result<Vec<Site>, Fault> {
    ctx.store().read(|tx| Box::pin(async move { Ok(tx.sites().list().await?) })).await
}

/// What a sealed site secret is bound to.
pub(super) fn secret_label(site: SiteId, purpose: SecretPurpose) -> String {
    format!("secret {} of site {site}", purpose.as_str())
}
