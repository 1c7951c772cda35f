//! What this process holds of all sites, and how it learns of changes.
//!
//! The store counts every committed change. A process compares its own number with the store's every 250 ms, and before
//! it gives any negative answer: what it does not know may be newer than its snapshot.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use countersign_domain::ids::{Generation, SiteId};
use countersign_domain::time::Timestamp;
use tokio::sync::Mutex;

use super::load;
use super::snapshot::SiteSnapshot;
use crate::{Ctx, Fault};

/// The state of all sites at one generation.
#[derive(Default)]
pub(crate) struct Sites {
    generation: Option<Generation>,
    pub(crate) by_id: HashMap<SiteId, Arc<SiteSnapshot>>,
    pub(crate) by_name: HashMap<String, Arc<SiteSnapshot>>,
    pub(crate) by_host: HashMap<String, Arc<SiteSnapshot>>,
}

/// The current state, and the order in which it is replaced.
#[derive(Default)]
pub(crate) struct Directory {
    current: ArcSwap<Sites>,
    /// Held while the store is compared: one comparison at a time.
    comparing: Mutex<()>,
    /// Number of comparisons begun. One that began after a request came is certain enough for that request.
    begun: AtomicU64,
    /// Number of the last comparison that succeeded.
    succeeded: AtomicU64,
    /// When the last comparison that succeeded began, in milliseconds since 1970.
    current_at: AtomicI64,
}

/// Older knowledge than this is compared with the store before a request is answered from it.
const FRESH: Duration = Duration::from_secs(1);
/// Older knowledge than this answers nothing: a key may have been revoked since.
const USABLE: Duration = Duration::from_secs(5);

impl Directory {
    pub(crate) fn current(&self) -> Arc<Sites> {
        self.current.load_full()
    }
}

impl Ctx {
    /// Compares with the store and takes over what changed. Callers that wait for the same comparison share it.
    ///
    /// # Errors
    /// [`Fault`] when the store cannot be read or a stored key cannot be used; the old state stays.
    pub async fn refresh(&self) -> Result<(), Fault> {
        let directory = &self.directory;
        let arrived = directory.begun.load(Ordering::SeqCst);
        let _turn = directory.comparing.lock().await;
        if directory.succeeded.load(Ordering::SeqCst) > arrived {
            return Ok(());
        }
        let number = directory.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let began_at = self.now();
        self.compare().await?;
        directory.succeeded.store(number, Ordering::SeqCst);
        directory.current_at.store(began_at.as_millis(), Ordering::SeqCst);
        Ok(())
    }

    /// Makes sure that what this process knows is recent enough to answer from. Usually the worker that follows changes
    /// has seen to that; when it cannot read the store, requests try by themselves, and after five seconds they fail.
    ///
    /// # Errors
    /// [`Fault`] when the store has not been read for five seconds.
    pub(crate) async fn ensure_recent(&self) -> Result<(), Fault> {
        let (now, known) = (self.now(), Timestamp::from_millis(self.directory.current_at.load(Ordering::SeqCst)));
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
        let held: HashMap<SiteId, Generation> =
            current.by_id.iter().map(|(id, snapshot)| (*id, snapshot.site.generation)).collect();
        let changes = self
            .store()
            .read::<_, Fault, _>(move |tx| {
                Box::pin(async move {
                    let generation = tx.sites().generation().await?;
                    if Some(generation) == known {
                        return Ok(None);
                    }
                    let sites = tx.sites().list().await?;
                    let ids: Vec<SiteId> = sites.iter().map(|site| site.id).collect();
                    let mut rows = Vec::new();
                    for site in sites {
                        if held.get(&site.id) != Some(&site.generation) {
                            rows.push((site.id, load::read(tx, site).await?));
                        }
                    }
                    Ok(Some((generation, ids, rows)))
                })
            })
            .await?;
        let Some((generation, ids, rows)) = changes else { return Ok(()) };
        let mut snapshots: HashMap<SiteId, Arc<SiteSnapshot>> = current.by_id.clone();
        for (id, rows) in rows {
            let snapshot = load::build(&self.parts.vault, rows, snapshots.get(&id).map(|previous| &**previous))?;
            snapshots.insert(id, Arc::new(snapshot));
        }
        let mut next = Sites { generation: Some(generation), ..Sites::default() };
        for snapshot in ids.iter().filter_map(|id| snapshots.remove(id)) {
            next.by_name.insert(snapshot.site.name.as_str().to_owned(), snapshot.clone());
            for host in &snapshot.site.settings.hosts {
                next.by_host.insert(host.clone(), snapshot.clone());
            }
            next.by_id.insert(snapshot.site.id, snapshot);
        }
        self.directory.current.store(Arc::new(next));
        Ok(())
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
        if let Ok(value) = decide(snapshot) {
            return Ok((snapshot.clone(), Ok(value)));
        }
        self.refresh().await?;
        let latest = self.latest(snapshot);
        let decision = decide(&latest);
        Ok((latest, decision))
    }
}
