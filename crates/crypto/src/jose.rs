//! JSON Web Signatures (RFC 7515) in the two forms that our protocols carry: compact tokens, and the flattened JSON of
//! signed answers. `docs/protocol/jose.md` describes the profile and why it is this narrow.
//!
//! A signature is checked over the characters that were received, never over something written again from what was
//! understood.

mod access_token;
mod claims;
mod client_assertion;
mod compact;
mod flattened;
mod header;
mod session;
mod signing;

use std::fmt;

use thiserror::Error;

pub use access_token::AccessTokenClaims;
pub use claims::{NumericDate, TimeClaims, all_claims};
pub use client_assertion::{Audience, ClientAssertion};
pub use compact::{Compact, MAX_COMPACT_LEN};
pub use flattened::{Flattened, MAX_FLATTENED_LEN};
pub use header::ProtectedHeader;
pub use session::SessionClaims;
pub use signing::{SigningInput, sign_compact, signing_input};

use crate::json::JsonError;
use crate::verifying_key::VerifyError;

/// A token that was read and not yet verified. What it says is an allegation: it may be used to find the key to
/// verify with, and for nothing else.
#[derive(Clone)]
pub struct Unverified<T>(T);

impl<T> fmt::Debug for Unverified<T> {
    /// Without its content: a token opens doors, in a log as well.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unverified(..)")
    }
}

/// Something whose signature was verified. Only this module can make one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// What was signed.
    pub fn payload(&self) -> &T {
        &self.0
    }

    /// What was signed, for keeps.
    pub fn into_payload(self) -> T {
        self.0
    }
}

/// Why a JWS is refused.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum JwsError {
    /// The header names another algorithm than the one that is required.
    #[error("the token is not signed with the algorithm that is required here")]
    AlgorithmMismatch,
    /// The header asks for extensions (`crit`) or an unencoded payload (`b64`), which we do not speak.
    #[error("the header asks for an extension that is not supported")]
    Extension,
    /// The header is not one strict JSON object.
    #[error("the header is not a JSON object that can be trusted to mean one thing")]
    Header(#[source] JsonError),
    /// A header member is missing or has the wrong type.
    #[error("the header member {name:?} is missing or is not a string")]
    HeaderMember {
        /// The member's name.
        name: &'static str,
    },
    /// The outer text of a flattened JWS is not one strict JSON object.
    #[error("the text is not a JSON object that can be trusted to mean one thing")]
    Json(#[source] JsonError),
    /// A member of a flattened JWS is missing, is not a string, or is not one of the three.
    #[error("a flattened JWS has exactly the string members payload, protected and signature")]
    Members,
    /// A part is not base64url without padding in its canonical form.
    #[error("a part of the token is not base64url without padding")]
    NotBase64Url,
    /// There are not exactly three parts.
    #[error("a token has three parts separated by dots")]
    PartCount,
    /// The text is longer than any we accept.
    #[error("the text is too long")]
    TooLong,
    /// The signature was not accepted.
    #[error("the signature is not accepted")]
    Verify(#[from] VerifyError),
}
