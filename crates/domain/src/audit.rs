//! Who did what: the audit trail of administrative writes.

use crate::ids::AuditEntryId;
use crate::time::Timestamp;

/// The way on which a change came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// An administration command on the machine of the store.
    CommandLine,
    /// A device, through the device door.
    DeviceDoor,
    /// A back-office system, through the events door.
    EventsDoor,
    /// A licensed application, through the license door.
    LicenseDoor,
    /// A person or job, through the producer door.
    ProducerDoor,
    /// The program itself.
    System,
    /// An application, through the token door.
    TokenDoor,
}

impl Channel {
    /// All of them.
    const ALL: [Self; 7] = [
        Self::CommandLine,
        Self::DeviceDoor,
        Self::EventsDoor,
        Self::LicenseDoor,
        Self::ProducerDoor,
        Self::System,
        Self::TokenDoor,
    ];

    /// The word for this channel in lists and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CommandLine => "command-line",
            Self::DeviceDoor => "device-door",
            Self::EventsDoor => "events-door",
            Self::LicenseDoor => "license-door",
            Self::ProducerDoor => "producer-door",
            Self::System => "system",
            Self::TokenDoor => "token-door",
        }
    }

    /// The word for this channel that receivers of webhooks are told.
    #[must_use]
    pub fn source(self) -> &'static str {
        match self {
            Self::CommandLine => "portal",
            Self::DeviceDoor => "device",
            Self::LicenseDoor => "license",
            Self::EventsDoor | Self::ProducerDoor | Self::TokenDoor => "api",
            Self::System => "job",
        }
    }

    /// The channel of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == word)
    }
}

/// Who makes a change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The way on which the change comes.
    pub channel: Channel,
    /// Login name where the channel has logins; otherwise empty.
    pub name: String,
}

impl Actor {
    /// Somebody of whom nothing but the channel is known.
    #[must_use]
    pub fn of(channel: Channel) -> Self {
        Self { channel, name: String::new() }
    }
}

/// What was done, and to what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Action {
    /// Noun and verb, such as `update.withdraw`.
    pub verb: &'static str,
    /// Name of what it was done to. Never a secret, and never a license key.
    pub subject: String,
}

impl Action {
    /// An action on something with a name.
    #[must_use]
    pub fn new(verb: &'static str, subject: impl std::fmt::Display) -> Self {
        Self { verb, subject: subject.to_string() }
    }
}

/// One administrative write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Row id.
    pub id: AuditEntryId,
    /// Who did it.
    pub actor: Actor,
    /// What was done: noun and verb.
    pub verb: String,
    /// What it was done to.
    pub subject: String,
    /// When.
    pub at: Timestamp,
}
