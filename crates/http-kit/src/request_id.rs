//! The request id: one word that a client, a proxy, and our logs share about one request.

use std::fmt;
use std::sync::Arc;

use countersign_crypto::encoding::hex_encode;
use countersign_crypto::random::{DrawnAhead, Rng, random_array};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The id of one request: 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id that the client or a proxy gave, if it gave exactly one and it is well-formed.
    ///
    /// Anything else is not repeated anywhere: what is written to a log must not be able to forge lines in it.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(X_REQUEST_ID).iter();
        let (Some(line), None) = (lines.next(), lines.next()) else { return None };
        let valid = (1..=MAX_LENGTH).contains(&line.len())
            && line.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        valid.then(|| Self(line.clone()))
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        // An id is ASCII.
        self.0.to_str().unwrap_or_default()
    }

    /// Puts the id among the headers of the answer.
    pub fn write_to(self, headers: &mut HeaderMap) {
        headers.insert(X_REQUEST_ID, self.0);
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Gives ids to requests.
pub struct RequestIds(DrawnAhead);

impl RequestIds {
    /// Ids made of this randomness.
    #[must_use]
    pub fn new(rng: Arc<dyn Rng>) -> Self {
        Self(DrawnAhead::new(rng))
    }

    /// The id that a request came with, or a new one that no other request has.
    pub fn assign(&self, headers: &HeaderMap) -> RequestId {
        RequestId::from_headers(headers).unwrap_or_else(|| {
            let id = hex_encode(&random_array::<16>(&self.0));
            // Hexadecimal digits can always stand in a header.
            RequestId(HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("none")))
        })
    }
}

/// The header that carries the id in both directions.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer than any id in use (a UUID has 36 characters), short enough for a log line.
const MAX_LENGTH: usize = 64;
