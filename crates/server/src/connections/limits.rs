//! What connections may cost.

use std::time::Duration;

/// Limits of connections. They are the same for every listener and protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections that are open at once. A further one is closed as soon as it is accepted.
    pub connections: usize,
    /// The same for one address, or one /64 network of IPv6. Trusted proxies have no such limit.
    pub connections_per_address: usize,
    /// Bytes that the head of a request may have.
    pub header_bytes: u32,
    /// Time for the head of a request from its first byte, and for a TLS handshake.
    pub header_time: Duration,
    /// How long a connection may wait for its next request.
    pub idle_time: Duration,
    /// How long a client may take next to nothing of an answer.
    pub stall_time: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            // With half as many, 500 of them slow readers, the server had 365 MB (docs/performance.md, slow-clients).
            connections: 20_000,
            // Fleets share addresses.
            connections_per_address: 1000,
            // A token has at most 8 KiB; proxies add headers of their own.
            header_bytes: 32 * 1024,
            header_time: Duration::from_secs(10),
            // Longer than proxies keep theirs (nginx: 60 s), so that they end a connection, and no request meets its end.
            idle_time: Duration::from_secs(75),
            stall_time: Duration::from_secs(60),
        }
    }
}

/// Headers of a request in HTTP/1.1. In HTTP/2 their number follows from [`ConnectionLimits::header_bytes`].
pub(super) const HEADERS: usize = 100;
/// Requests that one HTTP/2 connection may have under way.
pub(super) const STREAMS: u32 = 100;
/// Streams that a client may have reset before we have looked at them (CVE-2023-44487); it is told to go away beyond.
pub(super) const RESET_STREAMS: usize = 20;
/// Bytes of a request's body that one HTTP/2 stream, and all streams of a connection, may send ahead.
pub(super) const WINDOWS: (u32, u32) = (256 * 1024, 1024 * 1024);
/// Bytes of answers that one HTTP/2 stream keeps ready for sending.
pub(super) const SEND_BUFFER: usize = 256 * 1024;
