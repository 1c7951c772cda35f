//! Events from their commit to their receivers: in order, again and again, and past everything that can end a process.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its site has failed")]

mod broken_rows;
mod crashes;
mod endpoints;
mod expiry;
mod fairness;
mod held;
mod log;
mod nodes;
mod outages;
mod recovery;
mod sending;
mod support;
mod writers;
