//! Proofs of the license door: that a request comes from a holder of an API key or a token, and that an answer comes from
//! the site (`docs/protocol/license.md`, "Proofs").

mod answer;
mod request;

pub use answer::{LicenseAnswerError, Place, license_signature, sign_answer, take_place};
pub use request::{DATE_WINDOW, SignedDate, is_in_window};
