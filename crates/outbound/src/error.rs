//! Why a request has no answer.

use std::io;
use std::time::Duration;

use countersign_domain::outbound::Blocked;

use crate::trust::TrustError;

/// What was going on when time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Resolving the name, connecting, greeting in TLS.
    Connect,
    /// Sending the request and waiting for the head of the answer.
    Answer,
}

/// Why there is no answer. Texts name neither credentials nor paths, and may be shown to whoever configured the receiver.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The request must not be sent.
    #[error("blocked: {0}")]
    Blocked(#[from] Blocked),
    /// This server looks up too many names: not the receiver's fault.
    #[error("too many names are being looked up")]
    Busy,
    /// The connection broke, or what came over it is no HTTP, or its head is longer than allowed.
    #[error("the answer broke off, or is no HTTP")]
    Broken(#[source] hyper::Error),
    /// No address could be connected to, neither from here nor by the proxy.
    #[error("the receiver could not be connected to")]
    Connect(#[source] io::Error),
    /// The proxy of this server failed: not the receiver's fault.
    #[error("the egress proxy failed: {0}")]
    Proxy(String),
    /// The request cannot be written as HTTP.
    #[error("the request cannot be written")]
    Request(#[source] http::Error),
    /// The name leads to no address.
    #[error("the name of the receiver could not be resolved")]
    Resolve(#[source] io::Error),
    /// The receiver did not prove itself, or speaks no TLS that we speak.
    #[error("no TLS with the receiver: {0}")]
    Tls(#[source] io::Error),
    /// This server knows nobody who vouches for receivers: not the receiver's fault.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// Time ran out.
    #[error("nothing came within {} seconds", .1.as_secs())]
    TimedOut(Phase, Duration),
}

impl SendError {
    /// A word for lists and numbers.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Blocked(_) => "blocked",
            Self::Broken(_) => "broken",
            Self::Busy => "busy",
            Self::Connect(_) => "connect",
            Self::Proxy(_) => "proxy",
            Self::Request(_) => "request",
            Self::Resolve(_) => "resolve",
            Self::Tls(_) => "tls",
            Self::TimedOut(..) => "timeout",
            Self::Trust(_) => "trust",
        }
    }
}
