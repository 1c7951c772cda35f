//! The embeddable device client: it asks which updates apply to an installed package, polls for the answer, believes
//! it only when it is signed by a pinned key, and downloads files that must have exactly the announced bytes. It registers
//! the device, and reports how updates go.
//!
//! Everything blocks; there is no async runtime, no global state and no clock. Waiting between polls goes through the
//! [`Pause`] that the caller may bring, so a program (or a test) decides what waiting means.
//!
//! How to update a device:
//!
//! 1. make a [`DeviceClient`] from a [`ClientConfig`]: the server's base URL, the device token, and the public
//!    signing keys that were shipped with the device;
//! 2. [`DeviceClient::check`] with a [`Question`] returns an [`UpdateList`]; the device chooses, the server does not
//!    rank;
//! 3. [`DeviceClient::manifest`] with the chosen [`UpdateItem`] returns the [`Manifest`], the list of files;
//! 4. [`DeviceClient::download`] fetches each [`ManifestFile`] into a folder, resuming what an earlier run began.
//!
//! `examples/check_for_updates.rs` does exactly this in one page.
//!
//! A device that belongs to somebody tells more: [`DeviceClient::register`] makes it known, with the activation ID of what
//! its owner has bought, and opens the updates that need an entitlement; [`DeviceClient::report`] says how an update goes
//! ([`StatusReport::about`] fills in the rest); [`DeviceClient::log_event`] says anything else. Each returns when the
//! server has kept what it was told, or says why it did not. An update must not depend on a report: log its failure, and go
//! on.
//!
//! What is guaranteed: no byte of an answer's payload is looked at before its signature verifies with a pinned key;
//! a file appears under its final name only when its size and digest are the signed ones; the device token travels
//! only in requests to the base URL's origin; redirects are never followed; every loop, wait, body and file has a
//! limit.
//!
//! What is not guaranteed, because the wire format has nothing for it: that an answer was made for this question, or
//! lately. A signature says only that the key once signed these bytes. The items of a list must name the package that
//! was asked about, but an empty list answers any question, and a manifest names neither an update nor a package.
//! Whoever can change traffic can therefore keep updates from a device with an empty list that was signed for another,
//! play back older lists about the same package, and answer for any manifest with any other that the pinned key has
//! ever signed, an older release or another product. Use `https`, and have the installer look into what was
//! downloaded: which product it is for, and that it is not older than what is installed.
//!
//! Nor is the outcome of a registration, a report or an event signed: whoever can change traffic can feign success.
//!
//! This crate must never know the server: no store, no door, no use case. It shares only the cryptography with it.

mod base_url;
mod client;
mod config;
mod content_range;
mod device_event;
mod download;
mod error;
mod exchange;
mod file_name;
mod file_url;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod license;
mod locked_file;
mod manifest;
mod part_file;
mod pause;
mod pinned_keys;
mod progress;
mod question;
mod registration;
mod server_message;
mod status_report;
mod streamed_digest;
mod transport;
mod updates;
mod wire;

pub use client::DeviceClient;
pub use config::{ClientConfig, ConfigError, ProxyUse, Timeouts};
pub use device_event::DeviceEvent;
pub use error::{ClientError, Subject};
pub use file_name::{FileName, NameFault};
pub use file_url::{FileUrl, UrlFault};
pub use manifest::{FileDigest, Manifest, ManifestFile};
pub use pause::{Pause, ThreadPause};
pub use progress::{NoProgress, Progress};
pub use question::{DeviceClass, Identity, Question};
pub use registration::Registration;
pub use server_message::ServerMessage;
pub use status_report::{StatusReport, UpdateStage};
pub use updates::{ManifestId, UpdateItem, UpdateList};
