//! Hashing passwords: expensive on purpose, so it runs on threads for blocking work, and only so much at once.

use countersign_crypto::Secret;
use countersign_crypto::password::{hash_password, verify_password};
use tokio::sync::{OnceCell, Semaphore};

use crate::{Ctx, Fault};

/// Hashes that are computed at once. Each takes 19 MiB and some 30 ms.
const RUNNING: usize = 2;
/// Hashes that may wait; a guess beyond that is turned away at once.
const WAITING: usize = 64;

/// Bounds the work on passwords.
pub(crate) struct PasswordPool {
    running: Semaphore,
    waiting: Semaphore,
    /// A hash of nobody's password: an unknown user costs as much time as a known one.
    decoy: OnceCell<String>,
}

impl Default for PasswordPool {
    fn default() -> Self {
        Self { running: Semaphore::new(RUNNING), waiting: Semaphore::new(WAITING), decoy: OnceCell::new() }
    }
}

/// Too many passwords are being checked.
pub(super) struct TooMany;

impl Ctx {
    /// Hashes a password for the store.
    pub(super) async fn hash_password(&self, password: Secret<String>) -> Result<String, Fault> {
        let rng = self.parts.rng.clone();
        Ok(tokio::task::spawn_blocking(move || hash_password(&*rng, password.expose())).await?)
    }

    /// Whether a password belongs to a hash; without a hash the answer is no, after the same time.
    pub(super) async fn check_password(
        &self,
        hash: Option<String>,
        password: Secret<String>,
    ) -> Result<Result<bool, TooMany>, Fault> {
        let Ok(_place) = self.passwords.waiting.try_acquire() else { return Ok(Err(TooMany)) };
        let Ok(_turn) = self.passwords.running.acquire().await else { return Ok(Err(TooMany)) };
        let known = hash.is_some();
        let hash = match hash {
            Some(hash) => hash,
            None => {
                self.passwords.decoy.get_or_try_init(|| self.hash_password(Secret::new(String::new()))).await?.clone()
            }
        };
        let fits = tokio::task::spawn_blocking(move || verify_password(&hash, password.expose())).await?;
        Ok(Ok(fits && known))
    }
}
