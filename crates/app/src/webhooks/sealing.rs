//! Secrets of receivers at rest.

use countersign_crypto::webhook::WebhookSecret as SigningSecret;
use countersign_crypto::{Rng, Secret};
use countersign_domain::ids::SiteId;
use countersign_domain::webhook::{Authorization, Endpoint, SignatureKind, WebhookSecret};
use countersign_vault::Vault;

use crate::Fault;

/// What authorizations are sealed under.
pub(crate) fn authorization_label(site: SiteId) -> String {
    format!("authorization of a webhook of site {site}")
}

/// What secrets that sign are sealed under.
pub(crate) fn secret_label(site: SiteId) -> String {
    format!("secret of a webhook of site {site}")
}

/// What the settings of the event service are sealed under.
pub(crate) fn service_label(site: SiteId) -> String {
    format!("settings of the event service of site {site}")
}

/// The sealed form of what a receiver is logged in to with.
pub(super) fn seal_authorization(vault: &Vault, rng: &dyn Rng, site: SiteId, secret: &Secret<String>) -> Vec<u8> {
    vault.seal(rng, &authorization_label(site), secret.expose().as_bytes())
}

/// The header that a receiver is logged in to with, and its value.
pub(super) fn open_authorization(
    vault: &Vault,
    endpoint: &Endpoint,
) -> Result<Option<(String, Secret<String>)>, Fault> {
    let Some(sealed) = &endpoint.sealed_authorization else { return Ok(None) };
    let opened = vault.open(&authorization_label(endpoint.site), sealed)?;
    let text = String::from_utf8_lossy(opened.expose());
    let value = match &endpoint.settings.authorization {
        Authorization::Basic => {
            let encoded = countersign_crypto::encoding::base64_encode(text.as_bytes());
            ("authorization".to_owned(), Secret::new(format!("Basic {encoded}")))
        }
        Authorization::Bearer => ("authorization".to_owned(), Secret::new(format!("Bearer {text}"))),
        Authorization::Header(name) => (name.clone(), Secret::new(text.into_owned())),
        // Kept for the case that it is wanted again.
        Authorization::None => return Ok(None),
    };
    Ok(Some(value))
}

/// A secret that signs, ready to do so.
pub(super) fn open_secret(vault: &Vault, site: SiteId, secret: &WebhookSecret) -> Result<SigningSecret, Fault> {
    let opened = vault.open(&secret_label(site), &secret.sealed)?;
    let prepared = match secret.kind {
        SignatureKind::Ed25519 => SigningSecret::from_ed25519_seed(opened.expose()),
        SignatureKind::Hmac => SigningSecret::from_hmac_key(opened.expose()),
    };
    prepared.map_err(|error| Fault::Key { what: secret_label(site), source: error.into() })
}
