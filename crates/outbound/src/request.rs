//! What is sent, and what comes back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_domain::ids::SiteId;
use countersign_domain::outbound::{OutboundPolicy, OutboundUrl};
use countersign_domain::time::Timestamp;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Method, StatusCode};

use crate::trust::CaBundle;

/// One request. `Host`, `Content-Length` and `User-Agent` are added; everything else is what the caller says.
#[derive(Clone, Debug)]
pub struct OutboundRequest {
    /// For whom it is sent: connections are not shared between sites.
    pub site: SiteId,
    /// Where requests for this site may go.
    pub policy: Arc<OutboundPolicy>,
    /// Method; `POST` for webhooks.
    pub method: Method,
    /// The receiver.
    pub url: OutboundUrl,
    /// Headers. Those that belong to the connection are the sender's, and are dropped here.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// Roots that are trusted beside those of the operating system.
    pub ca: Option<CaBundle>,
    /// How long it may take, and how much of the answer is kept.
    pub limits: Limits,
}

/// Limits of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until the connection stands: resolving, connecting, TLS.
    pub connect: Duration,
    /// Until the head of the answer is there, from the beginning. The body has what is left of it.
    pub whole: Duration,
    /// Bytes of the answer's body that are kept. What is longer ends the connection.
    pub kept: usize,
}

impl Default for Limits {
    /// 5 seconds to connect, 15 seconds in all, 16 KiB of the answer.
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), whole: Duration::from_secs(15), kept: 16 * 1024 }
    }
}

/// What the receiver said. The status is the outcome, whatever becomes of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundAnswer {
    /// Status. Redirects were not followed.
    pub status: StatusCode,
    /// When the receiver wants to be asked again.
    pub retry_after: Option<RetryAfter>,
    /// All headers.
    pub headers: HeaderMap,
    /// The first bytes of the body.
    pub body: Vec<u8>,
    /// Whether there was more, or the body broke off.
    pub is_cut: bool,
    /// The address that was connected to; behind a proxy, the one that it was told.
    pub address: SocketAddr,
    /// Version of TLS, such as `TLSv1_3`; `None` without.
    pub tls: Option<String>,
    /// From the beginning to the end of what was read.
    pub took: Duration,
}

/// `Retry-After` (RFC 9110 section 10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// At a time.
    At(Timestamp),
    /// After so many seconds.
    Seconds(u64),
}

impl RetryAfter {
    /// How long that is from now.
    #[must_use]
    pub fn from(self, now: Timestamp) -> Duration {
        match self {
            Self::Seconds(seconds) => Duration::from_secs(seconds),
            Self::At(time) => {
                let seconds = time.as_seconds().saturating_sub(now.as_seconds());
                Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
            }
        }
    }

    /// Reads the header; `None` when there is none, or it is in no form that we know.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Self::Seconds(seconds));
        }
        let time = httpdate::parse_http_date(text).ok()?;
        let seconds = time.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
        Some(Self::At(Timestamp::from_seconds(i64::try_from(seconds).ok()?)))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let read = |text: &'static str| {
            RetryAfter::read(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]))
        };
        assert_eq!(read("120"), Some(RetryAfter::Seconds(120)));
        let at = Timestamp::from_seconds(784_111_777);
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(RetryAfter::At(at)));
        for text in ["", "soon", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(RetryAfter::At(at).from(Timestamp::from_seconds(784_111_770)), Duration::from_secs(7));
        assert_eq!(RetryAfter::At(at).from(Timestamp::from_seconds(784_111_999)), Duration::ZERO);
    }
}
