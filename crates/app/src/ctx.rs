//! What use cases work with.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use countersign_blobs::Blobs;
use countersign_crypto::Rng;
use countersign_crypto::random::DrawnAhead;
use countersign_domain::audit::{Action, Actor, Channel};
use countersign_domain::ids::SiteId;
use countersign_domain::site::SiteName;
use countersign_domain::time::Timestamp;
use countersign_store::{BoxFuture, Clock, Store, StoreError, Tx};
use countersign_vault::{KeyedDigests, SigningPool, Vault};

use crate::Fault;
use crate::ahead::Ahead;
use crate::license_api::{Discoveries, ProviderHttp};
use crate::memo::Memos;
use crate::oauth::{ClientLimits, LastUse};
use crate::rate_limits::Rates;
use crate::signature_budget::SignatureBudget;
use crate::sites::Directory;
use crate::storages::{BackEnds, UploadLimit};
use crate::users::{FurtherTokenName, PasswordPool};
use crate::webhooks::Webhooks;
use crate::writes::Writes;

/// What a process is made of; the composition root and tests fill it in.
pub struct Parts {
    /// Where rows are kept.
    pub store: Store,
    /// Where bytes are kept.
    pub blobs: Arc<dyn Blobs>,
    /// Where storages without a place of their own keep theirs: a directory, in which each has one.
    pub storages: PathBuf,
    /// Opens what the store keeps sealed.
    pub vault: Arc<Vault>,
    /// Digests tokens.
    pub digests: KeyedDigests,
    /// Makes signatures.
    pub signing: SigningPool,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes randomness.
    pub rng: Arc<dyn Rng>,
    /// External base URL of sites that have none of their own, without a trailing slash.
    pub base_url: String,
    /// Name of the site that answers when host and path name none.
    pub default_site: Option<SiteName>,
    /// Whether verified credentials, signatures and finished answers are remembered. Answers are the same without.
    pub memos: bool,
}

/// Context of use cases: cheap to clone, because every request has its own.
#[derive(Clone)]
pub struct Ctx {
    shared: Arc<Shared>,
    actor: Arc<Actor>,
}

/// What all contexts of a process share.
pub struct Shared {
    pub(crate) parts: Parts,
    /// What nonces are made of.
    pub(crate) nonces: DrawnAhead,
    pub(crate) directory: Directory,
    pub(crate) passwords: Arc<PasswordPool>,
    pub(crate) memos: Memos,
    pub(crate) ahead: Ahead,
    pub(crate) signature_budget: SignatureBudget,
    pub(crate) rates: Rates,
    pub(crate) client_limits: ClientLimits,
    pub(crate) last_use: LastUse,
    pub(crate) writes: Arc<Writes>,
    pub(crate) back_ends: BackEnds,
    pub(crate) upload_limit: UploadLimit,
    pub(crate) webhooks: Webhooks,
    pub(crate) discoveries: Discoveries,
    pub(crate) token_name: FurtherTokenName,
}

impl Deref for Ctx {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl Ctx {
    /// A context over its parts, with the state of all sites loaded.
    ///
    /// # Errors
    /// [`Fault`] when the store cannot be read or a stored key cannot be used.
    pub async fn new(parts: Parts) -> Result<Self, Fault> {
        let shared = Shared {
            memos: Memos::new(parts.memos),
            nonces: DrawnAhead::new(parts.rng.clone()),
            parts,
            directory: Directory::default(),
            passwords: Arc::new(PasswordPool::default()),
            ahead: Ahead::default(),
            signature_budget: SignatureBudget::default(),
            rates: Rates::default(),
            client_limits: ClientLimits::default(),
            last_use: LastUse::default(),
            writes: Arc::default(),
            back_ends: BackEnds::default(),
            upload_limit: UploadLimit::default(),
            webhooks: Webhooks::default(),
            discoveries: Discoveries::default(),
            token_name: FurtherTokenName::default(),
        };
        let ctx = Self { shared: Arc::new(shared), actor: Arc::new(Actor::of(Channel::System)) };
        ctx.refresh().await?;
        Ok(ctx)
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Hands in the way to OpenID providers. The first one stays.
    pub fn ask_providers_by(&self, http: Arc<dyn ProviderHttp>) {
        let _ = self.discoveries.http.set(http);
    }

    /// The same context for what somebody else does. Events and audit entries name who acts.
    #[must_use]
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self { shared: self.shared.clone(), actor: Arc::new(actor) }
    }

    /// Who acts.
    pub(crate) fn actor(&self) -> Arc<Actor> {
        self.actor.clone()
    }

    /// The injected source of randomness.
    #[must_use]
    pub fn rng(&self) -> &dyn Rng {
        &*self.parts.rng
    }

    /// The injected source of randomness, to be kept.
    #[must_use]
    pub fn shared_rng(&self) -> Arc<dyn Rng> {
        self.parts.rng.clone()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.parts.store
    }

    /// Runs an administrative unit of work that no snapshot depends on, and writes it into the audit trail.
    pub(crate) async fn record<T, E, F>(&self, site: SiteId, action: Action, unit: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut dyn Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (actor, now) = (self.actor(), self.now());
        self.write(site, move |tx| {
            Box::pin(async move {
                let value = unit(&mut *tx).await?;
                tx.audit_trail().insert(site, &actor, &action, now).await?;
                Ok(value)
            })
        })
        .await
    }

    /// Runs an administrative unit of work that changes what snapshots hold: keys, credentials, the catalog. The site's
    /// generation is counted up in the same unit, and this process sees the change before the caller goes on.
    pub(crate) async fn change<T, E, F>(&self, site: SiteId, action: Action, unit: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut dyn Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let changed = self.record(site, action, move |tx| {
            Box::pin(async move {
                // First, because it also takes the site's lock: of two units that look and then insert, the second
                // looks when the first has committed.
                tx.sites().touch(site).await?;
                unit(tx).await
            })
        });
        let value = changed.await?;
        self.load_change().await;
        Ok(value)
    }

    /// Takes over a change that was just committed. A failure is not the caller's: the change is durable, and the next
    /// look at the store will bring it here.
    pub(crate) async fn load_change(&self) {
        if let Err(error) = self.refresh().await {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "a change was not loaded at once");
        }
    }

    /// Finishes what was begun and closes the store.
    pub async fn close(&self) {
        if let Err(error) = crate::oauth::write_last_uses(self).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the last use of credentials was not written");
        }
        self.store().close().await;
    }
}
