//! The protected header: the few members we read, and the few we write.

use serde_json::Value;

use crate::encoding::{base64url_decode, base64url_encode};
use crate::jose::JwsError;
use crate::json::{self, JsonLimits};
use crate::verifying_key::Algorithm;

/// The header of a JWS that we sign.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ProtectedHeader {
    kind: Kind,
    kid: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Kind {
    #[default]
    Bare,
    Jwt,
    AccessToken(Algorithm),
}

impl ProtectedHeader {
    /// Exactly the 15 bytes `{"alg":"RS256"}`, as signed answers of the device protocol carry it.
    pub fn rs256() -> Self {
        Self::default()
    }

    /// `{"alg":"RS256","typ":"JWT"}`, for tokens.
    pub fn jwt() -> Self {
        Self { kind: Kind::Jwt, kid: None }
    }

    /// `{"alg":…,"typ":"at+jwt"}`, for access tokens (RFC 9068 §2.1).
    pub fn access_token(algorithm: Algorithm) -> Self {
        Self { kind: Kind::AccessToken(algorithm), kid: None }
    }

    /// The same with a `kid` at the end, which lets a reader choose between an old key and a new one.
    #[must_use]
    pub fn with_kid(self, kid: &str) -> Self {
        Self { kid: Some(kid.to_owned()), ..self }
    }

    /// The JSON text, byte for byte as it is signed.
    pub fn to_json(&self) -> String {
        let mut json = match self.kind {
            Kind::Bare => r#"{"alg":"RS256""#.to_owned(),
            Kind::Jwt => r#"{"alg":"RS256","typ":"JWT""#.to_owned(),
            Kind::AccessToken(algorithm) => format!(r#"{{"alg":"{}","typ":"at+jwt""#, algorithm.name()),
        };
        if let Some(kid) = &self.kid {
            json.push_str(r#","kid":"#);
            json.push_str(&Value::from(kid.as_str()).to_string());
        }
        json.push('}');
        json
    }

    pub(super) fn encoded(&self) -> String {
        base64url_encode(self.to_json().as_bytes())
    }
}

/// What we read from a received header. `cty` and unknown members are ignored; `jwk`, `jku`, `x5c` and `x5u` are
/// among them, because a key never comes from the token that it is to verify.
#[derive(Clone, Debug)]
pub(super) struct ReceivedHeader {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
}

impl ReceivedHeader {
    /// Reads the first part of a JWS (RFC 7515 §5.2, steps 2 to 4).
    pub(super) fn parse(encoded: &str) -> Result<Self, JwsError> {
        let text = base64url_decode(encoded).map_err(|_| JwsError::NotBase64Url)?;
        let mut members = json::parse_object(&text, LIMITS).map_err(JwsError::Header)?;
        // RFC 7515 §4.1.11: we understand no extension, so whatever `crit` lists must be refused. RFC 7797 §3: `b64`
        // changes what is signed, and is refused even where it says what is the default.
        if members.contains_key("crit") || members.contains_key("b64") {
            return Err(JwsError::Extension);
        }
        let mut take = |name: &'static str| match members.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(JwsError::HeaderMember { name }),
        };
        let alg = take("alg")?.ok_or(JwsError::HeaderMember { name: "alg" })?;
        let kid = take("kid")?;
        // Only some callers look at `typ`, so what it holds in other tokens is none of our business.
        let typ = members.remove("typ").and_then(|value| value.as_str().map(str::to_owned));
        Ok(Self { alg, kid, typ })
    }

    pub(super) fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Demands that the header names the algorithm that the caller requires, letter by letter.
    pub(super) fn require(&self, algorithm: Algorithm) -> Result<(), JwsError> {
        if self.alg == algorithm.name() { Ok(()) } else { Err(JwsError::AlgorithmMismatch) }
    }
}

/// Room for an embedded key or certificate chain that others put there and we ignore.
const LIMITS: JsonLimits = JsonLimits { max_bytes: 8 * 1024, max_depth: 8 };
