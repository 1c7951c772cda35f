//! Plain requests to a server, for what no device and no command would send.

use std::time::SystemTime;

use countersign_crypto::HmacKey;
use countersign_crypto::encoding::base64_encode;
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Method, Request};

/// Sends requests to one server, and remembers which ids they were given.
pub(crate) struct Caller {
    agent: Agent,
    base_url: String,
    request_ids: Vec<String>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    body: Vec<u8>,
}

impl Caller {
    pub(crate) fn new(base_url: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None).build();
        Self { agent: config.new_agent(), base_url: base_url.to_owned(), request_ids: Vec::new() }
    }

    /// GET, with the value of an `Authorization` header if it is not empty.
    pub(crate) fn fetch(&mut self, path: &str, proof: &str) -> Answer {
        let request = self.request(Method::GET, path, proof).body(()).unwrap();
        let response = self.agent.run(request).unwrap();
        self.read(response)
    }

    /// POST or PUT of a document.
    pub(crate) fn send(&mut self, method: Method, path: &str, proof: &str, document: &Value) -> Answer {
        let request = self.request(method, path, proof).body(document.to_string()).unwrap();
        let response = self.agent.run(request).unwrap();
        self.read(response)
    }

    /// A request with these headers and this body.
    pub(crate) fn ask(&mut self, method: Method, path: &str, headers: &[(&str, String)], body: String) -> Answer {
        let mut request = self.request(method, path, "");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        // One without a body says nothing about its length.
        let response = match body.is_empty() {
            true => self.agent.run(request.body(()).unwrap()),
            false => self.agent.run(request.body(body).unwrap()),
        };
        self.read(response.unwrap())
    }

    /// The ids that the server gave to the requests so far, in their order.
    pub(crate) fn request_ids(&self) -> &[String] {
        &self.request_ids
    }

    fn request(&self, method: Method, path: &str, proof: &str) -> ureq::http::request::Builder {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        if proof.is_empty() { request } else { request.header("Authorization", proof) }
    }

    fn read(&mut self, response: ureq::http::Response<ureq::Body>) -> Answer {
        let id = response.headers().get("X-Request-Id").expect("every answer has a request id");
        self.request_ids.push(id.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        Answer { status, body: response.into_body().read_to_vec().unwrap() }
    }
}

impl Answer {
    /// Demands a status.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The headers with which a licensed application proves a request now.
#[expect(clippy::disallowed_methods, reason = "the real server compares it with its own clock")]
pub(crate) fn license_proof(api_key: &str, shared_key: &str) -> [(&'static str, String); 2] {
    license_proof_at(api_key, shared_key, SystemTime::now())
}

/// The same at another time.
pub(crate) fn license_proof_at(api_key: &str, shared_key: &str, at: SystemTime) -> [(&'static str, String); 2] {
    let date = httpdate::fmt_http_date(at);
    let tag = HmacKey::new(shared_key.as_bytes()).sign(format!("licenseSpring\ndate: {date}").as_bytes());
    let signature = base64_encode(&tag);
    let value = format!("algorithm=\"hmac-sha256\",headers=\"date\",signature=\"{signature}\",apiKey=\"{api_key}\"");
    [("date", date), ("authorization", value)]
}
