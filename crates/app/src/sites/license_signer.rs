//! The key pair that signs answers of the license door, loaded once, with the certificate that publishes it.

use std::sync::Arc;

use countersign_crypto::{RsaPrivateKey, certificate};
use countersign_domain::ids::SiteSecretId;
use countersign_domain::keys::SiteSecret;
use countersign_domain::site::Site;
use countersign_domain::time::Timestamp;
use countersign_vault::Vault;

use super::admin::secret_label;
use super::load::unusable;
use crate::Fault;

/// What signs answers of the license door.
#[derive(Clone)]
pub(crate) struct LicenseSigner {
    pub(crate) id: SiteSecretId,
    pub(crate) created_at: Timestamp,
    pub(crate) key: Arc<RsaPrivateKey>,
    /// A certificate of the public half, signed by the key itself (PEM).
    pub(crate) certificate: Arc<str>,
}

impl LicenseSigner {
    /// Opens a stored key pair. Its certificate is a function of the key and the site: every process makes the same one.
    pub(super) fn open(vault: &Vault, site: &Site, row: &SiteSecret) -> Result<Self, Fault> {
        let what = || format!("license signing key {}", row.id);
        let pkcs8 = vault.open(&secret_label(site.id, row.purpose), &row.sealed)?;
        let key = RsaPrivateKey::from_pkcs8_der(pkcs8.expose()).map_err(|error| unusable(what(), error))?;
        let name = format!("Countersign license answers of {}", site.name);
        let certificate = certificate::self_signed_pem(&key, &name);
        let certificate = certificate.map_err(|error| unusable(what(), error))?;
        Ok(Self { id: row.id, created_at: row.created_at, key: Arc::new(key), certificate: certificate.into() })
    }
}
