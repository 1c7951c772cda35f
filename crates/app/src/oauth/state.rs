//! All about applications that checks of tokens need, in memory: part of a site's snapshot.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use countersign_crypto::{Algorithm, Jwk, PrivateKey, VerifyingKey};
use countersign_domain::ids::{ApplicationId, CredentialId, TokenKeyId};
use countersign_domain::oauth::{
    Application, Credential, CredentialProof, TOKEN_KEY_LEAD, TokenAlgorithm, TokenKey, end_of_key_before,
};
use countersign_domain::site::Site;
use countersign_domain::time::Timestamp;
use countersign_store::{StoreError, Tx};
use countersign_vault::Vault;

use super::keys::token_key_label;
use crate::Fault;
use crate::ctx::Parts;

/// Applications and token keys of a site at one generation.
pub(crate) struct OauthState {
    /// `iss` of the tokens, and what metadata says (RFC 8414).
    pub(crate) issuer: Arc<str>,
    clients: HashMap<String, Arc<Client>>,
    /// Newest first.
    keys: Vec<ActiveTokenKey>,
}

/// An application with what it can prove itself with.
pub(crate) struct Client {
    pub(crate) application: Application,
    pub(crate) credentials: Vec<ClientCredential>,
    /// IDs of its tokens that were revoked one by one.
    pub(crate) revoked: HashSet<String>,
}

/// A credential, its key parsed.
pub(crate) struct ClientCredential {
    pub(crate) record: Credential,
    pub(crate) key: Option<(Algorithm, VerifyingKey)>,
}

impl Client {
    /// The credential of a row id.
    pub(crate) fn credential(&self, id: CredentialId) -> Option<&Credential> {
        self.credentials.iter().map(|credential| &credential.record).find(|record| record.id == id)
    }
}

/// A key pair that signs tokens, loaded once.
#[derive(Clone)]
pub(crate) struct ActiveTokenKey {
    pub(crate) id: TokenKeyId,
    pub(crate) algorithm: Algorithm,
    /// Thumbprint of the public half (RFC 7638): `kid` of tokens.
    pub(crate) kid: String,
    pub(crate) private: Arc<PrivateKey>,
    pub(crate) public: Arc<Jwk>,
    pub(crate) verifying: Arc<VerifyingKey>,
    created_at: Timestamp,
    /// From when on nothing that it has signed is accepted; `None`: it signs now, or will.
    ends_at: Option<Timestamp>,
}

impl ActiveTokenKey {
    fn is_accepted(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }
}

impl OauthState {
    /// The application of a client ID.
    pub(crate) fn client(&self, client_id: &str) -> Option<&Arc<Client>> {
        self.clients.get(client_id)
    }

    /// The key that signs with an algorithm now: the newest that has been published long enough; the only one at once.
    pub(crate) fn signing_key(&self, algorithm: TokenAlgorithm, now: Timestamp) -> Option<&ActiveTokenKey> {
        let algorithm = jose_algorithm(algorithm);
        let of_algorithm = || self.keys.iter().filter(move |key| key.algorithm == algorithm);
        of_algorithm().find(|key| key.created_at.plus(TOKEN_KEY_LEAD) <= now).or_else(|| of_algorithm().next_back())
    }

    /// The key of that name, if tokens that it has signed are accepted now.
    pub(crate) fn accepted_key(&self, kid: &str, now: Timestamp) -> Option<&ActiveTokenKey> {
        self.keys.iter().find(|key| key.kid == kid && key.is_accepted(now))
    }

    /// Whether the key of a row id is still accepted.
    pub(crate) fn accepts(&self, id: TokenKeyId, now: Timestamp) -> bool {
        self.keys.iter().any(|key| key.id == id && key.is_accepted(now))
    }

    /// Keys that verify tokens now, newest first.
    pub(crate) fn accepted_keys(&self, now: Timestamp) -> impl Iterator<Item = &ActiveTokenKey> {
        self.keys.iter().filter(move |key| key.is_accepted(now))
    }
}

/// The rows of one site.
pub(crate) struct OauthRows {
    applications: Vec<Application>,
    credentials: Vec<Credential>,
    keys: Vec<TokenKey>,
    revoked: Vec<(ApplicationId, String)>,
}

