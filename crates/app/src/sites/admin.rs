//! Creating a site, changing its settings, and listing sites.

use countersign_domain::audit::Action;
use countersign_domain::ids::SiteId;
use countersign_domain::keys::SecretPurpose;
use countersign_domain::site::{Retention, Site, SiteName, SiteSettings, clean_base_url, clean_host};
use countersign_store::repositories::SettingsOutcome;
use countersign_store::{Store, StoreError};

use crate::fault::takes_store_errors;
use crate::installation::ensure_fits;
use crate::keys::insert_secrets;
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
    /// A host belongs to another site.
    #[error("one of these hosts leads to another site already; see: countersign site list")]
    HostTaken,
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
                insert_secrets(tx, id, &vault, &*rng, now).await?;
                tx.sites().touch(id).await?;
                ensure_fits(tx, &vault).await?;
                tx.audit_trail().insert(id, &actor, &Action::new("site.create", &name), now).await?;
                Ok::<_, SiteError>(id)
            })
        })
        .await?;
    ctx.load_change().await;
    Ok(id)
}

/// Changes settings of a site; in force everywhere within a second. `change` gets the settings as they are at that moment,
/// so that two changes at the same time are both kept.
///
/// # Errors
/// [`SiteError`] says what to change.
pub async fn change_settings(
    ctx: &Ctx,
    site: &Site,
    change: impl FnOnce(&mut SiteSettings) + Send + 'static,
) -> Result<Site, SiteError> {
    let (id, name) = (site.id, site.name.clone());
    ctx.change(id, Action::new("site.change", &site.name), move |tx| {
        Box::pin(async move {
            let mut site = tx.sites().find(&name).await?.ok_or(SiteError::Unknown)?;
            change(&mut site.settings);
            clean(&mut site.settings)?;
            match tx.sites().set_settings(id, &site.settings).await? {
                SettingsOutcome::Replaced => Ok(site),
                SettingsOutcome::HostTaken => Err(SiteError::HostTaken),
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

/// The name of a site, for a process that has no more than its store; `None`: there is no such site.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
pub async fn find_name(store: &Store, site: SiteId) -> Result<Option<SiteName>, StoreError> {
    let all = store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.sites().list().await }));
    Ok(all.await?.into_iter().find(|found| found.id == site).map(|found| found.name))
}

/// All sites, by name.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx) -> Result<Vec<Site>, Fault> {
    ctx.store().read(|tx| Box::pin(async move { Ok(tx.sites().list().await?) })).await
}

/// What a sealed site secret is bound to.
pub(crate) fn secret_label(site: SiteId, purpose: SecretPurpose) -> String {
    format!("secret {} of site {site}", purpose.as_str())
}
