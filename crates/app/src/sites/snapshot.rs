//! All that answers a device's question, in memory: immutable, replaced as a whole when the site changes.

use std::sync::Arc;

use countersign_crypto::{HmacKey, RsaPrivateKey, SealingKey, VerifyingKey};
use countersign_domain::catalog::index::Catalog;
use countersign_domain::ids::SigningKeyId;
use countersign_domain::keys::AuthorizationKey;
use countersign_domain::site::Site;

/// A site as it was at one generation.
pub struct SiteSnapshot {
    pub(crate) site: Site,
    pub(crate) catalog: Catalog,
    pub(crate) device_keys: Vec<DeviceKey>,
    pub(crate) signing_key: Option<ActiveSigningKey>,
    /// Newest first: the first seals, all open.
    pub(crate) polling_keys: Vec<SealingKey>,
    /// Newest first: the first makes, all check.
    pub(crate) url_keys: Vec<HmacKey>,
}

impl SiteSnapshot {
    /// The site.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// The packages and updates of the site.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }
}

/// A public key that checks device tokens, parsed once.
pub(crate) struct DeviceKey {
    pub(crate) record: AuthorizationKey,
    pub(crate) key: VerifyingKey,
}

/// The key pair that signs the site's answers, loaded once.
#[derive(Clone)]
pub(crate) struct ActiveSigningKey {
    pub(crate) id: SigningKeyId,
    pub(crate) key: Arc<RsaPrivateKey>,
}
