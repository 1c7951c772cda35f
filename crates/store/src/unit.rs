//! Units of work: how a closure with its own result type travels to wherever the connection lives.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{CheckDepth, CommitCounts, Copied, StoreError, Tx};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A unit of work without its result type: the back end learns only whether to commit (`true`) or to roll back.
pub type ErasedUnit = Box<dyn for<'t> FnOnce(&'t mut dyn Tx) -> BoxFuture<'t, bool> + Send>;

/// Hears what has become of a unit.
pub type Ended = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Gives units that are run in the commits of events, or none this time.
pub type Follower = Box<dyn Fn() -> Option<(ErasedUnit, Ended)> + Send>;

/// What a database has to offer to be a store.
///
/// Both methods resolve after the outcome is final: for `write` after the commit is on disk. Dropping the returned
/// future must not stop a unit that has begun. A caller drops it or polls it to its end: what it carries may be the answers
/// of others, too.
///
/// `Ok(())` says that the unit's own result stands: it was committed, or it refused and had seen nothing but what is
/// committed. An error replaces the unit's result, a refusal too: a unit that refused may have judged rows that never
/// came to be. A commit that failed while it was made is [`StoreError::OutcomeUnknown`]; every other error promises that
/// nothing of the unit was kept.
///
/// A unit never commits after a failure: once an operation of its transaction has given a [`StoreError`], every further
/// operation gives [`StoreError::Poisoned`], and if the unit returns `Ok` all the same, so does the back end.
pub trait Backend: Send + Sync {
    /// Runs a unit that may write. A store may run several at once; those that have called `touch` of
    /// [`Sites`](crate::repositories::Sites) go on one after the other.
    fn write(&self, unit: ErasedUnit) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Asks for a unit whenever units that have written an event are about to be committed, and runs it after them in the same
    /// commit; `None` takes the follower away. Only one is asked. `false`: the store cannot do that.
    fn follow(&self, follower: Option<Follower>) -> bool {
        drop(follower);
        false
    }

    /// Runs a unit that only reads, on one consistent view.
    fn read(&self, unit: ErasedUnit) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Runs a unit that reads a few rows by their keys. A store may do that on the thread that asks.
    fn look_up(&self, unit: ErasedUnit) -> BoxFuture<'_, Result<(), StoreError>> {
        self.read(unit)
    }

    /// Writes the database as it is at one moment into a new file that its owner alone can read, while units go on. A file
    /// of that name is an error.
    fn copy_to(&self, file: PathBuf) -> BoxFuture<'_, Result<Copied, StoreError>>;

    /// Looks for damage, and gives a line for each kind that was found. A database that looks after itself gives none.
    fn check(&self, depth: CheckDepth) -> BoxFuture<'_, Result<Vec<String>, StoreError>>;

    /// How writes have become durable so far.
    fn commits(&self) -> CommitCounts;

    /// Refuses new units, finishes those that wait, and releases the database.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// The store: cheap to clone, the same for every database.
#[derive(Clone)]
pub struct Store {
    backend: Arc<dyn Backend>,
}

impl Store {
    /// A store over a database.
    pub fn new(backend: impl Backend + 'static) -> Self {
        Self { backend: Arc::new(backend) }
    }

    /// Runs a unit of work that may write. Its writes are durable when this returns `Ok`.
    ///
    /// Inside, await nothing but the transaction: no network, no timer, no signing.
    ///
    /// # Errors
    /// The unit's own error after a rollback, or [`StoreError`] (as `E`) when the store could not run or commit it, or
    /// when the unit returned `Ok` although one of its operations had failed.
    pub async fn write<T, E, F>(&self, unit: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut dyn Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (slot, erased) = erase(unit);
        let outcome = self.backend.write(erased).await;
        settle(&slot, outcome)
    }

