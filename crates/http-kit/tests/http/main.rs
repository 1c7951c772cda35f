//! The kit as a door uses it: on a router, request in and response out.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod file;
mod hostile_headers;
mod middleware;
mod range_vectors;
mod streaming;
mod wire;