impl OauthRows {
    /// Reads them, on the view of one transaction.
    pub(crate) async fn read(tx: &mut dyn Tx, site: &Site) -> Result<Self, StoreError> {
        let now = tx.now().await?;
        Ok(Self {
            applications: tx.applications().list(site.id).await?,
            credentials: tx.credentials().list(site.id).await?,
            keys: tx.token_keys().list(site.id).await?,
            revoked: tx.spent_tokens().list_revoked(site.id, now).await?,
        })
    }

    /// Opens and parses them. Keys that `previous` has loaded are taken from there.
    pub(crate) fn build(
        self,
        vault: &Vault,
        issuer: String,
        previous: Option<&OauthState>,
    ) -> Result<OauthState, Fault> {
        let mut clients: HashMap<ApplicationId, Client> = HashMap::with_capacity(self.applications.len());
        for application in self.applications {
            let client = Client { application, credentials: Vec::new(), revoked: HashSet::new() };
            clients.insert(client.application.id, client);
        }
        for record in self.credentials {
            let Some(client) = clients.get_mut(&record.application) else { continue };
            let key = match &record.proof {
                CredentialProof::Secret(_) => None,
                CredentialProof::PublicKey(jwk) => Some(parse_public(&record, jwk)?),
            };
            client.credentials.push(ClientCredential { record, key });
        }
        for (application, jti) in self.revoked {
            if let Some(client) = clients.get_mut(&application) {
                client.revoked.insert(jti);
            }
        }
        let mut keys: Vec<ActiveTokenKey> = Vec::with_capacity(self.keys.len());
        for row in &self.keys {
            let algorithm = jose_algorithm(row.algorithm);
            let newer = keys.iter().rfind(|key| key.algorithm == algorithm);
            let ends_at = newer.map(|newer| end_of_key_before(newer.created_at));
            let loaded = previous.and_then(|state| state.keys.iter().find(|key| key.id == row.id));
            keys.push(match loaded {
                Some(loaded) => ActiveTokenKey { ends_at, ..loaded.clone() },
                None => load(vault, row, ends_at)?,
            });
        }
        let by_name = |client: Client| (client.application.client_id.as_str().to_owned(), Arc::new(client));
        Ok(OauthState { issuer: issuer.into(), clients: clients.into_values().map(by_name).collect(), keys })
    }
}

fn parse_public(record: &Credential, jwk: &str) -> Result<(Algorithm, VerifyingKey), Fault> {
    let what = || format!("public key {} of an application", record.id);
    let jwk = Jwk::parse(jwk.as_bytes()).map_err(|error| unusable(what(), error))?;
    let algorithm = jwk.algorithm();
    Ok((algorithm, jwk.verifying_key(algorithm).map_err(|error| unusable(what(), error))?))
}

fn load(vault: &Vault, row: &TokenKey, ends_at: Option<Timestamp>) -> Result<ActiveTokenKey, Fault> {
    let what = || format!("token key {}", row.id);
    let algorithm = jose_algorithm(row.algorithm);
    let public = Jwk::parse(row.public_jwk.as_bytes()).map_err(|error| unusable(what(), error))?;
    let verifying = public.verifying_key(algorithm).map_err(|error| unusable(what(), error))?;
    let pkcs8 = vault.open(&token_key_label(row.site), &row.sealed_private_key)?;
    let private = PrivateKey::from_pkcs8_der(algorithm, pkcs8.expose()).map_err(|error| unusable(what(), error))?;
    Ok(ActiveTokenKey {
        id: row.id,
        algorithm,
        kid: public.kid_by_thumbprint(),
        private: Arc::new(private),
        public: Arc::new(public),
        verifying: Arc::new(verifying),
        created_at: row.created_at,
        ends_at,
    })
}

fn unusable(what: String, source: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::Key { what, source: Box::new(source) }
}

/// The algorithm as the crypto crate knows it.
pub(super) fn jose_algorithm(algorithm: TokenAlgorithm) -> Algorithm {
    match algorithm {
        TokenAlgorithm::Rs256 => Algorithm::RS256,
        TokenAlgorithm::Es256 => Algorithm::ES256,
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

/// The issuer of a site: its own base URL, or the server's with the prefix that leads to the site.
pub(crate) fn issuer_of(parts: &Parts, site: &Site) -> String {
    match &site.settings.base_url {
        Some(base_url) => base_url.clone(),
        None if parts.default_site.as_ref() == Some(&site.name) => parts.base_url.clone(),
        None => format!("{}/t/{}", parts.base_url, site.name),
    }
}
