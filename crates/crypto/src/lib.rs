//! Digests, HMAC, RSA, sealing, passwords, and JOSE on top of aws-lc-rs: bytes in, bytes out.
//!
//! This is the only crate that names the crypto library, so that one page of code decides which algorithms, key
//! sizes and encodings Countersign speaks. `docs/protocol/jose.md` is the same decision in prose.
//!
//! It must never know HTTP, a store, a clock, or what a claim means: whether a token has expired is decided by the
//! caller, after this crate has said who made it. Randomness comes in through [`Rng`], with one exception that the
//! library does not allow us to inject: [`RsaPrivateKey::generate`].
//!
//! Three habits hold everywhere here:
//!
//! - The caller names the [`Algorithm`]; nothing is chosen because a token says so.
//! - What has not been verified has another type than what has ([`Unverified`], [`Verified`]).
//! - Keys are parsed once and kept; no function on a hot path takes a key as bytes.

#![warn(clippy::indexing_slicing, reason = "bytes from outside reach every module of this crate")]

pub mod certificate;
mod der;
pub mod digest;
pub mod encoding;
pub mod hmac;
pub mod jose;
pub mod json;
pub mod jwk;
pub mod p256;
pub mod password;
mod pem;
pub mod private_key;
pub mod public_key;
pub mod random;
pub mod rsa;
pub mod seal;
pub mod secret;
pub mod verifying_key;
pub mod webhook;

pub use der::DerError;
pub use digest::{Md5, Sha256, sha256};
pub use hmac::HmacKey;
pub use jose::{Compact, Flattened, JwsError, ProtectedHeader, SigningInput, Unverified, Verified};
pub use jwk::{Jwk, JwkError};
pub use p256::P256PublicKey;
pub use pem::{PemError, spki_pem};
pub use private_key::PrivateKey;
pub use public_key::{KeyParseError, RsaPublicKey};
pub use random::{Rng, SystemRng};
pub use rsa::{PrivateKeyError, RsaBits, RsaPrivateKey, SignError};
pub use seal::{OpenError, SealingKey};
pub use secret::{Secret, constant_time_eq};
pub use verifying_key::{Algorithm, RsaPolicy, VerifyError, VerifyingKey, VerifyingKeyError};
