//! Who asks for a token: an application that proves itself with a secret or an assertion (RFC 6749 section 2.3).

use std::net::IpAddr;
use std::sync::Arc;

use countersign_crypto::{Secret, constant_time_eq, sha256};
use countersign_domain::ids::{ApplicationId, CredentialId, SiteId};
use countersign_domain::oauth::CredentialProof;
use countersign_domain::text::ClientId;
use countersign_domain::time::Timestamp;

use super::assertion;
use super::limits::{Guesser, Pair};
use super::state::{Client, ClientCredential, OauthState};
use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

/// What a client presents. Nothing in it is proved yet.
pub enum ClientProof {
    /// ID and secret.
    Secret {
        /// Client ID.
        client_id: String,
        /// Secret.
        secret: Secret<String>,
    },
    /// A JWT that the client has signed (RFC 7523 section 2.2).
    Assertion {
        /// Client ID, if the request names it beside the assertion.
        client_id: Option<String>,
        /// The JWT.
        assertion: Secret<String>,
    },
}

/// An application that has proved itself with one of its credentials, for one site.
pub struct AuthenticatedClient {
    pub(super) snapshot: Arc<SiteSnapshot>,
    pub(super) client: Arc<Client>,
    credential: CredentialId,
}

impl AuthenticatedClient {
    /// The site that it belongs to.
    #[must_use]
    pub fn site(&self) -> SiteId {
        self.client.application.site
    }

    /// Row id of the application.
    #[must_use]
    pub fn application(&self) -> ApplicationId {
        self.client.application.id
    }

    /// Public name of the application.
    #[must_use]
    pub fn client_id(&self) -> &ClientId {
        &self.client.application.client_id
    }

    /// What it has proved itself with.
    #[must_use]
    pub fn credential(&self) -> CredentialId {
        self.credential
    }

    /// Whether it gets tokens at the retired path.
    #[must_use]
    pub fn may_use_oauth2_path(&self) -> bool {
        self.client.application.compatibility.oauth2_path
    }
}

/// Why a client is not known.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// This pair of ID and secret, or this assertion, has failed too often.
    #[error("this pair of client ID and credential has failed too often")]
    Limited {
        /// How long it is to wait, in seconds.
        seconds: u32,
    },
    /// Unknown client, wrong or ended secret, bad assertion, disabled application: callers learn no more than that.
    #[error("unknown client or wrong credential")]
    Refused,
}

/// Proves who a client is.
///
/// After five failures of the same ID and secret, or of the same assertion, the pair is told to wait for ten minutes; a right
/// one never is.
///
/// # Errors
/// [`ClientError`] without telling what was wrong.
pub async fn authenticate_client(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    proof: ClientProof,
    from: Option<IpAddr>,
) -> Result<AuthenticatedClient, ClientError> {
    let (site_id, now) = (site.site.id, ctx.now());
    match proof {
        ClientProof::Secret { client_id, secret } => {
            let digest = ctx.parts.digests.digest(&secret);
            let attempt = Attempt::new(site_id, &client_id, digest, from, now);
            let find = |snapshot: &Arc<SiteSnapshot>| match_secret(&snapshot.oauth, &client_id, &digest, now);
            let (snapshot, found) = attempt.judge(ctx, site, find).await?;
            let (client, credential) = found.ok_or_else(|| attempt.failed(ctx))?;
            Ok(AuthenticatedClient { snapshot, client, credential })
        }
        ClientProof::Assertion { client_id, assertion } => {
            let named = client_id.clone().or_else(|| assertion::alleged_client(&assertion)).unwrap_or_default();
            let attempt = Attempt::new(site_id, &named, sha256(assertion.expose().as_bytes()), from, now);
            let judge = |snapshot: &Arc<SiteSnapshot>| {
                assertion::judge(&snapshot.oauth, client_id.as_deref(), assertion.expose(), now)
            };
            let (snapshot, found) = attempt.judge(ctx, site, judge).await?;
            let good = found.ok_or_else(|| attempt.failed(ctx))?;
            let (client, credential) = (good.client.clone(), good.credential);
            if assertion::use_once(ctx, good).await? {
                Ok(AuthenticatedClient { snapshot, client, credential })
            } else {
                Err(attempt.failed(ctx))
            }
        }
    }
}

/// An attempt of a client to prove itself, as failures of it are counted.
struct Attempt {
    guesser: Option<Guesser>,
    pair: Pair,
    at: Timestamp,
}

impl Attempt {
    /// Of a client ID, with something of this digest.
    fn new(site: SiteId, client_id: &str, digest: [u8; 32], from: Option<IpAddr>, at: Timestamp) -> Self {
        let named = sha256(client_id.as_bytes());
        Self { guesser: from.map(|address| (site, named, address)), pair: (site, named, digest), at }
    }

    /// Judges it, with certainty. One who guesses must not make us ask the store for each guess: what is known then is at most
    /// a moment old.
    async fn judge<T>(
        &self,
        ctx: &Ctx,
        site: &Arc<SiteSnapshot>,
        judge: impl Fn(&Arc<SiteSnapshot>) -> Option<T>,
    ) -> Result<(Arc<SiteSnapshot>, Option<T>), Fault> {
        let guesses = &ctx.client_limits.guesses;
        if self.guesser.as_ref().is_some_and(|guesser| guesses.wait(guesser, self.at).is_some()) {
            let latest = ctx.latest(site);
            let found = judge(&latest);
            return Ok((latest, found));
        }
        let (snapshot, found) = ctx.certainly(site, |snapshot| judge(snapshot).ok_or(())).await?;
        Ok((snapshot, found.ok()))
    }

    /// Counts it as a failure, and says what the client is told.
    fn failed(&self, ctx: &Ctx) -> ClientError {
        if let Some(guesser) = &self.guesser {
            ctx.client_limits.guesses.note(guesser, self.at);
        }
        match ctx.client_limits.note(&self.pair, self.at) {
            Some(seconds) => ClientError::Limited { seconds },
            None => ClientError::Refused,
        }
    }
}

/// The application and the secret of it that has this digest. All of its secrets are compared, each in constant time.
fn match_secret(
    state: &OauthState,
    client_id: &str,
    digest: &[u8; 32],
    now: Timestamp,
) -> Option<(Arc<Client>, CredentialId)> {
    let client = state.client(client_id).filter(|client| !client.application.disabled)?;
    let fits = |credential: &&ClientCredential| match &credential.record.proof {
        CredentialProof::Secret(kept) => constant_time_eq(kept, digest),
        CredentialProof::PublicKey(_) => false,
    };
    let found = client.credentials.iter().filter(fits).fold(None, |_, found| Some(&found.record));
    found.filter(|record| record.is_active(now)).map(|record| (client.clone(), record.id))
}
