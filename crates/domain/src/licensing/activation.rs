//! Whether a license can be activated on a device: one decision for every door.

use super::customer::Holder;
use super::license::{License, Standing};
use crate::device::DeviceStatus;
use crate::ids::{DeviceId, LicenseId};
use crate::time::{Date, Timestamp};

/// A license on a device: a mapped line item, in the words of the device door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// The license.
    pub license: LicenseId,
    /// The device.
    pub device: DeviceId,
    /// Since when.
    pub activated_at: Timestamp,
}

/// What is known of the device that wants to activate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registrant {
    /// Whose it is; `None` when it is new or anonymous.
    pub holder: Option<Holder>,
    /// Whether it is in use.
    pub status: DeviceStatus,
    /// Whether this license is activated on it already.
    pub activated: bool,
}

impl Registrant {
    /// A device that the site has not heard of.
    pub const NEW: Self = Self { holder: None, status: DeviceStatus::Active, activated: false };
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Activate the license on the device.
    Activate,
    /// Nothing: it is activated already.
    Keep,
}

/// Why a license is not activated on a device, in the order in which it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ActivationRefusal {
    /// The producer has taken the device out of use.
    #[error("the device is obsolete")]
    Obsolete,
    /// The license belongs to another account than the device.
    #[error("the device belongs to another account than the license")]
    OtherAccount,
    /// The producer has disabled the license.
    #[error("the license is disabled")]
    Disabled,
    /// The license's first day has not come.
    #[error("the license is not valid yet")]
    NotStarted,
    /// The license's last day has passed.
    #[error("the license has expired")]
    Expired,
    /// As many devices as the license allows have it activated.
    #[error("the license is activated on as many devices as it allows")]
    Exhausted,
}

impl ActivationRefusal {
    /// All of them, in the order in which they are judged.
    pub const ALL: [Self; 6] =
        [Self::Obsolete, Self::OtherAccount, Self::Disabled, Self::NotStarted, Self::Expired, Self::Exhausted];
}

/// Decides whether a license can be activated on a device today. To repeat an activation changes nothing and is no
/// second one, even when the limit is reached or the license has ended since.
///
/// # Errors
/// [`ActivationRefusal`] says why not.
pub fn decide(license: &License, device: Registrant, today: Date) -> Result<Step, ActivationRefusal> {
    if device.status == DeviceStatus::Obsolete {
        return Err(ActivationRefusal::Obsolete);
    }
    if device.holder.is_some_and(|holder| !holder.shares_account(license.holder)) {
        return Err(ActivationRefusal::OtherAccount);
    }
    if device.activated {
        return Ok(Step::Keep);
    }
    match license.terms.standing(today) {
        Standing::Disabled => Err(ActivationRefusal::Disabled),
        Standing::NotStarted => Err(ActivationRefusal::NotStarted),
        Standing::Expired => Err(ActivationRefusal::Expired),
        Standing::InForce if license.terms.limit.has_room(license.activations) => Ok(Step::Activate),
        Standing::InForce => Err(ActivationRefusal::Exhausted),
    }
}
