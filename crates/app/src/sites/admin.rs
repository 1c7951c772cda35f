//! Creating a site, changing its settings, and listing sites.

use countersign_crypto::Secret;
use countersign_crypto::random::random_array;
use countersign_domain::audit::Action;
use countersign_domain::ids::SiteId;
use countersign_domain::keys::SecretPurpose;
use countersign_domain::site::{Retention, Site, SiteName, SiteSettings, clean_base_url, clean_host};
use countersign_store::repositories::SettingsOutcome;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Why a site was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The base URL cannot be used.
    #[error("{0:?} is not a base URL; write it as https://updates.example.com")]
    BaseUrl(String),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A host cannot be used.
    #[error("{0:?} is not a host name; write it without port, like updates.example.com")]
    Host(String),
    /// Histories would be kept for no time, or for longer than dates reach.
    #[error("histories are kept for 1 to {} days", Retention::LIMIT)]
    Retention,
    /// The name or a host belongs to a site already.
    #[error("a site of that name, or with one of these hosts, exists already")]
    Taken,
    /// No such site.
    #[error("there is no such site; see: countersign site list")]
    Unknown,
}

takes_store_errors!(SiteError);

/// Creates a site with its symmetric secrets. It has no signing key yet: that is made when a producer first asks for
/// its public half.
///
/// # Errors
/// [`SiteError`] says what to change.
pub async fn create(ctx: &Ctx, name: SiteName, mut settings: SiteSettings) -> Result<SiteId, SiteError> {
    clean(&mut settings)?;
    let (actor, now) = (ctx.actor(), ctx.now());
    let vault = ctx.parts.vault.clone();
    let rng = ctx.parts.rng.clone();
    let id = ctx
        .store()
        .write(move |tx| {
            Box::pin(async move {
                let id = tx.sites().insert(&name, &settings, now).await?.ok_or(SiteError::Taken)?;
                for purpose in SecretPurpose::ALL {
                    let secret = Secret::new(random_array::<32>(&*rng));
                    let sealed = vault.seal(&*rng, &secret_label(id, purpose), secret.expose());
                    tx.site_secrets().insert(id, purpose, &sealed, now).await?;
                }
                tx.sites().touch(id).await?;
                tx.audit_trail().insert(id, &actor, &Action::new("site.create", &name), now).await?;
                Ok::<_, SiteError>(id)
            })
        })
        .await?;
    ctx.load_change().await;
    Ok(id)
}

/// Replaces the settings of a site; in force everywhere within a second.
///
/// # Errors
/// [`SiteError`] says what to change.
pub async fn change_settings(ctx: &Ctx, site: &Site, mut settings: SiteSettings) -> Result<(), SiteError> {
    clean(&mut settings)?;
    let id = site.id;
    ctx.change(id, Action::new("site.change", &site.name), move |tx| {
        Box::pin(async move {
            match tx.sites().set_settings(id, &settings).await? {
                SettingsOutcome::Replaced => Ok(()),
                SettingsOutcome::HostTaken => Err(SiteError::Taken),
                SettingsOutcome::UnknownSite => Err(SiteError::Unknown),
            }
        })
    })
    .await
}

/// Brings settings into their one form.
fn clean(settings: &mut SiteSettings) -> Result<(), SiteError> {
    if let Some(url) = &settings.base_url {
        settings.base_url = Some(clean_base_url(url).ok_or_else(|| SiteError::BaseUrl(url.clone()))?);
    }
    for host in &mut settings.hosts {
        *host = clean_host(host).ok_or_else(|| SiteError::Host(host.clone()))?;
    }
    settings.hosts.sort();
    settings.hosts.dedup();
    let Retention { status_reports, device_events, events } = settings.retention;
    if [status_reports, device_events, events].iter().any(|days| !(1..=Retention::LIMIT).contains(days)) {
        return Err(SiteError::Retention);
    }
    Ok(())
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
