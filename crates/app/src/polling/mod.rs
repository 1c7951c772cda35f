//! Polling IDs: a question, or the refusal of its credential, sealed into the URL that the device polls.
//!
//! Nothing is stored (`docs/adr/0002-sealed-polling-ids.md`). `ticket.rs` says what is inside, `codec.rs` how it is
//! written in few bytes, `seal.rs` how it is sealed, opened and judged.

mod codec;
#[cfg(fuzzing)]
pub mod fuzzing;
mod seal;
mod ticket;

pub(crate) use seal::open;
pub use seal::{POLLING_ID_LIFE, PollError, REFUSAL_LIFE, issue, outcome};
pub use ticket::{Asked, Endpoint, Problem};
