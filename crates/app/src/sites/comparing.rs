//! Comparing what this process knows with the store, one comparison at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use countersign_domain::site::Site;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use tokio::sync::Mutex;

use super::directory::Sites;
use super::load;
use super::snapshot::SiteSnapshot;
use crate::installation::ensure_fits;
use crate::oauth::issuer_of;
use crate::{Ctx, Fault};

/// Older knowledge than this is compared with the store before a request is answered from it.
const FRESH: Duration = Duration::from_secs(1);
/// Older knowledge than this answers nothing: a key may have been revoked since.
const USABLE: Duration = Duration::from_secs(5);
/// Longest wait for the store in one comparison. A store that hangs must not hold every request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Order and outcome of comparisons. Those who wait for one share the next: one that began after a request came is
/// certain enough for that request, and when it failed the request need not try again.
#[derive(Default)]
pub(crate) struct Comparisons {
    /// Held while the store is compared.
    turn: Mutex<()>,
    /// Number of comparisons begun.
    begun: AtomicU64,
    /// Number of the last comparison that ended, and of the last one that succeeded.
    ended: AtomicU64,
    succeeded: AtomicU64,
    /// When the last comparison that succeeded began, in milliseconds since 1970.
    current_at: AtomicI64,
}

impl Ctx {
    /// Compares with the store and takes over what changed.
    ///
    /// # Errors
    /// [`Fault`] when the store cannot be read; the old state stays. A single site that cannot be loaded is no error
    /// here: it keeps its old state, is tried again at the next change, and is logged.
    pub async fn refresh(&self) -> Result<(), Fault> {
        let comparisons = &self.directory.comparisons;
        let arrived = comparisons.begun.load(Ordering::SeqCst);
        let _turn = comparisons.turn.lock().await;
        if comparisons.ended.load(Ordering::SeqCst) > arrived {
            let succeeded = comparisons.succeeded.load(Ordering::SeqCst) > arrived;
            return if succeeded { Ok(()) } else { Err(Fault::StoreUnavailable) };
        }
        let number = comparisons.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let began_at = self.now();
        let outcome = match tokio::time::timeout(PATIENCE, self.compare()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Fault::StoreTimeout),
        };
        comparisons.ended.store(number, Ordering::SeqCst);
        if outcome.is_ok() {
            comparisons.succeeded.store(number, Ordering::SeqCst);
            comparisons.current_at.store(began_at.as_millis(), Ordering::SeqCst);
        }
        outcome
    }

    /// Makes sure that what this process knows is recent enough to answer from. Usually the worker that follows changes
    /// has seen to that; when it cannot read the store, requests try by themselves, and after five seconds they fail.
    ///
    /// # Errors
    /// [`Fault`] when the store has not been read for five seconds.
    pub(crate) async fn ensure_recent(&self) -> Result<(), Fault> {
        let known = Timestamp::from_millis(self.directory.comparisons.current_at.load(Ordering::SeqCst));
        let now = self.now();
        if now <= known.plus(FRESH) {
            return Ok(());
        }
        match self.refresh().await {
            Err(_) if now <= known.plus(USABLE) => Ok(()),
            outcome => outcome,
        }
    }

    async fn compare(&self) -> Result<(), Fault> {
        let current = self.directory.current();
        let known = current.generation;
        let vault = self.parts.vault.clone();
        let changed = self
            .store()
            .read::<_, Fault, _>(move |tx| {
                Box::pin(async move {
                    let generation = tx.sites().generation().await?;
                    if Some(generation) == known {
                        return Ok(None);
                    }
                    // A process whose master key was replaced could open nothing new, and must not go on as if it did.
                    ensure_fits(tx, &vault).await?;
                    Ok(Some((generation, tx.sites().list().await?)))
                })
            })
            .await?;
        let Some((generation, sites)) = changed else { return Ok(()) };
        let mut snapshots = current.by_id.clone();
        for site in &sites {
            let previous = snapshots.get(&site.id).cloned();
            if previous.as_ref().is_some_and(|snapshot| snapshot.site.generation == site.generation) {
                continue;
            }
            match self.load(site, previous).await {
                Ok(Some(snapshot)) => {
                    snapshots.insert(site.id, Arc::new(snapshot));
                }
                Ok(None) => {}
                Err(
                    error @ Fault::Store(StoreError::BrokenRow { .. }) | error @ (Fault::Key { .. } | Fault::Sealed(_)),
                ) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(site = %site.name, error, "a site cannot be loaded; it stays as it was");
                }
                Err(error) => return Err(error),
            }
        }
        self.directory.current.store(Arc::new(Sites::new(generation, &sites, &snapshots)));
        Ok(())
    }

    /// Loads one site, on a view of its own: a row that cannot be read spoils the unit that reads it. `None` when the
    /// site is gone meanwhile.
    pub(super) async fn load(
        &self,
        site: &Site,
        previous: Option<Arc<SiteSnapshot>>,
    ) -> Result<Option<SiteSnapshot>, Fault> {
        let name = site.name.clone();
        let rows = self
            .store()
            .read::<_, Fault, _>(move |tx| {
                Box::pin(async move {
                    match tx.sites().find(&name).await? {
                        Some(site) => Ok(Some(load::read(tx, site).await?)),
                        None => Ok(None),
                    }
                })
            })
            .await?;
        let Some(rows) = rows else { return Ok(None) };
        let (vault, now) = (self.parts.vault.clone(), self.now());
        // Where blocking is allowed: loading a private key costs as much as a signature.
        let issuer = issuer_of(&self.parts, site);
        let build = move || load::build(&vault, rows, issuer, previous.as_deref(), now);
        Ok(Some(tokio::task::spawn_blocking(build).await??))
    }

    /// The site's snapshot of this moment, or the given one when the site is gone.
    pub(crate) fn latest(&self, snapshot: &Arc<SiteSnapshot>) -> Arc<SiteSnapshot> {
        self.directory.current().by_id.get(&snapshot.site.id).unwrap_or(snapshot).clone()
    }

    /// Decides on the site's snapshot. A refusal is repeated on a state that was compared with the store after the
    /// request came, so that what another process has just published is never refused.
    ///
    /// The snapshot that the decision was made on comes with it.
    ///
    /// # Errors
    /// [`Fault`] when a refusal could not be made certain.
    pub(crate) async fn certainly<T, N>(
        &self,
        snapshot: &Arc<SiteSnapshot>,
        decide: impl Fn(&Arc<SiteSnapshot>) -> Result<T, N>,
    ) -> Result<(Arc<SiteSnapshot>, Result<T, N>), Fault> {
        // The caller may have waited for a body or a lock since it got its snapshot.
        let latest = self.latest(snapshot);
        if let Ok(value) = decide(&latest) {
            return Ok((latest, Ok(value)));
        }
        self.refresh().await?;
        let latest = self.latest(&latest);
        let decision = decide(&latest);
        Ok((latest, decision))
    }
}
