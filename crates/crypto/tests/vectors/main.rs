//! Everything that others have written down about right and wrong signatures, held against this crate, and what the
//! device contract fixes. The files are in `contract/`; their README says where they come from.
//!
//! Each test counts its cases, so that a file that is empty, moved or read wrongly fails instead of passing quietly.

#![expect(clippy::unwrap_used, reason = "a test that finds something else than expected has to stop")]

mod cookbook;
mod decided;
mod device;
mod flattened;
mod keys;
mod private_keys;
mod rfc7515;
mod support;
mod tampering;
mod uploads;
mod webhooks;
mod wycheproof_jose;
mod wycheproof_mac;
mod wycheproof_rsa;
mod wycheproof_signatures;
