//! What a provider publishes of itself (OpenID Connect Discovery 1.0, RFC 7517), remembered for an hour, and how it is asked.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use countersign_crypto::{Algorithm, Jwk, Secret, VerifyingKey, json};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::{IdTokenAlgorithm, SsoProvider};
use countersign_domain::time::Timestamp;
use countersign_store::BoxFuture;

use super::{LIMITS, failed};
use crate::Ctx;
use crate::license_api::LicenseError;

/// Longest document that is read of a provider, in bytes.
pub(super) const DOCUMENT_LIMIT: usize = 256 * 1024;
/// Most keys of a provider that are tried.
const KEYS: usize = 50;
/// Most providers that are remembered; beyond that all are forgotten.
const PROVIDERS: usize = 1000;
/// How long what a provider publishes is remembered.
const LIFE: Duration = Duration::from_secs(3600);
/// How long it is not asked again after it was asked because of a key that is not known.
const FLOOR: Duration = Duration::from_secs(60);
/// The same after it could not be asked.
const FAILED_FLOOR: Duration = Duration::from_secs(10);

/// A request to a provider.
pub struct ProviderRequest {
    /// The site that sends it.
    pub site: SiteId,
    /// Where to.
    pub url: String,
    /// A form to send with `POST`; without one it is a `GET`.
    pub form: Option<Secret<String>>,
    /// Addresses that may be asked although they are not public.
    pub allowed: Vec<SocketAddr>,
    /// Longest answer, in bytes.
    pub limit: usize,
}

/// Why a provider did not answer with a document.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ProviderHttpError(pub String);

/// The way to providers. Redirects are not followed, and addresses that are not public are refused unless they are allowed.
pub trait ProviderHttp: Send + Sync {
    /// The body of an answer with status 200.
    fn send(&self, request: ProviderRequest) -> BoxFuture<'_, Result<Vec<u8>, ProviderHttpError>>;
}

/// What a provider publishes.
pub(super) struct Discovered {
    /// The whole document.
    pub(super) configuration: String,
    pub(super) authorization_endpoint: String,
    token_endpoint: Option<String>,
    keys: Vec<(Option<String>, VerifyingKey)>,
    at: Timestamp,
}

impl Discovered {
    /// The keys that can have signed a token: those of its name, or all when it names none.
    pub(super) fn keys(&self, kid: Option<&str>) -> Vec<&VerifyingKey> {
        let fits = |name: &Option<String>| kid.is_none() || name.is_none() || name.as_deref() == kid;
        self.keys.iter().filter(|(name, _)| fits(name)).map(|(_, key)| key).collect()
    }
}

/// What providers have published, and the way to them.
#[derive(Default)]
pub(crate) struct Discoveries {
    pub(crate) http: OnceLock<Arc<dyn ProviderHttp>>,
    known: Mutex<HashMap<(SiteId, String), Shared>>,
}

/// One provider, for all who ask for it.
type Shared = Arc<tokio::sync::Mutex<State>>;

/// What is known of one provider. It is held while the provider is asked, so that it is asked once.
#[derive(Default)]
struct State {
    current: Option<Arc<Discovered>>,
    failed_at: Option<Timestamp>,
}

impl Discoveries {
    fn state(&self, site: SiteId, issuer: &str) -> Shared {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= PROVIDERS {
            known.clear();
        }
        known.entry((site, issuer.to_owned())).or_default().clone()
    }
}

/// What a provider publishes, at most an hour old.
pub(super) async fn discover(ctx: &Ctx, site: SiteId, settings: &SsoProvider) -> Result<Arc<Discovered>, LicenseError> {
    let state = ctx.discoveries.state(site, &settings.issuer);
    let mut state = state.lock().await;
    let now = ctx.now();
    if let Some(current) = state.current.as_ref().filter(|current| within(current.at, LIFE, now)) {
        return Ok(current.clone());
    }
    ask(ctx, site, settings, &mut state).await
}

/// The same, asked again because a token names a key that `seen` does not have; not more often than once a minute.
pub(super) async fn refresh(
    ctx: &Ctx,
    site: SiteId,
    settings: &SsoProvider,
    seen: &Arc<Discovered>,
) -> Result<Arc<Discovered>, LicenseError> {
    let state = ctx.discoveries.state(site, &settings.issuer);
    let mut state = state.lock().await;
    let now = ctx.now();
    if let Some(current) = &state.current
        && (!Arc::ptr_eq(current, seen) || within(current.at, FLOOR, now))
    {
        return Ok(current.clone());
    }
    ask(ctx, site, settings, &mut state).await
}

