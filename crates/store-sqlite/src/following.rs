//! Whoever goes on with what others have written, in their commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_store::{Ended, ErasedUnit, Follower, StoreError};

/// The follower of all events, if there is one. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Following(Arc<Mutex<Option<Follower>>>);

impl Following {
    /// Puts another one in its place.
    pub(crate) fn set(&self, follower: Option<Follower>) {
        *self.follower() = follower;
    }

    /// Asks it for a unit.
    pub(crate) fn next(&self) -> Option<(ErasedUnit, Ended)> {
        guard(|| self.follower().as_ref()?()).flatten()
    }

    fn follower(&self) -> MutexGuard<'_, Option<Follower>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells a follower how its unit has ended.
pub(crate) fn tell(ended: Ended, outcome: Result<(), StoreError>) {
    let _ = guard(|| ended(outcome));
}

/// Whatever becomes of a follower, the thread that all writers need goes on.
fn guard<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call))
        .inspect_err(|_| tracing::error!("going on with what was committed failed; it will be looked for"))
        .ok()
}
