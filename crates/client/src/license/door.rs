//! The license door from outside: proved requests, bounded retries, and answers that are verified before anybody reads them.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use countersign_crypto::{encoding::base64_decode, random::Rng, secret::Secret};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use ureq::{
    Agent,
    http::{HeaderMap, HeaderValue, Response, Uri, header},
};

use super::{
    Call, Clock, LicenseError, Refusal, Retries, Timestamp,
    clock::Moment,
    proof::{self, Prover},
    token::{KeptToken, read_token, read_token_url},
};
use crate::{
    base_url::BaseUrl,
    pause::Pause,
    pinned_keys::PinnedKeys,
    transport::{Failure, MAX_ANSWER_BYTES, MAX_REFUSAL_BYTES, read_bounded, retry_after},
};

/// One server with one credential.
pub(crate) struct Door {
    pub(crate) base: BaseUrl,
    pub(crate) agent: Agent,
    pub(crate) prover: Prover,
    pub(crate) keys: PinnedKeys,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) pause: Box<dyn Pause>,
    pub(crate) rng: Box<dyn Rng>,
    pub(crate) retries: Retries,
    pub(crate) token: Mutex<Option<KeptToken>>,
}

/// What is asked.
pub(crate) struct Ask<'a> {
    pub(crate) call: Call,
    pub(crate) members: Map<String, Value>,
    /// What makes a repetition known; for calls that are done once.
    pub(crate) once: Option<&'a str>,
    pub(crate) by: Method,
    /// Whether it is sent again.
    pub(crate) is_patient: bool,
}

/// How it is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Members stand in the query.
    Get,
    /// Members stand in a JSON body.
    Post,
}

/// An answer with status 200, unverified.
pub(crate) struct Reply {
    body: Vec<u8>,
    signature: Option<String>,
    timing: Timing,
}

/// The bytes of an answer whose signature over them was verified.
pub(crate) struct VerifiedAnswer {
    pub(crate) body: Vec<u8>,
    pub(crate) signature: String,
    pub(crate) timing: Timing,
}

/// When an answer was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// When the request that it answers was sent.
    pub(crate) asked: Moment,
    /// What the server says the time is; not signed.
    pub(crate) date: Option<Timestamp>,
}

/// What came back of one attempt.
struct Raw {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Timing {
    /// The time by which the server has answered, as far as it is known.
    pub(crate) fn at(&self) -> Timestamp {
        self.date.unwrap_or(self.asked.at)
    }
}

impl Door {
    /// Asks, and verifies the answer over its bytes (the first of the two proofs).
    pub(crate) fn ask(&self, ask: &Ask<'_>) -> Result<VerifiedAnswer, LicenseError> {
        let reply = self.ask_unsigned(ask)?;
        let call = ask.call;
        let signature = reply.signature.ok_or(LicenseError::NotSigned { call })?;
        self.verify(&call.to_string(), &reply.body, &signature)?;
        Ok(VerifiedAnswer { body: reply.body, signature, timing: reply.timing })
    }

    /// Asks for a bare word, which this protocol does not sign. Whatever the word is, status 200 says that it was done.
    pub(crate) fn ask_unsigned(&self, ask: &Ask<'_>) -> Result<Reply, LicenseError> {
        let mut renewed = false;
        let mut attempt = 1;
        loop {
            let outcome = self.attempt(ask);
            let Err(error) = outcome else { return outcome };
            if let LicenseError::Refused { refusal, .. } = &error
                && matches!(refusal.code.as_str(), "oauth_token_expired" | "oauth_token_malformed")
                && !renewed
            {
                // The token was taken back or has just ended; a new one is tried once.
                renewed = true;
                *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
                continue;
            }
            let wait = self.wait_before(attempt, ask.call, &error).filter(|_| ask.is_patient);
            let Some(wait) = wait else { return Err(error) };
            self.pause.pause(wait);
            attempt = attempt.saturating_add(1);
        }
    }

