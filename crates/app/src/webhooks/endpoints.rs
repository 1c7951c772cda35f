//! Receivers: making them, changing them, stopping them.

use std::time::Duration;

use countersign_crypto::random::random_array;
use countersign_crypto::{Rng, Secret};
use countersign_domain::audit::Action;
use countersign_domain::ids::{EndpointId, SiteId};
use countersign_domain::text::EndpointName;
use countersign_domain::webhook::{
    Authorization, ENDPOINTS, Endpoint, EndpointSettings, EndpointSettingsError, EndpointState, NewEndpoint,
    NewWebhookSecret, SignatureKind,
};
use countersign_store::{StoreError, Tx};

use super::sealing::{seal_authorization, secret_label};
use super::{checkpoints, log};
use crate::fault::takes_store_errors;
use crate::installation::ensure_fits;
use crate::{Ctx, Fault};

/// Longest secret that a receiver is logged in to with, in bytes.
const AUTHORIZATION_LIMIT: usize = 4096;
/// Deliveries that one unit of work cancels or removes.
const DELIVERIES_PER_UNIT: u32 = 1000;
/// Most such units in one call: ten million deliveries.
const UNITS: u32 = 10_000;

/// Why a receiver was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// What it is logged in to with cannot be used.
    #[error("{0}")]
    Authorization(&'static str),
    /// It has not consented to be sent anything.
    #[error("the endpoint does not consent: {0}")]
    Consent(String),
    /// Somebody else has changed it in between.
    #[error("the endpoint was changed by somebody else; look at it again")]
    Conflict,
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// We may not send to its URL.
    #[error("the URL is refused: {0}")]
    Refused(String),
    /// What was laid down cannot be used.
    #[error(transparent)]
    Settings(#[from] EndpointSettingsError),
    /// The name is taken.
    #[error("an endpoint of that name exists in this site already")]
    Taken,
    /// The site has as many as it may have.
    #[error("the site has {ENDPOINTS} endpoints, which is the limit")]
    TooMany,
    /// No such receiver.
    #[error("this site has no such endpoint; see: countersign webhook list")]
    Unknown,
    /// This process cannot send.
    #[error("webhooks are not available in this process")]
    Unavailable,
}

takes_store_errors!(EndpointError);

/// What is to become of a receiver's settings; `None` leaves things as they are.
#[derive(Default)]
pub struct EndpointChange {
    /// The new name.
    pub name: Option<EndpointName>,
    /// The new settings.
    pub settings: Option<EndpointSettings>,
    /// What it is logged in to with; the inner `None` forgets it.
    pub authorization: Option<Option<Secret<String>>>,
    /// The revision that the caller has seen; another one is [`EndpointError::Conflict`].
    pub revision: Option<i64>,
}

/// How a receiver is to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Nothing is sent; events are kept.
    Disable,
    /// It is sent to, beginning with what was kept.
    Enable,
    /// It is sent to; what was kept is cancelled.
    EnableWithoutHeld,
    /// No deliveries are made, and those that wait are cancelled.
    Off,
}

/// Makes a receiver with a first secret, which is shown in the answer. It hears of what is committed from now on.
///
/// # Errors
/// [`EndpointError`] says what is in the way.
pub async fn create(
    ctx: &Ctx,
    site: SiteId,
    name: EndpointName,
    settings: EndpointSettings,
    authorization: Option<Secret<String>>,
) -> Result<(Endpoint, Secret<Vec<u8>>), EndpointError> {
    check(ctx, site, &settings, authorization.as_ref()).await?;
    if settings.consent {
        ask_consent(ctx, site, &settings).await?;
    }
    let secret = Secret::new(random_array::<32>(ctx.rng()).to_vec());
    let vault = ctx.parts.vault.clone();
    let new = NewEndpoint {
        name: name.clone(),
        settings,
        sealed_authorization: authorization.map(|secret| seal_authorization(&vault, ctx.rng(), site, &secret)),
        state: EndpointState::Enabled,
    };
    let sealed = vault.seal(ctx.rng(), &secret_label(site), secret.expose());
    log::catch_up(ctx).await?;
    let made = ctx.record(site, Action::new("webhook.create", &name), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            tx.event_numbers().hold().await?;
            if tx.endpoints().list(site).await?.len() >= ENDPOINTS {
                return Err(EndpointError::TooMany);
            }
            insert(tx, site, &new, sealed).await
        })
    });
    Ok((made.await?, secret))
}