async fn ask(
    ctx: &Ctx,
    site: SiteId,
    settings: &SsoProvider,
    state: &mut State,
) -> Result<Arc<Discovered>, LicenseError> {
    let now = ctx.now();
    if state.failed_at.is_some_and(|failed_at| within(failed_at, FAILED_FLOOR, now)) {
        return Err(failed("the provider could not be asked a moment ago", None));
    }
    match fetch(ctx, site, settings, now).await {
        Ok(discovered) => {
            let discovered = Arc::new(discovered);
            state.current = Some(discovered.clone());
            state.failed_at = None;
            Ok(discovered)
        }
        Err(error) => {
            state.failed_at = Some(now);
            Err(error)
        }
    }
}

async fn fetch(ctx: &Ctx, site: SiteId, settings: &SsoProvider, now: Timestamp) -> Result<Discovered, LicenseError> {
    let url = format!("{}/.well-known/openid-configuration", settings.issuer.trim_end_matches('/'));
    let bytes = send(ctx, site, settings, url, None).await?;
    let document = json::parse_object(&bytes, LIMITS).map_err(|error| failed("its configuration", Some(&error)))?;
    let text = |name: &str| document.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    // OpenID Connect Discovery 1.0 section 4.3.
    if text("issuer").as_ref() != Some(&settings.issuer) {
        return Err(failed("its configuration is of another issuer", None));
    }
    let lacking = || failed("its configuration lacks an endpoint", None);
    let authorization_endpoint = text("authorization_endpoint").ok_or_else(lacking)?;
    if !authorization_endpoint.starts_with("https://") && settings.allowed.is_empty() {
        return Err(failed("its authorization endpoint is not secure", None));
    }
    let jwks_uri = text("jwks_uri").ok_or_else(lacking)?;
    let token_endpoint = text("token_endpoint");
    let keys = fetch_keys(ctx, site, settings, &jwks_uri).await?;
    let configuration = String::from_utf8(bytes).map_err(|error| failed("its configuration", Some(&error)))?;
    Ok(Discovered { configuration, authorization_endpoint, token_endpoint, keys, at: now })
}

async fn fetch_keys(
    ctx: &Ctx,
    site: SiteId,
    settings: &SsoProvider,
    url: &str,
) -> Result<Vec<(Option<String>, VerifyingKey)>, LicenseError> {
    let bytes = send(ctx, site, settings, url.to_owned(), None).await?;
    let document = json::parse_object(&bytes, LIMITS).map_err(|error| failed("its keys", Some(&error)))?;
    let list = document.get("keys").and_then(|keys| keys.as_array());
    let algorithm = algorithm_of(settings);
    let usable = list.into_iter().flatten().filter_map(|key| {
        // Keys of other kinds, and for other purposes, stand beside those that sign.
        let key = Jwk::parse(key.to_string().as_bytes()).ok()?;
        Some((key.kid().map(str::to_owned), key.verifying_key(algorithm).ok()?))
    });
    Ok(usable.take(KEYS).collect())
}

/// Exchanges a code for an ID token (OpenID Connect Core 1.0 section 3.1.3).
pub(super) async fn exchange(
    ctx: &Ctx,
    site: SiteId,
    settings: &SsoProvider,
    discovered: &Discovered,
    form: &Secret<String>,
) -> Result<Secret<String>, LicenseError> {
    let endpoint = discovered.token_endpoint.clone().ok_or_else(|| failed("it exchanges no codes", None))?;
    let bytes = send(ctx, site, settings, endpoint, Some(Secret::new(form.expose().clone()))).await?;
    let document = json::parse_object(&bytes, LIMITS).map_err(|error| failed("its tokens", Some(&error)))?;
    let token = document.get("id_token").and_then(|token| token.as_str());
    token.map(|token| Secret::new(token.to_owned())).ok_or_else(|| failed("it gave no ID token", None))
}

async fn send(
    ctx: &Ctx,
    site: SiteId,
    settings: &SsoProvider,
    url: String,
    form: Option<Secret<String>>,
) -> Result<Vec<u8>, LicenseError> {
    let http = ctx.discoveries.http.get().ok_or_else(|| failed("this program asks no providers", None))?;
    let request = ProviderRequest { site, url, form, allowed: settings.allowed.clone(), limit: DOCUMENT_LIMIT };
    http.send(request).await.map_err(|error| failed("it did not answer", Some(&error)))
}

/// The algorithm that was laid down.
pub(super) fn algorithm_of(settings: &SsoProvider) -> Algorithm {
    match settings.algorithm {
        IdTokenAlgorithm::Rs256 => Algorithm::RS256,
        IdTokenAlgorithm::Es256 => Algorithm::ES256,
        IdTokenAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

/// Whether less than a span has passed since a time. A time that lies ahead was noted while a clock was wrong.
fn within(since: Timestamp, span: Duration, now: Timestamp) -> bool {
    since <= now && now < since.plus(span)
}
