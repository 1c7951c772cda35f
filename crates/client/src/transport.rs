//! HTTP as this client wants it: two agents, no redirects, every wait and every body limited.
//!
//! Questions and files have an agent each, so that a connection on which the token travelled never carries a download.
//! TLS is rustls with aws-lc-rs, chosen here for these agents alone; certificates are judged by the operating system.

use std::{
    io::{self, Read},
    sync::Arc,
    time::Duration,
};

use countersign_crypto::secret::Secret;
use ureq::{
    Agent, Body,
    http::{
        HeaderMap, HeaderValue, Response, Uri,
        header::{ACCEPT_ENCODING, AUTHORIZATION, IF_RANGE, RANGE, RETRY_AFTER},
    },
    tls::{RootCerts, TlsConfig, TlsProvider},
};

use crate::config::{ProxyUse, Timeouts};

/// The two agents.
pub(crate) struct Transport {
    questions: Agent,
    files: Agent,
}

/// A whole answer to a question or a poll.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// What `Retry-After` says, in whole seconds, unbounded. A date there is ignored: this client has no clock.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
pub(crate) enum Failure {
    Broken(io::Error),
    TooLarge,
}

/// From where a download goes on.
pub(crate) struct Resume<'a> {
    pub(crate) from: u64,
    pub(crate) etag: &'a str,
}

impl Transport {
    pub(crate) fn new(timeouts: &Timeouts, proxy: ProxyUse) -> Self {
        Self { questions: agent(timeouts, proxy, timeouts.exchange), files: agent(timeouts, proxy, timeouts.file) }
    }

    /// Sends a question. The token goes with it, and with nothing else.
    pub(crate) fn post(&self, uri: &Uri, token: &Secret<String>, json: &[u8]) -> Result<Answer, Failure> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|error| Failure::Broken(io::Error::other(error)))?;
        bearer.set_sensitive(true);
        let sent = self.questions.post(uri).content_type("application/json").header(AUTHORIZATION, bearer).send(json);
        read_answer(sent.map_err(broken)?)
    }

    pub(crate) fn poll(&self, uri: &Uri) -> Result<Answer, Failure> {
        read_answer(self.questions.get(uri).call().map_err(broken)?)
    }

    /// Begins a download. The body is still to be read, and may break.
    pub(crate) fn open(&self, uri: &Uri, resume: Option<&Resume<'_>>) -> Result<Response<Body>, io::Error> {
        // The digest is of the file's own bytes, so no content coding may be put on them.
        let mut request = self.files.get(uri).header(ACCEPT_ENCODING, "identity");
        if let Some(resume) = resume {
            request = request.header(RANGE, format!("bytes={}-", resume.from)).header(IF_RANGE, resume.etag);
        }
        request.call().map_err(ureq::Error::into_io)
    }
}

/// Reads the body of a failed download for what it says, if it says it briefly.
pub(crate) fn read_refusal(response: Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = read_bounded(body, MAX_REFUSAL_BYTES).unwrap_or_default();
    Answer { status: parts.status.as_u16(), retry_after: retry_after(&parts.headers), body }
}

/// The largest answer: about three thousand updates, or ten thousand files.
pub(crate) const MAX_ANSWER_BYTES: u64 = 4 * 1024 * 1024;

fn read_answer(response: Response<Body>) -> Result<Answer, Failure> {
    if !response.status().is_success() {
        return Ok(read_refusal(response));
    }
    let (parts, body) = response.into_parts();
    let body = read_bounded(body, MAX_ANSWER_BYTES)?;
    Ok(Answer { status: parts.status.as_u16(), retry_after: retry_after(&parts.headers), body })
}

pub(crate) fn read_bounded(mut body: Body, limit: u64) -> Result<Vec<u8>, Failure> {
    if body.content_length().is_some_and(|length| length > limit) {
        return Err(Failure::TooLarge);
    }
    let mut bytes = Vec::new();
    // One byte above the limit tells a body that ends at the limit from one that goes on.
    let beyond = limit.saturating_add(1);
    let mut reader = body.with_config().limit(u64::MAX).reader().take(beyond);
    let length = reader.read_to_end(&mut bytes).map_err(Failure::Broken)?;
    if u64::try_from(length).unwrap_or(u64::MAX) > limit { Err(Failure::TooLarge) } else { Ok(bytes) }
}

pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than fit are still a wish to wait long; the caller bounds it.
    Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
}

fn broken(error: ureq::Error) -> Failure {
    Failure::Broken(error.into_io())
}

pub(crate) fn agent(timeouts: &Timeouts, proxy: ProxyUse, whole: Duration) -> Agent {
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(USER_AGENT)
        .tls_config(tls)
        .timeout_resolve(Some(timeouts.connect))
        .timeout_connect(Some(timeouts.connect))
        .timeout_per_read(Some(timeouts.read))
        .timeout_per_write(Some(timeouts.read))
        .timeout_recv_response(Some(timeouts.exchange))
        .timeout_per_call(Some(whole));
    let config = match proxy {
        ProxyUse::Direct => config.proxy(None),
        ProxyUse::Environment => config,
    };
    config.build().new_agent()
}

const USER_AGENT: &str = concat!("countersign-client/", env!("CARGO_PKG_VERSION"));
pub(crate) const MAX_REFUSAL_BYTES: u64 = 64 * 1024;
