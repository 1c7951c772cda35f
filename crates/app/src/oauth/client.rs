//! Who asks for a token: an application that proves itself with a secret or an assertion (RFC 6749 section 2.3).

use std::net::IpAddr;
use std::sync::Arc;

use countersign_crypto::{Secret, constant_time_eq, sha256};
use countersign_domain::ids::{ApplicationId, CredentialId, SiteId};
use countersign_domain::oauth::CredentialProof;
use countersign_domain::text::ClientId;
use countersign_domain::time::Timestamp;

use super::assertion;
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

    pub(super) fn last_used_at(&self) -> Option<Timestamp> {
        self.client.credential(self.credential)?.last_used_at
    }
}

/// Why a client is not known.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// This pair of ID and secret has failed too often.
    #[error("this pair of client ID and secret has failed too often")]
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
/// After five failures of the same ID and secret the pair is told to wait for ten minutes; a right secret never is.
///
/// # Errors
/// [`ClientError`] without telling what was wrong.
pub async fn authenticate_client(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    proof: ClientProof,
    from: Option<IpAddr>,
) -> Result<AuthenticatedClient, ClientError> {
    match proof {
        ClientProof::Secret { client_id, secret } => by_secret(ctx, site, &client_id, &secret, from).await,
        ClientProof::Assertion { client_id, assertion } => {
            let (snapshot, client, credential) =
                assertion::check(ctx, site, client_id.as_deref(), &assertion).await?.ok_or(ClientError::Refused)?;
            Ok(AuthenticatedClient { snapshot, client, credential })
        }
    }
}

async fn by_secret(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    client_id: &str,
    secret: &Secret<String>,
    from: Option<IpAddr>,
) -> Result<AuthenticatedClient, ClientError> {
    let (digest, now) = (ctx.parts.digests.digest(secret), ctx.now());
    let decide = |snapshot: &Arc<SiteSnapshot>| match_secret(&snapshot.oauth, client_id, &digest, now).ok_or(());
    let named = sha256(client_id.as_bytes());
    let guesser = from.map(|address| (site.site.id, named, address));
    let guesses = &ctx.client_limits.guesses;
    // One who guesses must not make us ask the store for each guess: what is known is at most a moment old.
    let (snapshot, found) = if guesser.as_ref().is_some_and(|guesser| guesses.wait(guesser, now).is_some()) {
        let latest = ctx.latest(site);
        let found = decide(&latest);
        (latest, found)
    } else {
        ctx.certainly(site, decide).await?
    };
    if let Ok((client, credential)) = found {
        return Ok(AuthenticatedClient { snapshot, client, credential });
    }
    if let Some(guesser) = guesser {
        guesses.note(&guesser, now);
    }
    match ctx.client_limits.note(&(site.site.id, named, digest), now) {
        Some(seconds) => Err(ClientError::Limited { seconds }),
        None => Err(ClientError::Refused),
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
