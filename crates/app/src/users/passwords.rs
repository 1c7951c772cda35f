//! Hashing passwords: expensive on purpose, so it runs on threads for blocking work, and only so much at once.
//!
//! The places are given back when the work ends, not when its caller goes away: a client that closes its connections at
//! once must not be able to start more work than is allowed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_crypto::Secret;
use countersign_crypto::password::{hash_password, verify_password};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Ctx, Fault};

/// Hashes that are computed at once. Each takes 19 MiB and some 30 ms.
const RUNNING: usize = 2;
/// Hashes that run or wait; a guess beyond that is turned away at once.
const WAITING: usize = 64;
/// Hashes of them for logins from one address: whoever guesses passwords leaves places to everybody else.
const WAITING_OF_ONE: usize = 8;

/// Bounds the work on passwords.
pub(crate) struct PasswordPool {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Hashes that run or wait, by address: no more entries than places.
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
    /// A hash of nobody's password: an unknown user costs as much time as a known one.
    decoy: Arc<Mutex<Option<String>>>,
}

impl Default for PasswordPool {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(RUNNING)),
            waiting: Arc::new(Semaphore::new(WAITING)),
            by_address: Arc::default(),
            decoy: Arc::default(),
        }
    }
}

/// Too many passwords are being checked or hashed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Ctx {
    /// Hashes a password that the producer sets, for the store.
    pub(crate) async fn hash_password(&self, password: Secret<String>) -> Result<String, Fault> {
        let rng = self.parts.rng.clone();
        Ok(tokio::task::spawn_blocking(move || hash_password(&*rng, password.expose())).await?)
    }

    /// Hashes a password that somebody at an address wants to have, for the store.
    pub(crate) async fn hash_wanted_password(
        &self,
        password: Secret<String>,
        from: Option<IpAddr>,
    ) -> Result<Result<String, TooMany>, Fault> {
        let Some(place) = self.passwords.place(from).await else { return Ok(Err(TooMany)) };
        let rng = self.parts.rng.clone();
        let work = move || {
            let hash = hash_password(&*rng, password.expose());
            drop(place);
            hash
        };
        Ok(Ok(tokio::task::spawn_blocking(work).await?))
    }

    /// Whether a password belongs to a hash; without a hash the answer is no, after the same time. A password that fits is
    /// remembered together with its hash, so that who sends it with every request does not cost 30 ms each time.
    pub(crate) async fn check_password(
        &self,
        hash: Option<String>,
        password: Secret<String>,
        from: Option<IpAddr>,
    ) -> Result<Result<bool, TooMany>, Fault> {
        let memo = hash.as_ref().map(|hash| self.password_memo(hash, &password));
        let Some(place) = self.passwords.place(from).await else { return Ok(Err(TooMany)) };
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

    /// Whether a password is known to belong to a hash. This costs next to nothing.
    pub(crate) fn remembers_password(&self, hash: &str, password: &Secret<String>) -> bool {
        self.memos.passwords.get(&self.password_memo(hash, password)).is_some()
    }

    fn password_memo(&self, hash: &str, password: &Secret<String>) -> [u8; 32] {
        let both = Secret::new(format!("{}:{hash}:{}", hash.len(), password.expose()));
        self.parts.digests.digest(&both)
    }
}

impl PasswordPool {
    /// A place for one computation, or `None` when there are too many already.
    async fn place(&self, from: Option<IpAddr>) -> Option<Place> {
        let of_address = match from {
            Some(address) => Some(OfAddress::take(&self.by_address, address)?),
            None => None,
        };
        let waiting = self.waiting.clone().try_acquire_owned().ok()?;
        let running = self.running.clone().acquire_owned().await.ok()?;
        Some(Place { _of_address: of_address, _waiting: waiting, _running: running })
    }

    /// Hashes that run or wait.
    pub(crate) fn taken(&self) -> usize {
        WAITING.saturating_sub(self.waiting.available_permits())
    }
}

/// A place for one computation, given back when this is dropped.
struct Place {
    _of_address: Option<OfAddress>,
    _waiting: OwnedSemaphorePermit,
    _running: OwnedSemaphorePermit,
}

/// A place of those that an address has.
struct OfAddress {
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl OfAddress {
    fn take(taken: &Arc<Mutex<HashMap<IpAddr, usize>>>, address: IpAddr) -> Option<Self> {
        let mut places = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = places.get(&address).copied().unwrap_or(0);
        if count >= WAITING_OF_ONE {
            return None;
        }
        places.insert(address, count + 1);
        Some(Self { taken: taken.clone(), address })
    }
}

impl Drop for OfAddress {
    fn drop(&mut self) {
        let mut places = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match places.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => {
                places.remove(&self.address);
            }
        }
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
            held.push(pool.place(None).await.unwrap());
        }
        let mut waiting: Vec<_> = (RUNNING..WAITING).map(|_| Box::pin(pool.place(None))).collect();
        for place in &mut waiting {
            assert!(place.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert!(pool.place(None).await.is_none(), "a place beyond the limit was given");
        waiting.clear();
        held.clear();
        assert!(pool.place(None).await.is_some());
    }

    #[tokio::test]
    async fn one_address_leaves_places_to_others() {
        let pool = PasswordPool::default();
        let (attacker, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut places: Vec<_> = (0..WAITING_OF_ONE).map(|_| Box::pin(pool.place(Some(attacker)))).collect();
        let held: Vec<_> = places
            .iter_mut()
            .map(|place| place.as_mut().poll(&mut Context::from_waker(Waker::noop())))
            .filter(std::task::Poll::is_ready)
            .collect();
        assert_eq!(held.len(), RUNNING);
        assert!(pool.place(Some(attacker)).await.is_none());
        let mut waiting = Box::pin(pool.place(Some(other)));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(places);
        drop(held);
        assert!(waiting.await.is_some());
        assert!(pool.by_address.lock().unwrap().is_empty());
    }
}
