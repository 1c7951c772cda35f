//! What a polling ID says.

use countersign_domain::device::UpdateQuestion;
use countersign_domain::ids::{AuthorizationKeyId, Generation};
use countersign_domain::text::PackageId;
use countersign_domain::time::Timestamp;

use crate::devices::TokenRefusal;

/// The endpoint that issued a polling ID, and the only one on which it is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `/uai/2.0/updates/manifests`
    Manifests,
    /// `/uai/2.0/signed-updates/manifests`
    SignedManifests,
    /// `/uai/2.0/signed-updates`
    SignedUpdates,
    /// `/uai/2.0/updates`
    Updates,
}

impl Endpoint {
    /// Whether its answers are signed.
    #[must_use]
    pub fn is_signed(self) -> bool {
        match self {
            Self::SignedManifests | Self::SignedUpdates => true,
            Self::Manifests | Self::Updates => false,
        }
    }
}

/// What was asked, or why it could not be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The content of the question is wrong; the poll says so in the protocol's own form.
    Invalid(QuestionProblem),
    /// Which files does this update have?
    Manifest {
        /// The manifest's UUID.
        uuid: String,
    },
    /// Which updates apply?
    Updates(UpdateQuestion),
}

/// What is wrong with the content of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuestionProblem {
    /// The device class is none that exists.
    DeviceClass(String),
    /// A member has the wrong type or is too long.
    Malformed(String),
    /// A member that is needed is not given.
    Missing(String),
    /// The installed package is not known.
    UnknownPackage(PackageId),
}

/// The content of a polling ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    /// When the question came. Everything in the answer that depends on time is computed from this.
    pub(super) asked_at: Timestamp,
    /// What this process knew when the question came: an answer is never given on an older state.
    pub(super) generation: Generation,
    /// The question and the key that let it in, or the refusal.
    pub(super) content: Result<(AuthorizationKeyId, Asked), TokenRefusal>,
}
