//! The server on real sockets: what connections may cost and how long they may take, TLS, stopping, limits, metrics.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its own answer has failed")]

mod connections;
mod limited;
mod metrics;
mod protocols;
mod reloading;
mod stopping;
mod support;
mod times;
