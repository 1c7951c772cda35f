//! What a polling ID says.

use countersign_domain::device::UpdateQuestion;
use countersign_domain::ids::{AuthorizationKeyId, Generation};
use countersign_domain::licensing::ActivationRefusal;
use countersign_domain::text::PackageId;
use countersign_domain::time::Timestamp;

use crate::devices::TokenRefusal;

/// The endpoint that issued a polling ID, and the only one on which it is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `/uai/2.0/events`
    Events,
    /// `/uai/2.0/updates/manifests`
    Manifests,
    /// `/uai/2.0/devices/registrations`
    Registrations,
    /// `/uai/2.0/signed-updates/manifests`
    SignedManifests,
    /// `/uai/2.0/signed-updates`
    SignedUpdates,
    /// `/uai/2.0/updates/statusLog`
    StatusLog,
    /// `/uai/2.0/updates`
    Updates,
}

impl Endpoint {
    /// Whether its answers are signed.
    #[must_use]
    pub fn is_signed(self) -> bool {
        match self {
            Self::SignedManifests | Self::SignedUpdates => true,
            Self::Events | Self::Manifests | Self::Registrations | Self::StatusLog | Self::Updates => false,
        }
    }
}

/// What was asked, or what became of something that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The content is wrong, or what was told was not taken; the poll says so in the protocol's own form.
    Invalid(Problem),
    /// Which files does this update have?
    Manifest {
        /// The manifest's UUID.
        uuid: String,
    },
    /// What was told is kept, durably.
    Kept,
    /// Which updates apply?
    Updates(UpdateQuestion),
}

/// What is wrong with the content of a question, or why what a device told was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Problem {
    /// The license is not activated on the device.
    Activation(ActivationRefusal),
    /// The device class is none that exists.
    DeviceClass(String),
    /// A member has the wrong type or is too long.
    Malformed(String),
    /// A member that is needed is not given.
    Missing(String),
    /// Devices of this class do not register themselves.
    NotRegistrable,
    /// A name is too long; the member is named.
    TooLong(String),
    /// No license has this activation ID. Which one is not repeated: whoever knows one can activate.
    UnknownActivation,
    /// The device is not known; its ID is named.
    UnknownDevice(String),
    /// The installed package is not known.
    UnknownPackage(PackageId),
    /// The update is not known; its ID is named.
    UnknownUpdate(String),
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
