//! One unit of work on one connection.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use countersign_store::repositories::{
    AccessTokens, AuthorizationKeys, Files, Installation, Packages, Products, SigningKeys, SiteSecrets, Sites, Updates,
    Users,
};
use countersign_store::{ErasedUnit, StoreError, Tx};
use rusqlite::Connection;

/// A transaction that is open on a connection. All repositories are methods of this one value.
pub(crate) struct SqliteTx<'c> {
    pub(crate) connection: &'c mut Connection,
}

impl Tx for SqliteTx<'_> {
    fn access_tokens(&mut self) -> &mut dyn AccessTokens {
        self
    }
    fn authorization_keys(&mut self) -> &mut dyn AuthorizationKeys {
        self
    }
    fn files(&mut self) -> &mut dyn Files {
        self
    }
    fn installation(&mut self) -> &mut dyn Installation {
        self
    }
    fn packages(&mut self) -> &mut dyn Packages {
        self
    }
    fn products(&mut self) -> &mut dyn Products {
        self
    }
    fn signing_keys(&mut self) -> &mut dyn SigningKeys {
        self
    }
    fn site_secrets(&mut self) -> &mut dyn SiteSecrets {
        self
    }
    fn sites(&mut self) -> &mut dyn Sites {
        self
    }
    fn updates(&mut self) -> &mut dyn Updates {
        self
    }
    fn users(&mut self) -> &mut dyn Users {
        self
    }
}

/// Runs a unit to its end on this thread, and says whether it wants to be committed.
///
/// Everything that a repository does here is ready at once, so the unit's future is polled exactly once: a unit that is
/// not finished then has awaited something else.
pub(crate) fn run(connection: &mut Connection, unit: ErasedUnit) -> Result<bool, StoreError> {
    let poll = catch_unwind(AssertUnwindSafe(|| {
        let mut transaction = SqliteTx { connection };
        unit(&mut transaction).as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }));
    match poll {
        Ok(Poll::Ready(commit)) => Ok(commit),
        Ok(Poll::Pending) => Err(StoreError::Suspended),
        Err(_) => Err(StoreError::Panicked),
    }
}
