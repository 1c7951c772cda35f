//! Everything that can go wrong between a question and a file on the disk, each case told apart and told in words.
//!
//! No message holds the token, a polling URL or a download URL: each of them is a permission.

use std::{fmt, io, path::PathBuf, time::Duration};

use countersign_crypto::jose::JwsError;

use crate::{file_name::NameFault, server_message::ServerMessage};

/// Why something that a device wanted did not succeed.
///
/// Messages that begin with "Refused" mean that the server, or somebody on the way to it, sent something that must
/// not be used; the others mean that there is no answer now.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// An answer had more bytes than any honest one.
    #[error("Refused: the answer for {subject} is larger than {limit} bytes; it was not read further")]
    AnswerTooLarge {
        /// What was asked for.
        subject: Subject,
        /// The limit in bytes.
        limit: u64,
    },
    /// No pinned key verifies the signature.
    #[error(
        "Refused: the signature of {subject} does not verify with a pinned key; nothing in it was read. Either the \
         answer was altered, or the server has a new signing key that this device does not know"
    )]
    BadSignature {
        /// What was asked for.
        subject: Subject,
    },
    /// The server asks for patience (429 or 503).
    #[error("the server is too busy to answer for {subject} ({status}); ask again later")]
    Busy {
        /// What was asked for.
        subject: Subject,
        /// 429 or 503.
        status: u16,
        /// How long the server wants the client to wait, if it says so in seconds.
        retry_after: Option<Duration>,
    },
    /// The server has understood what the device told it, and does not accept it. Like every outcome of such a call this
    /// is not signed.
    #[error("the server does not accept {subject} ({message}{})", about(.message))]
    Declined {
        /// What was told.
        subject: Subject,
        /// Why, in the server's words; the key is what programs go by.
        message: ServerMessage,
    },
    /// The file's bytes have another digest than the signed one.
    #[error(
        "Refused: {file} has the wrong {algorithm} digest (signed: {declared}, received: {computed}); nothing was kept"
    )]
    DigestMismatch {
        /// The file's name.
        file: String,
        /// `SHA-256` or `MD5`.
        algorithm: &'static str,
        /// The digest in the manifest, in hex.
        declared: String,
        /// The digest of what arrived, in hex.
        computed: String,
    },
    /// The file has more bytes than the manifest declares.
    #[error("Refused: {file} is longer than the {declared} bytes that the manifest declares; nothing was kept")]
    FileTooLong {
        /// The file's name.
        file: String,
        /// The declared size in bytes.
        declared: u64,
    },
    /// The file has fewer bytes than the manifest declares.
    #[error("Refused: {file} has {received} bytes where the manifest declares {declared}; nothing was kept")]
    FileTooShort {
        /// The file's name.
        file: String,
        /// The declared size in bytes.
        declared: u64,
        /// The size that the server announced or sent, in bytes.
        received: u64,
    },
    /// A 202 answer points at another origin.
    #[error(
        "Refused: the server wants {subject} to be fetched from elsewhere than {origin}; the address was not followed"
    )]
    ForeignUrl {
        /// What was asked for.
        subject: Subject,
        /// Scheme, host and port of the base URL.
        origin: String,
    },
    /// The answer is gone (410): the polling URL is unknown or too old, or the download link has expired.
    #[error("{subject} is not held any more (410{}); ask again from the start", said(.message.as_ref()))]
    Gone {
        /// What was asked for.
        subject: Subject,
        /// What the server says.
        message: Option<ServerMessage>,
    },
    /// Another process, or another thread, downloads the same file into the same folder.
    #[error("{} is being written by another download; wait for it to end", .path.display())]
    InUse {
        /// The unfinished file.
        path: PathBuf,
    },
    /// A file of this device could not be read or written.
    #[error("{} cannot be read or written; check the folder, its permissions and the free space", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// An answer, or a verified payload, is not what the protocol says.
    #[error("Refused: the answer for {subject} is not understood: {why}")]
    Malformed {
        /// What was asked for.
        subject: Subject,
        /// What is wrong with it.
        why: String,
    },
    /// The request could not be completed.
    #[error("no answer from {origin} for {subject}; check the address, the network and any proxy, then try again")]
    Network {
        /// What was asked for.
        subject: Subject,
        /// Scheme, host and port that were asked.
        origin: String,
        /// What went wrong below.
        #[source]
        source: io::Error,
    },
    /// The server does not know it, or cannot sign it (404).
    #[error("the server does not have {subject} (404{}); {}", said(.message.as_ref()), .subject.advice_when_absent())]
    NotFound {
        /// What was asked for.
        subject: Subject,
        /// What the server says.
        message: Option<ServerMessage>,
    },
    /// The answer has no signature to verify: it is not a flattened JWS.
    #[error("Refused: {subject} did not arrive as a signed document; nothing in it was used")]
    NotSigned {
        /// What was asked for.
        subject: Subject,
        /// What is wrong with its form.
        #[source]
        source: JwsError,
    },
    /// The server answered a request for the rest of a file with another part of it.
    #[error("Refused: the server sent another part of {file} than the one that was asked for; nothing was kept")]
    RangeMismatch {
        /// The file's name.
        file: String,
    },
    /// The server redirects, which this protocol never does.
    #[error("Refused: the server redirects the request for {subject} ({status}); redirects are never followed")]
    Redirected {
        /// What was asked for.
        subject: Subject,
        /// The status, 300 to 399.
        status: u16,
    },
    /// The answer was still not ready when the client's patience ended.
    #[error("{subject} was not ready after {polls} polls and {} s of waiting; try again later", .waited.as_secs())]
    TooManyPolls {
        /// What was asked for.
        subject: Subject,
        /// How often the client asked.
        polls: u32,
        /// How long it waited in between.
        waited: Duration,
    },
    /// The server does not accept the token (401).
    #[error(
        "the server refuses this device's token (401{}); the device needs a new token from the producer",
        said(.message.as_ref())
    )]
    Unauthorized {
        /// What was asked for.
        subject: Subject,
        /// What the server says.
        message: Option<ServerMessage>,
    },
    /// The server answered with a status that the protocol does not have here.
    #[error("the server answered the request for {subject} with status {status}{}", said(.message.as_ref()))]
    UnexpectedStatus {
        /// What was asked for.
        subject: Subject,
        /// The status.
        status: u16,
        /// What the server says.
        message: Option<ServerMessage>,
    },
    /// A signed manifest names a file in a way that must not become a path.
    #[error("Refused: the file name {name} in the manifest is not safe: {fault}; no file of it was fetched")]
    UnsafeFileName {
        /// The name, quoted, escaped and shortened.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// A genuine list, but of updates for another package: an answer to somebody else's question.
    #[error("Refused: the signed list is about package {answered:?}, but the question was about {asked:?}")]
    WrongPackage {
        /// The package in the question.
        asked: String,
        /// The package in the list.
        answered: String,
    },
}

