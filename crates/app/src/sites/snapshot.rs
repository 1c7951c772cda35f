//! All that answers a device's question, in memory: immutable, replaced as a whole when the site changes.

use std::collections::HashMap;
use std::sync::Arc;

use countersign_crypto::{HmacKey, RsaPrivateKey, SealingKey, VerifyingKey};
use countersign_domain::catalog::index::Catalog;
use countersign_domain::ids::SigningKeyId;
use countersign_domain::keys::{AuthorizationKey, signing_key_in_force as in_force};
use countersign_domain::site::Site;
use countersign_domain::time::Timestamp;

use super::license_signer::LicenseSigner;
use super::timed::TimedKeys;
use crate::license_api::OpenedApiKey;
use crate::oauth::OauthState;

/// A site as it was at one generation.
pub struct SiteSnapshot {
    pub(crate) site: Site,
    pub(crate) catalog: Catalog,
    pub(crate) device_keys: Vec<DeviceKey>,
    /// Newest first, down to the one that signs now: those before it sign when they have been published long enough.
    pub(crate) signing_keys: Vec<ActiveSigningKey>,
    /// What signs answers of the license door, newest first, down to the one that signs now. Empty until the first is needed.
    pub(crate) license_signers: Vec<LicenseSigner>,
    /// Seal polling IDs.
    pub(crate) polling_keys: TimedKeys<SealingKey>,
    /// Authenticate download URLs.
    pub(crate) url_keys: TimedKeys<HmacKey>,
    /// Keys of the license door, by public part.
    pub(crate) api_keys: HashMap<String, Arc<OpenedApiKey>>,
    /// Applications, and the keys of their tokens.
    pub(crate) oauth: OauthState,
}

impl SiteSnapshot {
    /// The site.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// The key that signs at `now`.
    pub(crate) fn signing_key(&self, now: Timestamp) -> Option<&ActiveSigningKey> {
        in_force(&self.signing_keys, |key| key.created_at, now)
    }

    /// What signs answers of the license door at `now`.
    pub(crate) fn license_signer(&self, now: Timestamp) -> Option<&LicenseSigner> {
        in_force(&self.license_signers, |signer| signer.created_at, now)
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

/// A key pair that signs the site's answers, loaded once.
#[derive(Clone)]
pub(crate) struct ActiveSigningKey {
    pub(crate) id: SigningKeyId,
    pub(crate) created_at: Timestamp,
    pub(crate) key: Arc<RsaPrivateKey>,
}