    /// Runs a further unit of work in every commit in which others have written an event: whoever goes on with what others have
    /// written then needs no commit of its own. `next` is asked for it on the store's thread, and may have none; `ended` hears
    /// there what has become of it, before those who have written do. `false`: this store cannot do that.
    pub fn follow<T, E, U>(
        &self,
        next: impl Fn() -> Option<U> + Send + 'static,
        ended: impl Fn(Result<T, E>) + Send + Sync + 'static,
    ) -> bool
    where
        U: for<'t> FnOnce(&'t mut dyn Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let ended = Arc::new(ended);
        self.backend.follow(Some(Box::new(move || {
            let (slot, unit) = erase(next()?);
            let ended = ended.clone();
            Some((unit, Box::new(move |outcome| ended(settle(&slot, outcome))) as Ended))
        })))
    }

    /// Runs no further units in the commits of others. One that has begun comes to its end.
    pub fn unfollow(&self) {
        self.backend.follow(None);
    }

    /// Runs a unit of work that only reads.
    ///
    /// # Errors
    /// As [`Store::write`]; a unit that tries to write fails.
    pub async fn read<T, E, F>(&self, unit: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut dyn Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (slot, erased) = erase(unit);
        let outcome = self.backend.read(erased).await;
        settle(&slot, outcome)
    }

    /// Runs a unit of work that reads a few rows by their keys, and no list. It may run on the calling thread: a longer one
    /// holds up others there.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn look_up<T, E, F>(&self, unit: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut dyn Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (slot, erased) = erase(unit);
        let outcome = self.backend.look_up(erased).await;
        settle(&slot, outcome)
    }

    /// Writes the database as it is at one moment into a new file, while units go on.
    ///
    /// # Errors
    /// [`StoreError::Backend`] when the file exists or cannot be written. What is left of it is of no use.
    pub async fn copy_to(&self, file: PathBuf) -> Result<Copied, StoreError> {
        self.backend.copy_to(file).await
    }

    /// Looks for damage in the database, and gives a line for each kind that was found.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot even be read.
    pub async fn check(&self, depth: CheckDepth) -> Result<Vec<String>, StoreError> {
        self.backend.check(depth).await
    }

    /// How writes have become durable so far.
    #[must_use]
    pub fn commits(&self) -> CommitCounts {
        self.backend.commits()
    }

    /// Finishes what was begun and releases the database.
    pub async fn close(&self) {
        self.backend.close().await;
    }
}

/// Where a unit leaves its result while the back end decides between commit and rollback.
type Slot<T, E> = Arc<Mutex<Option<Result<T, E>>>>;

fn erase<T, E, F>(unit: F) -> (Slot<T, E>, ErasedUnit)
where
    F: for<'t> FnOnce(&'t mut dyn Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let slot: Slot<T, E> = Arc::new(Mutex::new(None));
    let place = slot.clone();
    let erased: ErasedUnit = Box::new(move |tx| {
        Box::pin(async move {
            let result = unit(tx).await;
            let commit = result.is_ok();
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            commit
        })
    });
    (slot, erased)
}

fn settle<T, E: From<StoreError>>(slot: &Slot<T, E>, outcome: Result<(), StoreError>) -> Result<T, E> {
    let result = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (outcome, result) {
        (Ok(()), Some(result)) => result,
        // Also over a refusal: what the unit judged may never have been there.
        (Err(error), _) => Err(error.into()),
        (Ok(()), None) => Err(StoreError::OutcomeUnknown.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Refusal {
        #[error("the rule says no")]
        Rule,
        #[error(transparent)]
        Store(#[from] StoreError),
    }

    fn settled(result: Option<Result<u8, Refusal>>, outcome: Result<(), StoreError>) -> Result<u8, Refusal> {
        settle(&Arc::new(Mutex::new(result)), outcome)
    }

    #[test]
    fn an_error_of_the_store_wins_over_what_the_unit_says() {
        assert!(matches!(settled(Some(Ok(7)), Ok(())), Ok(7)));
        assert!(matches!(settled(Some(Err(Refusal::Rule)), Ok(())), Err(Refusal::Rule)));
        for result in [Some(Ok(7)), Some(Err(Refusal::Rule)), None] {
            let settled = settled(result, Err(StoreError::Busy));
            assert!(matches!(settled, Err(Refusal::Store(StoreError::Busy))), "{settled:?}");
        }
        assert!(matches!(settled(None, Ok(())), Err(Refusal::Store(StoreError::OutcomeUnknown))));
    }
}
