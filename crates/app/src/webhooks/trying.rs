//! Trying a receiver out: an invented event, sent at once, and what came back.

use std::sync::Arc;

use bytes::Bytes;
use countersign_crypto::encoding::hex_encode;
use countersign_crypto::random::random_array;
use countersign_domain::ids::{EndpointId, SiteId};
use countersign_domain::webhook::EXCERPT_LIMIT;

use super::endpoints::EndpointError;
use super::origin::origin;
use super::ports::{Outgoing, Sent};
use super::sealing::{open_authorization, open_secret};
use crate::Ctx;

/// What was sent, and what came back.
pub struct Tried {
    /// The bytes that were sent.
    pub body: Vec<u8>,
    /// What became of it.
    pub sent: Sent,
}

/// Sends a receiver an invented event of a type, signed as all others. Nothing of it is kept. `None`: no event has such a
/// type.
///
/// # Errors
/// [`EndpointError::Unknown`] when the site has no such receiver.
pub async fn send_sample(
    ctx: &Ctx,
    site: SiteId,
    id: EndpointId,
    event_type: &str,
) -> Result<Option<Tried>, EndpointError> {
    let ports = ctx.webhooks.ports.get().ok_or(EndpointError::Unavailable)?;
    let found = ctx.store().read::<_, EndpointError, _>(move |tx| {
        Box::pin(async move {
            let endpoint = tx.endpoints().find(site, id).await?.ok_or(EndpointError::Unknown)?;
            let now = tx.now().await?;
            let mut secrets = tx.endpoints().secrets(id).await?;
            secrets.retain(|secret| secret.signs(now));
            Ok((endpoint, secrets))
        })
    });
    let (endpoint, secrets) = found.await?;
    let settings = &endpoint.settings;
    let Some(body) = ports.formats.sample(event_type, settings) else { return Ok(None) };
    let vault = &ctx.parts.vault;
    let secrets = secrets.iter().map(|secret| open_secret(vault, site, secret)).collect::<Result<_, _>>()?;
    let outgoing = Outgoing {
        site,
        url: settings.url.clone(),
        format: settings.format,
        cloud_events: settings.cloud_events,
        origin: settings.consent.then(|| origin(ctx, site)),
        message_id: format!("test_{}", hex_encode(&random_array::<8>(ctx.rng()))),
        timestamp: ctx.now(),
        secrets,
        authorization: open_authorization(vault, &endpoint)?.map(|(name, value)| (name, Arc::new(value))),
        headers: vec![("x-event-attempt", "1".to_owned()), ("x-event-source", "test".to_owned())],
        body: Bytes::from(body.clone()),
        connect_timeout: settings.pace.connect_timeout(),
        attempt_timeout: settings.pace.attempt_timeout(),
        excerpt_limit: EXCERPT_LIMIT,
        ca: settings.ca.clone(),
    };
    Ok(Some(Tried { body, sent: ports.sender.send(outgoing).await }))
}
