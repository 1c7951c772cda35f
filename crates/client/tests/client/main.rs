//! The device client and the license client against a scripted server on a real socket: what an honest server does must work,
//! and what a hostile one can do must be refused with an error of its own and leave nothing behind.
//!
//! No test waits: the clients' pauses are recorded instead of made.
#![expect(clippy::unwrap_used, reason = "tests")]

mod downloads;
mod happy_path;
mod hostile_files;
mod licenses;
mod polling;
mod refusals;
mod resuming;
mod secrecy;
mod signatures;
mod support;
mod telling;
mod unsafe_names;