/// What the client was after when something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An event of the device's own.
    Event,
    /// The bytes of a file.
    File,
    /// The list of an update's files.
    Manifest,
    /// The registration of the device.
    Registration,
    /// A report about an update on its way.
    StatusReport,
    /// The list of updates.
    UpdateList,
}

impl Subject {
    fn advice_when_absent(self) -> &'static str {
        match self {
            Self::File | Self::Manifest | Self::UpdateList => "ask for the list of updates again",
            Self::Event | Self::Registration | Self::StatusReport => {
                "check the base URL, and whether this server knows the call"
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event => "the event",
            Self::File => "the file",
            Self::Manifest => "the manifest",
            Self::Registration => "the registration",
            Self::StatusReport => "the status report",
            Self::UpdateList => "the update list",
        })
    }
}

/// A name from outside as it may appear in a message.
pub(crate) fn quoted(name: &str) -> String {
    let shown: String = name.chars().take(MAX_SHOWN_NAME).collect();
    let more = if shown.len() < name.len() { "…" } else { "" };
    format!("{shown:?}{more}")
}

fn about(message: &ServerMessage) -> String {
    if message.arguments.is_empty() { String::new() } else { format!(" [{}]", message.arguments) }
}

fn said(message: Option<&ServerMessage>) -> String {
    message.map_or_else(String::new, |message| format!(", {message}"))
}

const MAX_SHOWN_NAME: usize = 80;
