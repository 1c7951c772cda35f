//! The two registered claims that say when a token is valid (RFC 7519 §4.1.4, §4.1.5), out of a verified payload.

use serde_json::{Map, Value};

use super::{JwsError, Verified};
use crate::json::{JsonLimits, parse_object};

/// A claim that should hold a number of seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NumericDate {
    /// The claim is not there.
    Absent,
    /// Seconds since 1970, fractions allowed (RFC 7519 §2).
    At(f64),
    /// The claim is there and is not a number.
    NotANumber,
}

/// When a token is valid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeClaims {
    /// `exp`: the token is not accepted at or after this time.
    pub expires: NumericDate,
    /// `nbf`: the token is not accepted before this time.
    pub not_before: NumericDate,
}

impl TimeClaims {
    /// Reads the claims of a token whose signature was verified. Whether they are fulfilled is the caller's decision:
    /// this crate knows no clock.
    ///
    /// # Errors
    ///
    /// [`JwsError::Json`] if the payload is not one strict JSON object.
    pub fn read(payload: &Verified<Vec<u8>>) -> Result<Self, JwsError> {
        Ok(Self::of(&all_claims(payload)?))
    }

    /// The times among claims that were read already.
    pub fn of(claims: &Map<String, Value>) -> Self {
        let date = |name: &str| match claims.get(name) {
            None => NumericDate::Absent,
            Some(value) => value.as_f64().map_or(NumericDate::NotANumber, NumericDate::At),
        };
        Self { expires: date("exp"), not_before: date("nbf") }
    }
}

/// All claims of a token whose signature was verified (RFC 7519 §4).
///
/// # Errors
///
/// [`JwsError::Json`] if the payload is not one strict JSON object.
pub fn all_claims(payload: &Verified<Vec<u8>>) -> Result<Map<String, Value>, JwsError> {
    parse_object(payload.payload(), LIMITS).map_err(JwsError::Json)
}

/// A token is at most 16 KiB long, so its claims are shorter; they are flat, with room for what producers add.
pub(super) const LIMITS: JsonLimits = JsonLimits { max_bytes: super::MAX_COMPACT_LEN, max_depth: 16 };