    /// Verifies a signature over bytes.
    pub(crate) fn verify(&self, what: &str, bytes: &[u8], signature: &str) -> Result<(), LicenseError> {
        let fits = base64_decode(signature.trim()).is_ok_and(|signature| self.keys.have_signed(bytes, &signature));
        if fits { Ok(()) } else { Err(LicenseError::BadSignature { what: what.to_owned() }) }
    }

    /// How long to wait before the call is sent again; `None`: it is not.
    fn wait_before(&self, attempts: u32, call: Call, error: &LicenseError) -> Option<Duration> {
        let wanted = if let LicenseError::Busy { retry_after, .. } = error {
            *retry_after
        } else if matches!(error, LicenseError::ServerFault { .. } | LicenseError::Unreachable { .. })
            && call.may_be_repeated()
        {
            None
        } else {
            return None;
        };
        let Retries { attempts: most, first_wait, longest_wait } = self.retries;
        if attempts >= most.min(MAX_ATTEMPTS) || wanted.is_some_and(|wanted| wanted > longest_wait) {
            return None;
        }
        let doubled = first_wait.saturating_mul(1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX));
        let mut random = [0];
        self.rng.fill(&mut random);
        // Between half of it and all of it, so that machines that failed together do not come back together.
        let wait = doubled.min(longest_wait).mul_f64(0.5 + f64::from(random[0]) / 512.0);
        Some(wanted.map_or(wait, |wanted| wanted.saturating_add(wait.min(longest_wait.saturating_sub(wanted)))))
    }

    fn attempt(&self, ask: &Ask<'_>) -> Result<Reply, LicenseError> {
        let asked = Moment::now(&*self.clock);
        let date = proof::date(asked.at);
        let authorization = match &self.prover {
            Prover::ApiKey(key) => key.authorization(&date),
            Prover::OAuth(_) => Secret::new(format!("Bearer {}", self.access_token()?.expose())),
        };
        let mut secret = HeaderValue::from_str(authorization.expose())
            .map_err(|error| self.unreachable(ask.call, io::Error::other(error)))?;
        secret.set_sensitive(true);
        let raw = match ask.by {
            Method::Get => {
                let uri = self.uri(ask.call, &format!("{}?{}", ask.call.path(), form(&ask.members)))?;
                let request = self.agent.get(&uri).header(header::DATE, &date).header(header::AUTHORIZATION, secret);
                self.read(ask.call, request.call())
            }
            Method::Post => {
                let uri = self.uri(ask.call, ask.call.path())?;
                let mut request = self.agent.post(&uri).content_type("application/json");
                request = request.header(header::DATE, &date).header(header::AUTHORIZATION, secret);
                if let Some(once) = ask.once {
                    request = request.header("idempotency-key", once);
                }
                let body = Value::Object(ask.members.clone()).to_string();
                self.read(ask.call, request.send(body.as_bytes()))
            }
        }?;
        let text = |name: &str| raw.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        match raw.status {
            200 => {
                let date = text("date").and_then(|date| Timestamp::parse_http(&date));
                Ok(Reply { signature: text("licensesignature"), timing: Timing { asked, date }, body: raw.body })
            }
            _ => Err(refused(ask.call, &raw)),
        }
    }

