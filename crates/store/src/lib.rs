//! The store port: what the rest of Countersign knows about storage.
//!
//! A [`Store`] runs *units of work*: closures over `&mut dyn Tx` that commit when they return `Ok` and roll back when
//! they return `Err` or panic. [`Tx`] hands out small repositories whose inputs and outputs are domain types.
//!
//! To add a repository method: declare it in `repositories/`, add a test of it to `conformance/`, then write its SQL in
//! each store. This crate must never know SQL or a database, and holds no business rule.

mod clock;
mod commits;
mod error;
mod maintenance;
pub mod repositories;
mod unit;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use clock::Clock;
pub use commits::{CommitCounts, Commits, DURATION_BOUNDS, SIZE_BOUNDS};
pub use error::StoreError;
pub use maintenance::{CheckDepth, Copied, MigrationState};
pub use repositories::Tx;
pub use unit::{Backend, BoxFuture, Ended, ErasedUnit, Follower, Store};
