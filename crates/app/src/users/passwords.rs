//! Hashing passwords: expensive on purpose, so it runs on threads for blocking work, and only so much at once.
//!
//! The places are given back when the work ends, not when its caller goes away: a client that closes its connections at
//! once must not be able to start more work than is allowed.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_crypto::Secret;
use countersign_crypto::password::{hash_password, verify_password};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Ctx, Fault};

/// Hashes that are computed at once. Each takes 19 MiB and some 30 ms.
const RUNNING: usize = 2;
/// Hashes that run or wait; a guess beyond that is turned away at once.
const WAITING: usize = 64;

/// Bounds the work on passwords.
pub(crate) struct PasswordPool {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// A hash of nobody's password: an unknown user costs as much time as a known one.
    decoy: Arc<Mutex<Option<String>>>,
}

impl Default for PasswordPool {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(RUNNING)),
            waiting: Arc::new(Semaphore::new(WAITING)),
            decoy: Arc::default(),
        }
    }
}

/// Too many passwords are being checked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl Ctx {
    /// Hashes a password for the store.
    pub(super) async fn hash_password(&self, password: Secret<String>) -> Result<String, Fault> {
        let rng = self.parts.rng.clone();
        Ok(tokio::task::spawn_blocking(move || hash_password(&*rng, password.expose())).await?)
    }

    /// Whether a password belongs to a hash; without a hash the answer is no, after the same time. A password that fits is
    /// remembered together with its hash, so that who sends it with every request does not cost 30 ms each time.
    pub(super) async fn check_password(
        &self,
        hash: Option<String>,
        password: Secret<String>,
    ) -> Result<Result<bool, TooMany>, Fault> {
        let memo = hash.as_ref().map(|hash| {
            let both = Secret::new(format!("{}:{hash}:{}", hash.len(), password.expose()));
            self.parts.digests.digest(&both)
        });
        if memo.is_some_and(|memo| self.memos.passwords.get(&memo).is_some()) {
            return Ok(Ok(true));
        }
        let Some(place) = self.passwords.place().await else { return Ok(Err(TooMany)) };
        let (rng, decoy) = (self.parts.rng.clone(), self.passwords.decoy.clone());
        let work = move || {
            let fits = match hash {
                Some(hash) => verify_password(&hash, password.expose()),
                None => {
                    let mut decoy = decoy.lock().unwrap_or_else(PoisonError::into_inner);
                    let hash = decoy.get_or_insert_with(|| hash_password(&*rng, "")).clone();
                    drop(decoy);
                    verify_password(&hash, password.expose());
                    false
                }
            };
            drop(place);
            fits
        };
        let fits = tokio::task::spawn_blocking(work).await?;
        if let Some(memo) = memo.filter(|_| fits) {
            self.memos.passwords.insert(memo, ());
        }
        Ok(Ok(fits))
    }
}

impl PasswordPool {
    /// A place for one computation, or `None` when there are too many already.
    async fn place(&self) -> Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
        let waiting = self.waiting.clone().try_acquire_owned().ok()?;
        let running = self.running.clone().acquire_owned().await.ok()?;
        Some((running, waiting))
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn no_more_places_are_given_than_there_are() {
        let pool = PasswordPool::default();
        let mut held = Vec::new();
        for _ in 0..RUNNING {
            held.push(pool.place().await.unwrap());
        }
        let mut waiting: Vec<_> = (RUNNING..WAITING).map(|_| Box::pin(pool.place())).collect();
        for place in &mut waiting {
            assert!(place.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert!(pool.place().await.is_none(), "a place beyond the limit was given");
        waiting.clear();
        held.clear();
        assert!(pool.place().await.is_some());
    }
}
