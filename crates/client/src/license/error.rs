//! Everything that can go wrong with a license, each case told apart and told in words.
//!
//! No message holds a license key, a password, a token or a signature.

use std::{io, path::PathBuf, time::Duration};

use super::{Call, Refusal, Timestamp};

/// Why something that an application wanted did not succeed.
///
/// Messages that begin with "Refused" mean that somebody has sent, or left on the disk, something that must not be used.
#[derive(Debug, thiserror::Error)]
pub enum LicenseError {
    /// An answer had more bytes than any honest one.
    #[error("Refused: the answer for {call} is larger than {limit} bytes; it was not read further")]
    AnswerTooLarge {
        /// What was asked for.
        call: Call,
        /// The limit in bytes.
        limit: u64,
    },
    /// A code across the air gap is not right: it was mistyped, or is for another device, license or policy.
    #[error("Refused: the {what} does not fit this device, license and policy; check how it was typed")]
    AirGapCode {
        /// Which code or file.
        what: &'static str,
    },
    /// No pinned key verifies a signature.
    #[error(
        "Refused: a signature of {what} does not verify with a pinned key; nothing in it was used. Either it was altered, \
         or the server has a new key that this application does not know"
    )]
    BadSignature {
        /// What was signed.
        what: String,
    },
    /// The server asks for patience (429).
    #[error("the server is too busy for {call}; ask again later")]
    Busy {
        /// What was asked for.
        call: Call,
        /// How long the server wants the client to wait, if it says so in seconds.
        retry_after: Option<Duration>,
    },
    /// What is kept about the license was altered, or is damaged.
    #[error("Refused: the license that is kept in {} was altered or is damaged; activate again", .path.display())]
    CacheAltered {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds the kept license for longer than a write takes.
    #[error("{} is being written by another process; try again", .path.display())]
    CacheInUse {
        /// The file.
        path: PathBuf,
    },
    /// The clock was set back behind a time that is known to have passed.
    #[error("the clock shows {now}, but it was {trusted} before; set the clock right")]
    ClockSetBack {
        /// The time that is known to have passed.
        trusted: Timestamp,
        /// What the clock shows.
        now: Timestamp,
    },
    /// A file that was carried here cannot be used.
    #[error("Refused: the file cannot be used: {why}")]
    File {
        /// What is wrong with it.
        why: String,
    },
    /// A confirmation code across the air gap whose license this machine has given back.
    #[error("Refused: the license of this confirmation code was given back; ask the producer for a new code")]
    GivenBack,
    /// A file of this application could not be read or written.
    #[error("{} cannot be read or written; check the folder, its permissions and the free space", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// The answer, or what was verified, is not what the protocol says.
    #[error("Refused: {what} is not understood: {why}")]
    Malformed {
        /// What was read.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no license on this machine.
    #[error("no license was activated on this machine")]
    NeverActivated,
    /// The server has answered a question for a seat, but what it says leaves none to hold.
    #[error("no seat was given: {why}")]
    NoSeatGiven {
        /// What the answer says.
        why: &'static str,
    },
    /// The call does not fit how the license came here, who asks, or what servers take.
    #[error("{what}")]
    NotPossible {
        /// What cannot be done, and why.
        what: &'static str,
    },
    /// A genuine answer, but about another license, device or product.
    #[error("Refused: {what} is signed, but is about another {about}")]
    NotOurs {
        /// What was signed.
        what: String,
        /// What does not fit.
        about: &'static str,
    },
    /// The answer has no signature.
    #[error("Refused: the answer for {call} is not signed; nothing in it was used")]
    NotSigned {
        /// What was asked for.
        call: Call,
    },
    /// The server has understood the call, and refuses it. Refusals are not signed.
    #[error("the server refuses {call} ({refusal})")]
    Refused {
        /// What was asked for.
        call: Call,
        /// Why.
        refusal: Refusal,
    },
    /// The server has failed (5xx).
    #[error("the server has failed at {call} ({status}); ask again later")]
    ServerFault {
        /// What was asked for.
        call: Call,
        /// The status.
        status: u16,
    },
    /// An answer that this protocol does not have: from a proxy or another server, perhaps.
    #[error("what answered {call} with status {status} does not speak this protocol; check the base URL and any proxy")]
    Stranger {
        /// What was asked for.
        call: Call,
        /// The status.
        status: u16,
    },
    /// The request could not be completed.
    #[error("no answer from {origin} for {call}; check the address, the network and any proxy, then try again")]
    Unreachable {
        /// What was asked for.
        call: Call,
        /// Scheme, host and port that were asked.
        origin: String,
        /// What went wrong below.
        #[source]
        source: io::Error,
    },
    /// What is kept here was activated on another machine, or under another hardware ID.
    #[error("Refused: the license that is kept in {} belongs to another machine; activate on this one", .path.display())]
    WrongMachine {
        /// The file.
        path: PathBuf,
    },
}

impl LicenseError {
    /// Whether it means that the server could not be asked, or that what answered was not the server: grace begins, and
    /// nothing ends at once.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            Self::AnswerTooLarge { .. }
            | Self::BadSignature { .. }
            | Self::Busy { .. }
            | Self::Malformed { .. }
            | Self::NotOurs { .. }
            | Self::NotSigned { .. }
            | Self::ServerFault { .. }
            | Self::Stranger { .. }
            | Self::Unreachable { .. } => true,
            // The clock of this machine is to be set right; until then nobody confirms the license.
            Self::Refused { refusal, .. } => refusal.reason() == super::Reason::Clock,
            Self::AirGapCode { .. }
            | Self::CacheAltered { .. }
            | Self::CacheInUse { .. }
            | Self::ClockSetBack { .. }
            | Self::File { .. }
            | Self::GivenBack
            | Self::Io { .. }
            | Self::NeverActivated
            | Self::NoSeatGiven { .. }
            | Self::NotPossible { .. }
            | Self::WrongMachine { .. } => false,
        }
    }
}