    /// The token that is kept, or a new one.
    fn access_token(&self) -> Result<Secret<String>, LicenseError> {
        let Prover::OAuth(client) = &self.prover else {
            return Err(LicenseError::NotPossible { what: "only OAuth clients have tokens" });
        };
        let mut kept = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = kept.as_ref().filter(|token| token.is_good(self.clock.now())) {
            return Ok(Secret::new(token.value.expose().clone()));
        }
        let call = Call::Token;
        let uri = match &client.token_url {
            Some(url) => url.parse().map_err(|_| malformed(call, "the token URL is no URL"))?,
            None => self.find_token_url()?,
        };
        let encoded = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
        let form = Secret::new(format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            encoded(&client.id),
            encoded(client.secret.expose())
        ));
        let asked_at = self.clock.now();
        let request = self.agent.post(&uri).content_type("application/x-www-form-urlencoded");
        let raw = self.read(call, request.send(form.expose().as_bytes()))?;
        if raw.status != 200 {
            return Err(refused(call, &raw));
        }
        let token = read_token(&raw.body, asked_at).ok_or_else(|| malformed(call, "it holds no bearer token"))?;
        let value = Secret::new(token.value.expose().clone());
        *kept = Some(token);
        Ok(value)
    }

    /// Where the server says that tokens come from. What says so is not signed, and the client's secret goes there: only the
    /// server itself is believed.
    fn find_token_url(&self) -> Result<Uri, LicenseError> {
        let call = Call::TokenUrl;
        let uri = self.uri(call, &format!("{}?login_type=client_credentials", call.path()))?;
        let raw = self.read(call, self.agent.get(&uri).call())?;
        if raw.status != 200 {
            return Err(refused(call, &raw));
        }
        let url = read_token_url(&raw.body).ok_or_else(|| malformed(call, "it names no URL"))?;
        self.base.join(&url).map_err(|_| {
            malformed(call, "it leads to another server; if that is right, give the token URL in the configuration")
        })
    }

    fn uri(&self, call: Call, path: &str) -> Result<Uri, LicenseError> {
        self.base.endpoint(path).map_err(|_| malformed(call, "its parameters are too long for a URL"))
    }

    fn read(&self, call: Call, sent: Result<Response<ureq::Body>, ureq::Error>) -> Result<Raw, LicenseError> {
        let response = sent.map_err(|error| self.unreachable(call, error.into_io()))?;
        let (parts, body) = response.into_parts();
        let status = parts.status.as_u16();
        let limit = if status == 200 { MAX_ANSWER_BYTES } else { MAX_REFUSAL_BYTES };
        let body = match read_bounded(body, limit) {
            Ok(body) => body,
            Err(Failure::Broken(source)) => return Err(self.unreachable(call, source)),
            Err(Failure::TooLarge) => return Err(LicenseError::AnswerTooLarge { call, limit }),
        };
        Ok(Raw { status, headers: parts.headers, body })
    }

    fn unreachable(&self, call: Call, source: io::Error) -> LicenseError {
        LicenseError::Unreachable { call, origin: self.base.origin(), source }
    }
}

impl<'a> Ask<'a> {
    pub(crate) fn get(call: Call, members: Map<String, Value>) -> Self {
        Self { call, members, once: None, by: Method::Get, is_patient: true }
    }

    pub(crate) fn post(call: Call, members: Map<String, Value>) -> Self {
        Self { call, members, once: None, by: Method::Post, is_patient: true }
    }

    pub(crate) fn once(self, key: &'a str) -> Self {
        Self { once: self.call.is_done_once().then_some(key), ..self }
    }
}

