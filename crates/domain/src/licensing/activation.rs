//! Whether a license can be activated on a device: one decision for every door.

use super::customer::Holder;
use super::license::{License, Standing};
use super::rules::TransferLimit;
use crate::device::DeviceStatus;
use crate::ids::{DeviceId, LicenseId, LicenseUserId};
use crate::time::Timestamp;

/// A license on a device: a mapped line item, in the words of the device door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// The license.
    pub license: LicenseId,
    /// The device.
    pub device: DeviceId,
    /// The user for whom it is activated, if the license is assigned to users.
    pub user: Option<LicenseUserId>,
    /// Since when.
    pub activated_at: Timestamp,
    /// Whether the device has it by a file or a code, without a connection.
    pub offline: bool,
    /// The date of the newest file that asked for it, by the device's clock.
    pub asked_at: Option<Timestamp>,
}

/// What is known of the device that wants to activate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registrant {
    /// Which device; `None` when it is new.
    pub device: Option<DeviceId>,
    /// Whose it is; `None` when it is new or anonymous.
    pub holder: Option<Holder>,
    /// Whether it is in use.
    pub status: DeviceStatus,
    /// Whether this license is activated on it already.
    pub activated: bool,
    /// Whether it says that it is a virtual machine.
    pub virtual_machine: bool,
}

impl Registrant {
    /// A device that the site has not heard of.
    pub const NEW: Self =
        Self { device: None, holder: None, status: DeviceStatus::Active, activated: false, virtual_machine: false };
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
    /// The license has moved to another device as often as it may.
    #[error("the license has moved to another device as often as it may")]
    TransferLimit,
    /// The license does not work on virtual machines.
    #[error("the license does not work on virtual machines")]
    VirtualMachine,
}

impl ActivationRefusal {
    /// All of them, in the order in which they are judged.
    pub const ALL: [Self; 8] = [
        Self::Obsolete,
        Self::OtherAccount,
        Self::Disabled,
        Self::NotStarted,
        Self::Expired,
        Self::Exhausted,
        Self::TransferLimit,
        Self::VirtualMachine,
    ];
}

/// Decides whether a license can be activated on a device now. To repeat an activation changes nothing and is no second
/// one, even when the limit is reached or the license has ended since.
///
/// # Errors
/// [`ActivationRefusal`] says why not.
pub fn decide(license: &License, device: Registrant, now: Timestamp) -> Result<Step, ActivationRefusal> {
    if device.status == DeviceStatus::Obsolete {
        return Err(ActivationRefusal::Obsolete);
    }
    if device.holder.is_some_and(|holder| !holder.shares_account(license.holder)) {
        return Err(ActivationRefusal::OtherAccount);
    }
    if device.activated {
        return Ok(Step::Keep);
    }
    match license.standing(now) {
        Standing::Disabled => return Err(ActivationRefusal::Disabled),
        Standing::NotStarted => return Err(ActivationRefusal::NotStarted),
        Standing::Expired => return Err(ActivationRefusal::Expired),
        Standing::InForce => {}
    }
    if !license.terms.limit.has_room(license.activations) {
        return Err(ActivationRefusal::Exhausted);
    }
    let transfers_left = match license.rules.transfers {
        TransferLimit::AtMost(limit) => license.usage.transfers < limit,
        TransferLimit::Forbidden => false,
        TransferLimit::Unlimited => true,
    };
    if license.is_transfer(device.device) && !transfers_left {
        return Err(ActivationRefusal::TransferLimit);
    }
    if license.rules.prevent_vm && device.virtual_machine {
        return Err(ActivationRefusal::VirtualMachine);
    }
    Ok(Step::Activate)
}