/// Writes a receiver with its first secret. The unit holds the numbers of events, all of which have one.
pub(super) async fn insert(
    tx: &mut dyn Tx,
    site: SiteId,
    new: &NewEndpoint,
    sealed: Vec<u8>,
) -> Result<Endpoint, EndpointError> {
    let now = tx.now().await?;
    let id = tx.endpoints().insert(site, new, now).await?.ok_or(EndpointError::Taken)?;
    tx.endpoints().insert_secret(id, &NewWebhookSecret { kind: SignatureKind::Hmac, sealed }, now).await?;
    let made = tx.endpoints().find(site, id).await?.ok_or(StoreError::OutcomeUnknown)?;
    if made.settings.checkpoint_minutes.is_some() {
        checkpoints::schedule(tx, &made, now).await?;
    }
    Ok(made)
}

/// Changes a receiver. What waits goes to the new URL with the new credentials.
///
/// # Errors
/// [`EndpointError`] says why it is as it was.
pub async fn change(
    ctx: &Ctx,
    site: SiteId,
    id: EndpointId,
    change: EndpointChange,
) -> Result<Endpoint, EndpointError> {
    let before = find(ctx, site, id).await?.ok_or(EndpointError::Unknown)?;
    if change.revision.is_some_and(|revision| revision != before.revision) {
        return Err(EndpointError::Conflict);
    }
    let mut after = before.clone();
    after.name = change.name.unwrap_or(after.name);
    after.settings = change.settings.unwrap_or(after.settings);
    let vault = ctx.parts.vault.clone();
    let kept = before.sealed_authorization.is_some() && before.settings.authorization == after.settings.authorization;
    match &change.authorization {
        Some(secret) => {
            check(ctx, site, &after.settings, secret.as_ref()).await?;
            after.sealed_authorization =
                secret.as_ref().map(|secret| seal_authorization(&vault, ctx.rng(), site, secret));
        }
        None if kept || after.settings.authorization == Authorization::None => {
            check_settings(ctx, site, &after.settings).await?;
        }
        None => check(ctx, site, &after.settings, None).await?,
    }
    let (old, new) = (&before.settings, &after.settings);
    let consented = old.consent && old.url == new.url && old.pace.rate == new.pace.rate;
    if new.consent && !consented {
        ask_consent(ctx, site, new).await?;
    }
    ctx.record(site, Action::new("webhook.change", &before.name), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            let all = tx.endpoints().lock_all(site).await?;
            let current = all.iter().find(|one| one.id == id).ok_or(EndpointError::Unknown)?;
            if current.revision != before.revision {
                return Err(EndpointError::Conflict);
            }
            if all.iter().any(|one| one.id != id && one.name == after.name) {
                return Err(EndpointError::Taken);
            }
            // What an attempt has noted meanwhile stays.
            after.state = current.state;
            let now = tx.now().await?;
            tx.endpoints().replace(&after, now).await?;
            if current.settings.checkpoint_minutes != after.settings.checkpoint_minutes {
                checkpoints::schedule(tx, &after, now).await?;
            }
            Ok(tx.endpoints().find(site, id).await?.ok_or(StoreError::OutcomeUnknown)?)
        })
    })
    .await
}

/// Lets a receiver be sent to, or not.
///
/// # Errors
/// [`EndpointError::Unknown`] when the site has no such receiver.
pub async fn switch(ctx: &Ctx, site: SiteId, id: EndpointId, switch: Switch) -> Result<Endpoint, EndpointError> {
    let (verb, state) = match switch {
        Switch::Disable => ("webhook.disable", EndpointState::Disabled),
        Switch::Enable | Switch::EnableWithoutHeld => ("webhook.enable", EndpointState::Enabled),
        Switch::Off => ("webhook.off", EndpointState::Off),
    };
    if matches!(switch, Switch::EnableWithoutHeld) {
        cancel(ctx, site, id).await?;
    }
    if state == EndpointState::Enabled {
        log::catch_up(ctx).await?;
    }
    let switched = ctx.record::<_, EndpointError, _>(site, Action::new(verb, id), move |tx| {
        Box::pin(async move {
            if state == EndpointState::Enabled {
                tx.event_numbers().hold().await?;
            }
            let mut endpoint = tx.endpoints().lock(site, id).await?.ok_or(EndpointError::Unknown)?;
            if endpoint.state == EndpointState::Off && state == EndpointState::Enabled {
                tx.endpoints().start_anew(id).await?;
            }
            set_state(tx, &mut endpoint, state).await?;
            Ok(tx.endpoints().find(site, id).await?.ok_or(StoreError::OutcomeUnknown)?)
        })
    });
    let endpoint = switched.await?;
    if state == EndpointState::Off {
        cancel(ctx, site, id).await?;
    }
    Ok(endpoint)
}

/// Begins anew with a receiver in a state.
pub(super) async fn set_state(
    tx: &mut dyn Tx,
    endpoint: &mut Endpoint,
    state: EndpointState,
) -> Result<(), StoreError> {
    (endpoint.state, endpoint.trouble, endpoint.paused_until) = (state, None, None);
    tx.endpoints().set_standing(endpoint).await?;
    Ok(())
}

