//! Use cases: what Countersign does, independent of the protocol that asks for it and of the store that keeps it.
//!
//! This is the only crate that opens units of work, and the only one that makes principals: an
//! [`devices::AuthenticatedDevice`] or an [`users::Operator`] exists only because a credential was verified here.
//! Commands, doors and tests call the same functions; there is no second way to do a thing.
//!
//! This crate must never know a status code, a header, JSON, or which store it runs on.

pub mod ahead;
pub mod answers;
pub mod backup;
mod ctx;
pub mod devices;
pub mod downloads;
mod failure_limit;
mod fault;
pub mod files;
pub mod installation;
pub mod keys;
pub mod license_api;
pub mod license_proof;
pub mod licensing;
pub mod listing;
mod lost;
mod memo;
pub mod oauth;
pub mod packages;
pub mod polling;
pub mod products;
mod rate_limits;
pub mod releases;
pub mod retention;
pub mod scrub;
mod signature_budget;
pub mod sites;
pub mod storages;
pub mod trails;
pub mod updates;
pub mod users;
pub mod webhooks;
mod work;
mod writes;

pub use countersign_store::Clock;
pub use countersign_store::repositories::{Page, StatusReportFilter};
pub use ctx::{Ctx, Parts};
pub use fault::Fault;
pub use memo::{Memo, MemoCounts};
pub use rate_limits::RateLimits;
pub use work::Work;
pub use writes::WriteCounts;
