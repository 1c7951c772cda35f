//! The claims of an assertion by which a client proves itself (RFC 7523 §3).

use serde_json::Value;

use super::{JwsError, TimeClaims, Verified, all_claims};

/// What an assertion says, after its signature was verified.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientAssertion {
    /// `iss`.
    pub issuer: Option<String>,
    /// `sub`.
    pub subject: Option<String>,
    /// `aud`.
    pub audience: Audience,
    /// `jti`.
    pub id: Option<String>,
    /// `exp` and `nbf`.
    pub times: TimeClaims,
    /// `iat`, in seconds since 1970, if it is a number.
    pub issued_at: Option<f64>,
}

/// Whom a token is meant for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Audience {
    /// One text.
    One(String),
    /// An array of texts.
    Many(Vec<String>),
    /// Nothing that can be read.
    Unclear,
}

impl ClientAssertion {
    /// Reads an assertion whose signature was verified.
    ///
    /// # Errors
    ///
    /// [`JwsError::Json`] if the payload is not one strict JSON object.
    pub fn read(payload: &Verified<Vec<u8>>) -> Result<Self, JwsError> {
        let claims = all_claims(payload)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let many =
            |list: &[Value]| list.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
        Ok(Self {
            issuer: text("iss"),
            subject: text("sub"),
            audience: match claims.get("aud") {
                Some(Value::String(one)) => Audience::One(one.clone()),
                Some(Value::Array(list)) => many(list).map_or(Audience::Unclear, Audience::Many),
                Some(_) | None => Audience::Unclear,
            },
            id: text("jti"),
            times: TimeClaims::of(&claims),
            issued_at: claims.get("iat").and_then(Value::as_f64),
        })
    }
}