/// Cancels what waits for a receiver. It stays listed, and can be sent again.
pub(super) async fn cancel(ctx: &Ctx, site: SiteId, id: EndpointId) -> Result<(), EndpointError> {
    for _ in 0..UNITS {
        let some = ctx.write::<_, EndpointError, _>(site, move |tx| {
            Box::pin(async move {
                tx.endpoints().lock(site, id).await?.ok_or(EndpointError::Unknown)?;
                let now = tx.now().await?;
                Ok(tx.deliveries().cancel(id, now, DELIVERIES_PER_UNIT).await?)
            })
        });
        if some.await? == 0 {
            break;
        }
    }
    Ok(())
}

/// Removes a receiver with all that was ever sent to it.
///
/// # Errors
/// [`EndpointError::Unknown`] when the site has no such receiver.
pub async fn remove(ctx: &Ctx, site: SiteId, id: EndpointId) -> Result<(), EndpointError> {
    let name = find(ctx, site, id).await?.ok_or(EndpointError::Unknown)?.name;
    // From here on nothing is queued for it any more.
    switch(ctx, site, id, Switch::Off).await?;
    for _ in 0..UNITS {
        let unit = ctx.write::<_, EndpointError, _>(site, move |tx| {
            Box::pin(async move { Ok(tx.deliveries().delete_of(id, DELIVERIES_PER_UNIT).await?) })
        });
        if unit.await? == 0 {
            break;
        }
    }
    ctx.record(site, Action::new("webhook.remove", name), move |tx| {
        Box::pin(async move {
            let removed = tx.endpoints().delete(site, id).await?;
            if removed { Ok(()) } else { Err(EndpointError::Unknown) }
        })
    })
    .await
}

/// All receivers of a site, by row id.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId) -> Result<Vec<Endpoint>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.endpoints().list(site).await?) })).await
}

/// A receiver of a site.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find(ctx: &Ctx, site: SiteId, id: EndpointId) -> Result<Option<Endpoint>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.endpoints().find(site, id).await?) })).await
}

/// Whether settings and a secret can be used.
pub(super) async fn check(
    ctx: &Ctx,
    site: SiteId,
    settings: &EndpointSettings,
    authorization: Option<&Secret<String>>,
) -> Result<(), EndpointError> {
    check_authorization(&settings.authorization, authorization.map(|secret| secret.expose().as_str()))?;
    check_settings(ctx, site, settings).await
}

async fn check_settings(ctx: &Ctx, site: SiteId, settings: &EndpointSettings) -> Result<(), EndpointError> {
    settings.check()?;
    let ports = ctx.webhooks.ports.get().ok_or(EndpointError::Unavailable)?;
    ports.sender.check(site, settings).await.map_err(EndpointError::Refused)
}

/// Asks a receiver for its consent, under the name of the site.
async fn ask_consent(ctx: &Ctx, site: SiteId, settings: &EndpointSettings) -> Result<(), EndpointError> {
    let ports = ctx.webhooks.ports.get().ok_or(EndpointError::Unavailable)?;
    let origin = super::origin::origin(ctx, site);
    ports.sender.ask_consent(site, settings, &origin).await.map_err(EndpointError::Consent)
}

/// What is set in a header must not be able to end it.
fn check_authorization(kind: &Authorization, secret: Option<&str>) -> Result<(), EndpointError> {
    let Some(secret) = secret else {
        return match kind {
            Authorization::None => Ok(()),
            Authorization::Basic | Authorization::Bearer | Authorization::Header(_) => {
                Err(EndpointError::Authorization("this kind of authorization needs a secret"))
            }
        };
    };
    if secret.is_empty() || secret.len() > AUTHORIZATION_LIMIT {
        return Err(EndpointError::Authorization("a secret for a header must be 1 to 4096 bytes long"));
    }
    if secret.chars().any(char::is_control) {
        return Err(EndpointError::Authorization("a secret for a header must not contain control characters"));
    }
    match kind {
        Authorization::Basic if !secret.contains(':') => {
            Err(EndpointError::Authorization("for basic authorization write USER:PASSWORD"))
        }
        Authorization::Bearer | Authorization::Header(_) if !secret.is_ascii() => {
            Err(EndpointError::Authorization("a secret for a header must be ASCII"))
        }
        Authorization::Basic | Authorization::Bearer | Authorization::Header(_) | Authorization::None => Ok(()),
    }
}

/// Bytes of a new secret for signatures: an HMAC key, or the seed of an Ed25519 key.
pub(super) fn new_secret(rng: &dyn Rng) -> Secret<Vec<u8>> {
    Secret::new(random_array::<32>(rng).to_vec())
}

/// How long a replaced secret may go on signing.
pub const LONGEST_OVERLAP: Duration = Duration::from_secs(7 * 24 * 3600);
