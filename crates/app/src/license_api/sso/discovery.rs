//! What providers have published, remembered for an hour.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use countersign_crypto::{VerifyingKey, sha256};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::SsoProvider;
use countersign_domain::time::Timestamp;
use tokio::sync::Semaphore;

use super::asking::{Asking, ProviderHttp};
use super::published::{Metadata, NamedKey, algorithm_of, read_keys};
use super::unavailable;
use crate::license_api::{LicenseError, Refusal};

/// Most providers that are remembered; beyond that all are forgotten.
const PROVIDERS: usize = 1000;
/// Most codes that are exchanged at the same time: everybody who has an application can send one.
const EXCHANGES: usize = 64;
/// The same of one provider, so that one which does not answer stops nobody else's.
const EXCHANGES_OF_ONE: usize = 8;
/// How long what a provider publishes is remembered.
const LIFE: Duration = Duration::from_secs(3600);
/// How long a provider is not asked again after it was asked because no key fitted a token.
const FLOOR: Duration = Duration::from_secs(60);
/// The same after it could not be asked.
const FAILED_FLOOR: Duration = Duration::from_secs(10);

/// What a provider publishes.
pub(super) struct Discovered {
    pub(super) metadata: Metadata,
    keys: Vec<NamedKey>,
    at: Timestamp,
}

impl Discovered {
    /// The keys that can have signed a token: those of its name, or all when it names none.
    pub(super) fn keys(&self, kid: Option<&str>) -> impl Iterator<Item = &VerifyingKey> {
        let fits = move |name: &Option<String>| kid.is_none() || name.is_none() || name.as_deref() == kid;
        self.keys.iter().filter(move |(name, _)| fits(name)).map(|(_, key)| key)
    }
}

/// What providers have published, and the way to them.
pub(crate) struct Discoveries {
    pub(crate) http: OnceLock<Arc<dyn ProviderHttp>>,
    /// By site and settings: what was asked with other settings is not what these settings lead to.
    known: Mutex<HashMap<Named, Arc<Provider>>>,
    exchanges: Semaphore,
}

impl Default for Discoveries {
    fn default() -> Self {
        Self { http: OnceLock::default(), known: Mutex::default(), exchanges: Semaphore::new(EXCHANGES) }
    }
}

/// Site, and digest of the settings.
type Named = (SiteId, [u8; 32]);

/// One provider, for all who ask for it.
struct Provider {
    state: Mutex<State>,
    /// Held while the provider is asked, so that it is asked once. Whoever needs only what is known does not wait for it.
    asking: tokio::sync::Mutex<()>,
    exchanges: Semaphore,
}

/// What is known of one provider.
#[derive(Default)]
struct State {
    current: Option<Arc<Discovered>>,
    failed_at: Option<Timestamp>,
    refreshed_at: Option<Timestamp>,
}

impl Discoveries {
    fn provider(&self, site: SiteId, settings: &SsoProvider) -> Arc<Provider> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (site, sha256(settings.to_text().as_bytes()));
        if known.len() >= PROVIDERS && !known.contains_key(&key) {
            known.clear();
        }
        let provider = || Provider {
            state: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            exchanges: Semaphore::new(EXCHANGES_OF_ONE),
        };
        known.entry(key).or_insert_with(|| Arc::new(provider())).clone()
    }
}

impl Provider {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known and not too old.
    fn fresh(&self, now: Timestamp) -> Option<Arc<Discovered>> {
        self.state().current.clone().filter(|current| within(current.at, LIFE, now))
    }
}

/// Exchanges a code, if there is a place for it.
pub(super) async fn exchanging<T>(
    asking: Asking<'_>,
    exchange: impl Future<Output = Result<T, LicenseError>>,
) -> Result<T, LicenseError> {
    let provider = asking.ctx.discoveries.provider(asking.site, asking.settings);
    let _own = provider.exchanges.try_acquire().map_err(|_| Refusal::TooMany(1))?;
    let _place = asking.ctx.discoveries.exchanges.try_acquire().map_err(|_| Refusal::TooMany(1))?;
    exchange.await
}

/// What a provider publishes, at most an hour old.
pub(super) async fn discover(asking: Asking<'_>) -> Result<Arc<Discovered>, LicenseError> {
    let provider = asking.ctx.discoveries.provider(asking.site, asking.settings);
    if let Some(current) = provider.fresh(asking.ctx.now()) {
        return Ok(current);
    }
    let _asking = provider.asking.lock().await;
    match provider.fresh(asking.ctx.now()) {
        Some(current) => Ok(current),
        None => ask(asking, &provider).await,
    }
}

/// The same, asked again because no key that `seen` has fits a token; for this reason not more often than once a minute.
pub(super) async fn refresh(asking: Asking<'_>, seen: &Arc<Discovered>) -> Result<Arc<Discovered>, LicenseError> {
    let provider = asking.ctx.discoveries.provider(asking.site, asking.settings);
    let _asking = provider.asking.lock().await;
    let now = asking.ctx.now();
    {
        let mut state = provider.state();
        let was_refreshed = state.refreshed_at.is_some_and(|at| within(at, FLOOR, now));
        if let Some(current) = &state.current
            && (!Arc::ptr_eq(current, seen) || was_refreshed)
        {
            return Ok(current.clone());
        }
        state.refreshed_at = Some(now);
    }
    ask(asking, &provider).await
}

async fn ask(asking: Asking<'_>, provider: &Provider) -> Result<Arc<Discovered>, LicenseError> {
    let now = asking.ctx.now();
    if provider.state().failed_at.is_some_and(|failed_at| within(failed_at, FAILED_FLOOR, now)) {
        return Err(unavailable("the provider could not be asked a moment ago", None));
    }
    let asked = fetch(asking, now).await.map(Arc::new);
    let mut state = provider.state();
    match &asked {
        Ok(discovered) => {
            state.current = Some(discovered.clone());
            state.failed_at = None;
        }
        Err(_) => state.failed_at = Some(now),
    }
    asked
}

async fn fetch(asking: Asking<'_>, at: Timestamp) -> Result<Discovered, LicenseError> {
    let url = format!("{}/.well-known/openid-configuration", asking.settings.issuer.trim_end_matches('/'));
    let bytes = asking.get(&url, None).await;
    let bytes = bytes.map_err(|error| unavailable("the provider's configuration", Some(&error)))?;
    let metadata = Metadata::read(&bytes, asking.settings);
    let metadata = metadata.map_err(|error| unavailable("the provider's configuration", Some(&error)))?;
    let bytes = asking.get(&metadata.jwks_uri, None).await;
    let bytes = bytes.map_err(|error| unavailable("the provider's keys", Some(&error)))?;
    let keys = read_keys(&bytes, algorithm_of(asking.settings));
    let keys = keys.map_err(|error| unavailable("the provider's keys", Some(&error)))?;
    Ok(Discovered { metadata, keys, at })
}

/// Whether less than a span has passed since a time. A time that lies ahead was noted while a clock was wrong.
fn within(since: Timestamp, span: Duration, now: Timestamp) -> bool {
    since <= now && now < since.plus(span)
}
