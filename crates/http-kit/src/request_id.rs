//! The request id: one word that a client, a proxy, our logs and our error bodies share about one request.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use countersign_crypto::encoding::hex_encode;
use countersign_crypto::random::{Rng, random_array};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The id of one request: 1 to 64 characters of `A-Z a-z 0-9 . _ -`. Handlers find it in the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The id that the client or a proxy gave, if it gave exactly one and it is well-formed.
    ///
    /// Anything else is not repeated anywhere: what is written to a log must not be able to forge lines in it.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(X_REQUEST_ID).iter();
        let (Some(line), None) = (lines.next(), lines.next()) else { return None };
        let text = line.to_str().ok()?;
        let valid = (1..=MAX_LENGTH).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        valid.then(|| Self(text.into()))
    }

    /// A new id that no other request has.
    pub fn random(rng: &dyn Rng) -> Self {
        Self(hex_encode(&random_array::<16>(rng)).into())
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Middleware: gives every request an id and returns it with the answer, in the header [`X_REQUEST_ID`].
///
/// Use with `axum::middleware::from_fn_with_state`, outside of everything that logs.
pub async fn assign(State(rng): State<Arc<dyn Rng>>, mut request: Request, next: Next) -> Response {
    let id = RequestId::from_headers(request.headers()).unwrap_or_else(|| RequestId::random(&*rng));
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// The header that carries the id in both directions.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer than any id in use (a UUID has 36 characters), short enough for a log line.
const MAX_LENGTH: usize = 64;