/// An idempotency key of the application, if it can stand in a header.
///
/// # Errors
/// `NotPossible` otherwise: no later attempt would end better.
pub(crate) fn sendable(key: &str) -> Result<&str, LicenseError> {
    let is_sendable = (1..=MAX_KEY_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    let unfit = LicenseError::NotPossible { what: "an idempotency key must have 1 to 255 visible ASCII characters" };
    if is_sendable { Ok(key) } else { Err(unfit) }
}

/// The error for a status that brings nothing. Only what has the form of this protocol's errors is a refusal; anything else was
/// said by somebody on the way, or by another server.
fn refused(call: Call, raw: &Raw) -> LicenseError {
    let status = raw.status;
    match status {
        429 => LicenseError::Busy { call, retry_after: retry_after(&raw.headers) },
        503 if retry_after(&raw.headers).is_some() => {
            LicenseError::Busy { call, retry_after: retry_after(&raw.headers) }
        }
        500..=599 => LicenseError::ServerFault { call, status },
        408 => LicenseError::Stranger { call, status },
        400..=499 => read_refusal(call, status, &raw.body)
            .map_or(LicenseError::Stranger { call, status }, |refusal| LicenseError::Refused { call, refusal }),
        _ => LicenseError::Stranger { call, status },
    }
}

/// Reads an error object of this protocol (§4.1 of the contract), or, where tokens come from, of OAuth.
pub(crate) fn read_refusal(call: Call, status: u16, body: &[u8]) -> Option<Refusal> {
    let object: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    // Gateways write errors in JSON as well; none names a code and repeats its status as this protocol does.
    let repeats_status = object.get("status").and_then(Value::as_u64) == Some(status.into());
    if let Some(code) = text("code").filter(|code| !code.is_empty() && repeats_status) {
        return Some(Refusal::new(status, code, text("message").unwrap_or_default()));
    }
    let code = text("error").filter(|code| call == Call::Token && is_oauth_error(status, code))?;
    Some(Refusal::new(status, code, text("error_description").unwrap_or_default()))
}

/// Whether a word is an error of a token endpoint (RFC 6749 §5.2), rather than the name of a status, as gateways write it.
fn is_oauth_error(status: u16, word: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    matches!(status, 400 | 401) && !word.is_empty() && word.bytes().all(is_word)
}

fn malformed(call: Call, why: &str) -> LicenseError {
    LicenseError::Malformed { what: call.to_string(), why: why.to_owned() }
}

/// Members as a query.
fn form(members: &Map<String, Value>) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let pairs = members.iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some(format!("{name}={}", encoded(text))),
        Value::Bool(_) | Value::Number(_) => Some(format!("{name}={value}")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// What stands for itself in a query and a form (RFC 3986 §2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The longest idempotency key that servers of this protocol take.
const MAX_KEY_BYTES: usize = 255;
/// However a client is configured, a call is not sent more often.
const MAX_ATTEMPTS: u32 = 10;

#[cfg(test)]
mod tests {
    use super::{Call, read_refusal};

    #[test]
    fn only_the_errors_of_this_protocol_are_refusals() {
        let code = |call, status, body: &str| read_refusal(call, status, body.as_bytes()).map(|refusal| refusal.code);
        let ours = r#"{"status":400,"code":"license_not_found","message":"No license."}"#;
        for call in [Call::Check, Call::Token, Call::TokenUrl] {
            assert_eq!(code(call, 400, ours).as_deref(), Some("license_not_found"), "{call}");
            assert_eq!(code(call, 403, ours), None, "{call}: another status");
        }
        let token = r#"{"error":"invalid_client","error_description":"No."}"#;
        assert_eq!(code(Call::Token, 401, token).as_deref(), Some("invalid_client"));
        for call in [Call::Check, Call::Activate, Call::TokenUrl] {
            assert_eq!(code(call, 401, token), None, "{call}");
        }
        for (status, body) in [
            (404, r#"{"timestamp":"2026-03-01","status":404,"error":"Not Found","path":"/api/v4/check_license"}"#),
            (403, r#"{"error":"Forbidden"}"#),
            (403, r#"{"error":"forbidden"}"#),
            (401, r#"{"error":"Unauthorized"}"#),
            (401, r#"{"status":401,"error":"Unauthorized"}"#),
            (400, r#"{"error":{"code":"bad_request"}}"#),
            (400, r#"{"error":""}"#),
            (400, r#"{"code":"license_not_found","message":"No status."}"#),
            (400, r#"{"status":"400","code":"license_not_found"}"#),
            (400, r#"{"status":400,"code":""}"#),
            (400, r#"{"status":400,"code":7}"#),
            (400, "<html>"),
            (400, "[]"),
        ] {
            for call in [Call::Check, Call::Token, Call::TokenUrl] {
                assert_eq!(code(call, status, body), None, "{call}: {body}");
            }
        }
    }
}
