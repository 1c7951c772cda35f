//! Plain requests to a server, for tests that look at single answers.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Method, Request};

/// Sends requests to one server, over connections that are kept. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Caller {
    agent: Agent,
    base_url: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {}", String::from_utf8_lossy(&self.body)))
    }
}

impl Caller {
    /// A caller of the server at a base URL. No request takes longer than half a minute.
    #[must_use]
    pub fn new(base_url: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None);
        let agent = config.timeout_global(Some(LONGEST)).build().new_agent();
        Self { agent, base_url: base_url.to_owned() }
    }

    /// Sends a request, with a bearer token if it is not empty, and reads the whole answer.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub fn send(&self, method: Method, path: &str, token: &str, body: &[u8]) -> Result<Answer> {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", &*bearer)];
        self.send_with(method, path, if token.is_empty() { &[] } else { &headers }, body)
    }

    /// Sends a request with headers, and reads the whole answer.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub fn send_with(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = self.agent.run(request.body(body)?)?;
        let status = response.status().as_u16();
        Ok(Answer { status, body: response.into_body().read_to_vec()? })
    }

    /// GET without a token.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, "", b"")
    }

    /// POST of a document.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub fn post(&self, path: &str, token: &str, document: &Value) -> Result<Answer> {
        self.send(Method::POST, path, token, document.to_string().as_bytes())
    }
}

const LONGEST: Duration = Duration::from_secs(30);
