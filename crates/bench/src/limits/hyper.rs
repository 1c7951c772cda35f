//! The limit of every exchange: the same bytes in both directions, and no thought in between.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use countersign_crypto::encoding::base64url_decode;
use countersign_crypto::{Algorithm, RsaBits, RsaPrivateKey, RsaPublicKey, VerifyingKey};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::{Method, Request, Response, StatusCode};

use super::bare::{json, serve};

/// What is done for every POST before it is answered.
enum Work {
    Nothing,
    Verify(VerifyingKey),
    Sign(RsaPrivateKey),
}

/// Serves ready bytes; with a public key, verifies the token of every POST with it first; with `sign`, signs its body.
///
/// # Errors
/// When a file cannot be read, or there is no address to listen on.
pub(super) fn run(accepted: &Path, answer: &Path, verify: Option<&Path>, sign: bool) -> Result<()> {
    let read = |path: &Path| {
        std::fs::read(path).map(Bytes::from).with_context(|| format!("{} cannot be read", path.display()))
    };
    let work = Arc::new(match verify {
        Some(path) => Work::Verify(VerifyingKey::from_rsa(&RsaPublicKey::from_spki_der(&read(path)?)?)?),
        None if sign => Work::Sign(RsaPrivateKey::generate(RsaBits::B2048)?),
        None => Work::Nothing,
    });
    let (accepted, answer) = (read(accepted)?, read(answer)?);
    serve(move |request| exchange(request, accepted.clone(), answer.clone(), work.clone()))
}

async fn exchange(
    request: Request<Incoming>,
    accepted: Bytes,
    answer: Bytes,
    work: Arc<Work>,
) -> Response<Full<Bytes>> {
    if request.method() != Method::POST {
        return json(StatusCode::OK, answer);
    }
    if let Work::Verify(key) = &*work
        && !is_good(&request, key)
    {
        return json(StatusCode::UNAUTHORIZED, Bytes::new());
    }
    let Ok(body) = request.into_body().collect().await else {
        return json(StatusCode::BAD_REQUEST, Bytes::new());
    };
    if let Work::Sign(key) = &*work
        && key.sign_pkcs1_sha256(&body.to_bytes()).is_err()
    {
        return json(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new());
    }
    json(StatusCode::ACCEPTED, accepted)
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
