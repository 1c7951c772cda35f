//! HTTP requests to receivers that somebody other than the operator has named: webhooks.
//!
//! A name is resolved, every address that comes out is judged, and the connection is made to an address that was judged,
//! so that no second look-up can lead elsewhere. Redirects are not followed; answers are read up to a limit; connections
//! are used again only for the same site, host, port and trusted roots. No request carries anything that its caller did
//! not put into it.
//!
//! | file | what |
//! |---|---|
//! | `sender.rs` | one request from its URL to its answer |
//! | `request.rs` | what is sent, what comes back, and the limits |
//! | `error.rs` | why nothing came back |
//! | `resolver.rs` | names to addresses, as a port |
//! | `connect.rs`, `proxy.rs`, `trust.rs` | connections, through a proxy or not, and TLS |
//! | `exchange.rs` | request and answer on a connection |
//! | `pool.rs` | connections that wait for the next request |
//!
//! This crate must never know what a request is about, who signs it, or when it is tried again.

mod connect;
mod error;
mod exchange;
mod pool;
mod proxy;
mod request;
mod resolver;
mod sender;
mod trust;

pub use error::{Phase, SendError};
pub use proxy::{EgressProxy, ProxyUrlError};
pub use request::{Limits, OutboundAnswer, OutboundRequest, RetryAfter};
pub use resolver::{ResolveError, Resolver, SystemResolver};
pub use sender::Sender;
pub use trust::{CaBundle, CaError, TrustError};
