//! Private keys and secrets at rest, and the place where signatures are made.
//!
//! The [`Vault`] seals what the store keeps with the master key, which never enters the store. The [`SigningPool`] makes
//! RSA signatures on threads of its own, because one of them costs as much as hundreds of requests.
//! This crate must never know a store, a site or HTTP: callers say what a sealed value is for, as a label.

mod master_key;
mod private_file;
mod signing_pool;
mod vault;

pub use master_key::{MasterKey, MasterKeyError, MasterKeySource};
pub use signing_pool::{SigningCounts, SigningError, SigningPool, ToSign};
pub use vault::{KeyedDigests, SealedValueError, Vault};
