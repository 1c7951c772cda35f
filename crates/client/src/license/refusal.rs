//! What the server says when it refuses a call, and what that means for the license.

use std::fmt;

use crate::server_message::ServerMessage;

/// A refusal. Like all refusals of this protocol it is not signed: whoever can change traffic can make one up, and end a
/// license with it, but never extend one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer, 400 to 499.
    pub status: u16,
    /// The stable name, such as `license_not_enabled`; [`Refusal::reason`] sorts those that are known.
    pub code: String,
    /// The text for people.
    pub message: String,
}

/// Why a call was refused, as far as programs act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The date for which a seat was asked has passed, is too far away, or is none.
    BorrowDate,
    /// Seats cannot be borrowed.
    BorrowNotAllowed,
    /// The credential of the application is not accepted, or may not do this.
    Credential,
    /// The clock of this machine is more than 15 minutes wrong.
    Clock,
    /// The producer has disabled the license or the product, or has taken the device out of use.
    Disabled,
    /// The license or the trial is over.
    Expired,
    /// The license is active on as many devices, or has moved as often, as it allows.
    Limit,
    /// User name, password or login are wrong.
    Login,
    /// Not enough units are left.
    NotEnoughUnits,
    /// The license is not active on this device, or there is none.
    NotActive,
    /// The license is not valid yet.
    NotStarted,
    /// No seat is free.
    NoSeat,
    /// Virtual machines are not let in.
    VirtualMachine,
    /// Something else; see the code.
    Other,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: &str) -> Self {
        let ServerMessage { key, message, .. } = ServerMessage::clean(code, message, "");
        Self { status, code: key, message }
    }

    /// What the code means.
    #[must_use]
    pub fn reason(&self) -> Reason {
        Reason::of(&self.code)
    }
}

impl Reason {
    /// What a code means.
    #[must_use]
    pub fn of(code: &str) -> Self {
        match code {
            "borrow_until_not_valid" => Self::BorrowDate,
            "license_borrow_not_allowed" => Self::BorrowNotAllowed,
            "invalid_api_key"
            | "signature_mismatch"
            | "hmac_required"
            | "api_key_product_not_allowed"
            | "oauth_token_expired"
            | "oauth_token_malformed"
            | "insufficient_scope"
            | "invalid_client"
            | "unauthorized_client" => Self::Credential,
            "date_header_diff" => Self::Clock,
            "license_not_enabled" | "disabled_product" | "archived_product" | "blacklisted" => Self::Disabled,
            "license_expired" | "trial_expired" => Self::Expired,
            "license_activated_max_times" | "license_transfer_limit_reached" => Self::Limit,
            "invalid_credentials" | "sso_failed" => Self::Login,
            "license_not_enough_consumptions" => Self::NotEnoughUnits,
            "license_not_active" | "device_not_found" | "license_not_found" | "unknown_product" => Self::NotActive,
            "license_not_started" => Self::NotStarted,
            "floating_not_available" => Self::NoSeat,
            "vm_not_allowed" => Self::VirtualMachine,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
