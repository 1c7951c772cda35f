//! Licenses: activating them, asking what holds, counting units, holding seats, and going on for a while without the server.
//!
//! How to embed it:
//!
//! 1. make a [`LicenseClient`] from a [`LicenseConfig`]: the server's base URL, the application's credential, the product's
//!    code, the public keys that were shipped with the application, and a folder for what is kept;
//! 2. [`LicenseClient::check_or_grace`] at the start, and every so often: it asks the server and says whether the application
//!    may run, a [`LicenseState`];
//! 3. when that is [`LicenseState::NeverActivated`], ask for a key and [`LicenseClient::activate`];
//! 4. [`LicenseClient::license`] has the features and what the producer wrote beside the license; [`LicenseClient::consume`]
//!    counts units.
//!
//! What is guaranteed: no byte of an answer is used before its signature verifies with a pinned key, and no license before the
//! second signature says that it is for this device and key; a license that was copied from another machine, or was altered on the
//! disk, is refused; a clock that was set back stops the license instead of extending it; counting and activating are done
//! once however often they are sent; every wait, body and retry has a limit.
//!
//! What is not guaranteed, because the wire format has nothing for it: that an answer was made lately. Whoever can change
//! traffic can play back what was signed before for this device and key, and can end a license with a refusal, which is never
//! signed. Use `https`. And whoever owns the machine can change this program: a license keeps honest people honest.

mod activation;
mod air_gap;
mod answer;
mod bundles;
mod cache;
mod call;
mod client;
mod clock;
mod config;
mod door;
mod entry;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hardware;
mod loans;
mod offline;
mod offline_bundles;
mod passage;
mod past;
mod products;
mod proof;
mod read;
mod refusal;
mod seats;
mod state;
mod time;
mod token;
mod units;
mod view;
mod watch;

pub use activation::{ActivatedBy, Activation, CheckOptions, Machine};
pub use call::Call;
pub use client::{LicenseClient, LicensePorts};
pub use clock::{Clock, SystemClock};
pub use config::{AwayPolicy, Credential, LicenseConfig, LicenseConfigError, Retries, WhenAway};
pub use error::LicenseError;
pub use hardware::machine_fingerprint;
pub use offline::OfflineUnits;
pub use products::{Product, SsoAnswer, Trial, TrialRequest, Version};
pub use refusal::{Reason, Refusal};
pub use seats::{FloatingSeat, KeptSeat};
pub use state::{GraceReason, LicenseState};
pub use time::Timestamp;
pub use units::Consumption;
pub use view::{Feature, License, Release, Seats, Units};

/// The page about embedding, whose example must compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/license-client.md")]
struct Page;
