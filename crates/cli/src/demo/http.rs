//! Plain requests to the demonstration server, for what a device or a producer would send with any HTTP tool.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use countersign_client::{Pause as _, ThreadPause};
use countersign_crypto::encoding::base64_encode;
use countersign_crypto::{HmacKey, Secret};
use serde_json::Value;
use ureq::Agent;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, DATE};
use ureq::http::{HeaderValue, Method, Request, Response};

/// Sends requests to one server.
pub(super) struct Http {
    agent: Agent,
    base_url: String,
}

/// How a request proves who sent it.
pub(super) enum Proof<'a> {
    /// Bearer token.
    Bearer(&'a Secret<String>),
    /// Nothing.
    None,
    /// User name and password (HTTP Basic).
    Password(&'a str, &'a Secret<String>),
    /// API key and shared key of a licensed application.
    Signed {
        /// The API key.
        api_key: &'a str,
        /// The shared key.
        shared_key: &'a Secret<String>,
    },
}

/// A whole answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// The signature over the body, on the license door.
    pub(super) signature: Option<String>,
    /// Whether it is the answer to a poll.
    pub(super) is_polled: bool,
}

impl Http {
    pub(super) fn new(base_url: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .build();
        Self { agent: config.new_agent(), base_url: base_url.trim_end_matches('/').to_owned() }
    }

    /// GET.
    pub(super) fn fetch(&self, path: &str, proof: &Proof<'_>) -> Result<Answer> {
        let request = self.request(Method::GET, path, proof)?;
        let sent = self.agent.run(request.body(())?);
        read(sent.with_context(|| format!("no answer to GET {path}"))?)
    }

    /// PUT or POST of a JSON document.
    pub(super) fn send(&self, method: Method, path: &str, proof: &Proof<'_>, document: &Value) -> Result<Answer> {
        let what = format!("no answer to {method} {path}");
        let request = self.request(method, path, proof)?.header(CONTENT_TYPE, "application/json");
        let sent = self.agent.run(request.body(document.to_string())?);
        read(sent.context(what)?)
    }

    /// POST of a text.
    pub(super) fn send_text(&self, path: &str, proof: &Proof<'_>, text: &str) -> Result<Answer> {
        let request = self.request(Method::POST, path, proof)?.header(CONTENT_TYPE, "text/plain");
        let sent = self.agent.run(request.body(text)?);
        read(sent.with_context(|| format!("no answer to POST {path}"))?)
    }

    /// POST of a form.
    pub(super) fn send_form(&self, path: &str, form: &Secret<String>) -> Result<Answer> {
        let request = self.request(Method::POST, path, &Proof::None)?;
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let sent = self.agent.run(request.body(form.expose().as_str())?);
        read(sent.with_context(|| format!("no answer to POST {path}"))?)
    }

    /// POST of a question, then GET of where it says until the answer is there. Polls carry no token.
    pub(super) fn ask(&self, path: &str, proof: &Proof<'_>, question: &Value) -> Result<Answer> {
        let mut answer = self.send(Method::POST, path, proof, question)?;
        for _ in 0..POLLS {
            if answer.status != 202 {
                return Ok(answer);
            }
            let url = answer.json()?.get("url").and_then(Value::as_str).map(str::to_owned);
            answer = self.fetch(&url.context("the 202 answer has no url")?, &Proof::None)?;
            answer.is_polled = true;
            if answer.status == 202 {
                ThreadPause.pause(WAIT);
            }
        }
        Ok(answer)
    }

    fn request(&self, method: Method, path: &str, proof: &Proof<'_>) -> Result<ureq::http::request::Builder> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        let value = match proof {
            Proof::Bearer(token) => format!("Bearer {}", token.expose()),
            Proof::Password(name, password) => {
                format!("Basic {}", base64_encode(format!("{name}:{}", password.expose()).as_bytes()))
            }
            Proof::Signed { api_key, shared_key } => {
                let date = date();
                let value = signed(api_key, shared_key, &date);
                request = request.header(DATE, date);
                value
            }
            Proof::None => return Ok(request),
        };
        let mut value = HeaderValue::from_str(&value)?;
        value.set_sensitive(true);
        Ok(request.header(AUTHORIZATION, value))
    }
}

impl Answer {
    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).context("the answer is not JSON")
    }

    /// Demands a status.
    pub(super) fn expect(self, status: u16) -> Result<Self> {
        let text: String = String::from_utf8_lossy(&self.body).chars().take(SHOWN).collect();
        ensure!(self.status == status, "expected status {status}, but the server answered {}: {text}", self.status);
        Ok(self)
    }
}

fn read(response: Response<ureq::Body>) -> Result<Answer> {
    let (parts, mut body) = response.into_parts();
    let signature = parts.headers.get("licensesignature").and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Answer { status: parts.status.as_u16(), body: body.read_to_vec()?, signature, is_polled: false })
}

/// The time as HTTP writes it (RFC 9110 section 5.6.7).
pub(super) fn date() -> String {
    let seconds = u64::try_from(crate::clock::now().as_seconds()).unwrap_or(0);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// The header with which a licensed application signs the date of its request (`docs/protocol/license.md`, "Proofs").
fn signed(api_key: &str, shared_key: &Secret<String>, date: &str) -> String {
    let tag = HmacKey::new(shared_key.expose().as_bytes()).sign(format!("licenseSpring\ndate: {date}").as_bytes());
    let signature = base64_encode(&tag);
    format!("algorithm=\"hmac-sha256\",headers=\"date\",signature=\"{signature}\",apikey=\"{api_key}\"")
}

/// The server is on this machine; only a very busy one takes seconds.
const TIMEOUT: Duration = Duration::from_secs(60);
const POLLS: u32 = 30;
const WAIT: Duration = Duration::from_secs(1);
const SHOWN: usize = 300;
