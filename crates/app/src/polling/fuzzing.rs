//! What fuzzing reaches of polling IDs: their content, without the seal around it.

use super::codec::{decode, encode};
use super::ticket::{Asked, Ticket};
use countersign_domain::ids::{AuthorizationKeyId, Generation};
use countersign_domain::time::Timestamp;

/// The content of a polling ID, read and written again; `None` when it cannot be read.
#[must_use]
pub fn rewritten(content: &[u8]) -> Option<Vec<u8>> {
    decode(content).map(|ticket| encode(&ticket))
}

/// What a polling ID brings back of a question.
#[must_use]
pub fn carried(asked: Asked) -> Option<Asked> {
    let content = Ok((AuthorizationKeyId(1), asked));
    let ticket = Ticket { asked_at: Timestamp::EPOCH, generation: Generation(1), content };
    decode(&encode(&ticket))?.content.ok().map(|(_, asked)| asked)
}
