//! Requests to real sockets on this machine, and to nowhere: what is sent, what is believed, what is refused.

#![expect(clippy::unwrap_used, reason = "a test that finds something else than expected has to stop")]

mod answers;
mod blocked;
mod proxies;
mod support;
mod tls;
