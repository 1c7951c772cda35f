//! The limit of every exchange: the same bytes in both directions, and no thought in between.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use countersign_crypto::encoding::base64url_decode;
use countersign_crypto::{Algorithm, RsaPublicKey, VerifyingKey};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::{Method, Request, Response, StatusCode};

use super::bare::{json, serve};

/// Serves ready bytes; with a public key, verifies the token of every POST with it first.
///
/// # Errors
/// When a file cannot be read, or there is no address to listen on.
pub(super) fn run(accepted: &Path, answer: &Path, verify: Option<&Path>) -> Result<()> {
    let read = |path: &Path| {
        std::fs::read(path).map(Bytes::from).with_context(|| format!("{} cannot be read", path.display()))
    };
    let key = match verify {
        Some(path) => Some(Arc::new(VerifyingKey::from_rsa(&RsaPublicKey::from_spki_der(&read(path)?)?)?)),
        None => None,
    };
    let (accepted, answer) = (read(accepted)?, read(answer)?);
    serve(move |request| exchange(request, accepted.clone(), answer.clone(), key.clone()))
}

async fn exchange(
    request: Request<Incoming>,
    accepted: Bytes,
    answer: Bytes,
    key: Option<Arc<VerifyingKey>>,
) -> Response<Full<Bytes>> {
    if request.method() != Method::POST {
        return json(StatusCode::OK, answer);
    }
    if let Some(key) = key
        && !is_good(&request, &key)
    {
        return json(StatusCode::UNAUTHORIZED, Bytes::new());
    }
    match request.into_body().collect().await {
        Ok(_) => json(StatusCode::ACCEPTED, accepted),
        Err(_) => json(StatusCode::BAD_REQUEST, Bytes::new()),
    }
}

/// Whether the signature of a token is good; nothing else is looked at.
fn is_good(request: &Request<Incoming>, key: &VerifyingKey) -> bool {
    let verified = || {
        let token = request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        let (input, signature) = token.rsplit_once('.')?;
        key.verify(Algorithm::RS256, input.as_bytes(), &base64url_decode(signature).ok()?).ok()
    };
    verified().is_some()
}
