//! Downloads on real sockets, from the real device door: over HTTP/1.1, where the system sends the files, and over TLS and
//! HTTP/2, where the program does.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its own answer has failed")]

#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../app/support.rs"]
mod app;
mod broken;
mod clients;
mod deleted;
mod endings;
mod shop;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../transport/support.rs"]
mod sockets;
mod whole;
