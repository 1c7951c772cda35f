//! The settings of the event service: one document for each site, as its clients know them, and the receivers that it
//! stands for.

use countersign_crypto::Secret;
use countersign_domain::audit::Action;
use countersign_domain::ids::SiteId;
use countersign_domain::text::EndpointName;
use countersign_domain::webhook::{
    Authorization, EndpointSettings, EndpointState, Family, FamilySet, NewEndpoint, PayloadFormat,
};
use countersign_store::{StoreError, Tx};

use super::endpoints::{self, EndpointError};
use super::log;
use super::sealing::{seal_authorization, secret_label, service_label};
use crate::installation::ensure_fits;
use crate::{Ctx, Fault};

/// The names of its receivers.
const NAMES: [(Family, &str); 3] =
    [(Family::Entitlement, "legacy-ent"), (Family::Product, "legacy-prod"), (Family::Device, "legacy-dev")];

/// What a document lays down for its receivers.
pub struct ServiceSettings {
    /// All of it, secrets among it, in whichever form its door writes it.
    pub document: Secret<Vec<u8>>,
    /// How the receivers are logged in to.
    pub authorization: Authorization,
    /// With what.
    pub secret: Option<Secret<String>>,
    /// Whether custom attributes of line items are told.
    pub line_item_attributes: bool,
    /// The URL of each family that is subscribed to.
    pub subscriptions: Vec<(Family, String)>,
}

/// The document of a site as it was saved; `None`: none was.
///
/// # Errors
/// [`Fault`] when the store cannot be read, or the document not be opened.
pub async fn find(ctx: &Ctx, site: SiteId) -> Result<Option<Secret<Vec<u8>>>, Fault> {
    let sealed =
        ctx.store().read::<_, StoreError, _>(move |tx| Box::pin(async move { tx.endpoints().service(site).await }));
    match sealed.await? {
        Some(sealed) => Ok(Some(ctx.parts.vault.open(&service_label(site), &sealed)?)),
        None => Ok(None),
    }
}

/// Saves a document, if the one that is saved is still `before`, and makes, changes or switches off its receivers. What
/// waits for a receiver that is switched off is cancelled.
///
/// # Errors
/// [`EndpointError::Conflict`] when somebody else has saved another one; the others say what is in the way.
pub async fn save(
    ctx: &Ctx,
    site: SiteId,
    before: Option<Secret<Vec<u8>>>,
    new: ServiceSettings,
) -> Result<(), EndpointError> {
    for (family, url) in &new.subscriptions {
        endpoints::check(ctx, site, &settings(*family, url, &new), new.secret.as_ref()).await?;
    }
    log::catch_up(ctx).await?;
    let (vault, rng) = (ctx.parts.vault.clone(), ctx.shared_rng());
    let saved = ctx.record::<_, EndpointError, _>(site, Action::new("webhook.service", ""), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            tx.event_numbers().hold().await?;
            // First, because it locks: of two units that save at the same time, the second sees what the first has saved.
            let all = tx.endpoints().lock_all(site).await?;
            let current = tx.endpoints().service(site).await?;
            let current = current.map(|sealed| vault.open(&service_label(site), &sealed)).transpose();
            let current = current.map_err(Fault::Sealed)?;
            let same = match (&before, &current) {
                (None, None) => true,
                (Some(before), Some(current)) => before.expose() == current.expose(),
                _ => false,
            };
            if !same {
                return Err(EndpointError::Conflict);
            }
            let sealed = vault.seal(&*rng, &service_label(site), new.document.expose());
            tx.endpoints().set_service(site, Some(&sealed)).await?;
            let mut off = Vec::new();
            for (family, name) in NAMES {
                let existing = all.iter().find(|one| one.name.as_str() == name).cloned();
                let url = new.subscriptions.iter().find(|(wanted, _)| *wanted == family).map(|(_, url)| url);
                let Some(url) = url else {
                    if let Some(mut endpoint) = existing.filter(|one| one.state != EndpointState::Off) {
                        endpoints::set_state(tx, &mut endpoint, EndpointState::Off).await?;
                        off.push(endpoint.id);
                    }
                    continue;
                };
                let settings = settings(family, url, &new);
                let sealed_authorization =
                    new.secret.as_ref().map(|secret| seal_authorization(&vault, &*rng, site, secret));
                match existing {
                    Some(mut endpoint) => {
                        if endpoint.state == EndpointState::Off {
                            tx.endpoints().start_anew(endpoint.id).await?;
                        }
                        (endpoint.settings, endpoint.sealed_authorization) = (settings, sealed_authorization);
                        let now = tx.now().await?;
                        tx.endpoints().replace(&endpoint, now).await?;
                        // Whoever saves the settings wants to be told.
                        endpoints::set_state(tx, &mut endpoint, EndpointState::Enabled).await?;
                    }
                    None => {
                        let bytes = endpoints::new_secret(&*rng);
                        let sealed = vault.seal(&*rng, &secret_label(site), bytes.expose());
                        insert(tx, site, name, settings, sealed_authorization, sealed).await?;
                    }
                }
            }
            Ok(off)
        })
    });
    for endpoint in saved.await? {
        endpoints::cancel(ctx, site, endpoint).await?;
    }
    Ok(())
}

/// Forgets the document with its secrets, and switches its receivers off.
///
/// # Errors
/// [`EndpointError`] when the machinery fails.
pub async fn forget(ctx: &Ctx, site: SiteId) -> Result<(), EndpointError> {
    let forgotten = ctx.record::<_, EndpointError, _>(site, Action::new("webhook.forget-service", ""), move |tx| {
        Box::pin(async move {
            // In the order of `save`, or the two could wait for each other.
            let mut all = tx.endpoints().lock_all(site).await?;
            tx.endpoints().set_service(site, None).await?;
            all.retain(|one| NAMES.iter().any(|(_, name)| one.name.as_str() == *name));
            let now = tx.now().await?;
            for endpoint in &mut all {
                (endpoint.sealed_authorization, endpoint.settings.authorization) = (None, Authorization::None);
                tx.endpoints().replace(endpoint, now).await?;
                endpoints::set_state(tx, endpoint, EndpointState::Off).await?;
            }
            Ok(all)
        })
    });
    for endpoint in forgotten.await? {
        endpoints::cancel(ctx, site, endpoint.id).await?;
    }
    Ok(())
}

fn settings(family: Family, url: &str, new: &ServiceSettings) -> EndpointSettings {
    EndpointSettings {
        description: "made by the notification service".to_owned(),
        families: FamilySet(vec![family]),
        format: PayloadFormat::Fno,
        line_item_attributes: new.line_item_attributes,
        authorization: new.authorization.clone(),
        ..EndpointSettings::new(url)
    }
}

async fn insert(
    tx: &mut dyn Tx,
    site: SiteId,
    name: &str,
    settings: EndpointSettings,
    sealed_authorization: Option<Vec<u8>>,
    sealed_secret: Vec<u8>,
) -> Result<(), EndpointError> {
    let name = EndpointName::new(name).map_err(|_| EndpointError::Taken)?;
    let new = NewEndpoint { name, settings, sealed_authorization, state: EndpointState::Enabled };
    endpoints::insert(tx, site, &new, sealed_secret).await.map(drop)
}
