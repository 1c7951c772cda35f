//! Writes, site by site: one site that floods the store with them must not make the others wait.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_domain::ids::SiteId;
use countersign_store::{BoxFuture, StoreError, Tx};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::Ctx;

/// Units that one site may have in the store's queue. Two groups of the embedded store: its writer never waits for the
/// next, and another site waits for no more than these.
const QUEUED: usize = 512;
/// Units that may wait for that. At some thousand units a second the last one waits for half a second.
const WAITING: usize = 2048;

/// The share of each site, and what has become of units.
#[derive(Default)]
pub(crate) struct Writes {
    /// One entry a site, for as long as the process lives.
    shares: Mutex<HashMap<SiteId, Arc<Share>>>,
    committed: AtomicU64,
    refused: AtomicU64,
    deferred: AtomicU64,
    micros: AtomicU64,
}

struct Share {
    queued: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// What has become of units of work that may write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WriteCounts {
    /// Units that were committed.
    pub committed: u64,
    /// Units that were rolled back, by their own decision or the store's.
    pub refused: u64,
    /// Units that were not begun because too many of their site waited.
    pub deferred: u64,
    /// Time that committed units took, all together, in seconds.
    pub seconds: f64,
}

impl Ctx {
    /// Runs a unit of work of one site that may write. When too many units of the site wait already, it is refused with
    /// [`StoreError::Busy`].
    pub(crate) async fn write<T, E, F>(&self, site: SiteId, unit: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut dyn Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let Some(place) = self.writes.enter(site).await else {
            self.writes.deferred.fetch_add(1, Ordering::Relaxed);
            return Err(StoreError::Busy.into());
        };
        let began = Instant::now();
        let tells = Arc::new(AtomicBool::new(false));
        let told = tells.clone();
        let outcome = self.store().write(move |tx| {
            Box::pin(async move {
                let outcome = unit(&mut *tx).await;
                told.store(tx.outbox().has_written(), Ordering::Relaxed);
                // Given back by the unit and not by its caller, who may go away while it still stands in the queue.
                drop(place);
                outcome
            })
        });
        let outcome = outcome.await;
        self.writes.count(outcome.is_ok(), began);
        if outcome.is_ok() && tells.load(Ordering::Relaxed) {
            self.webhooks.wake();
        }
        outcome
    }
}

impl Writes {
    /// What has become of units so far.
    pub(crate) fn counts(&self) -> WriteCounts {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "the sum of centuries is exact enough")]
        let seconds = count(&self.micros) as f64 / 1e6;
        let (committed, refused, deferred) = (count(&self.committed), count(&self.refused), count(&self.deferred));
        WriteCounts { committed, refused, deferred, seconds }
    }

    /// A place in the queue, unless too many units of the site wait for one.
    async fn enter(&self, site: SiteId) -> Option<OwnedSemaphorePermit> {
        let share = {
            let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
            shares.entry(site).or_default().clone()
        };
        if let Ok(place) = share.queued.clone().try_acquire_owned() {
            return Some(place);
        }
        let _waiting = Waiting::begin(&share.waiting)?;
        share.queued.clone().acquire_owned().await.ok()
    }

    fn count(&self, committed: bool, began: Instant) {
        if committed {
            self.committed.fetch_add(1, Ordering::Relaxed);
            let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.micros.fetch_add(micros, Ordering::Relaxed);
        } else {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Default for Share {
    fn default() -> Self {
        Self { queued: Arc::new(Semaphore::new(QUEUED)), waiting: AtomicUsize::new(0) }
    }
}

/// One that waits; it no longer does when this is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Option<Self> {
        let waiting = Self(count);
        // Counted first and looked at then: of two that come at once, at most one too many is turned away.
        (count.fetch_add(1, Ordering::Relaxed) < WAITING).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn a_site_that_floods_waits_alone() {
        let writes = Writes::default();
        let (flooding, other) = (SiteId(1), SiteId(2));
        let mut held = Vec::new();
        for _ in 0..QUEUED {
            held.push(writes.enter(flooding).await.unwrap());
        }
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(writes.enter(flooding))).collect();
        for place in &mut waiting {
            assert!(place.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert!(writes.enter(flooding).await.is_none(), "a unit beyond the limit was let in");
        assert!(writes.enter(other).await.is_some());
        held.clear();
        for place in waiting {
            assert!(place.await.is_some(), "each has given its place back");
        }
        assert!(writes.enter(flooding).await.is_some());
    }
}
