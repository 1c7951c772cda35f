//! Why a call of the license door was refused: one list for all calls, so that a door has one table.

use countersign_domain::licensing::{ActivationRefusal, ConsumptionRefusal};

use super::seats::Denied;
use crate::Fault;
use crate::fault::takes_store_errors;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum LicenseError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The device gets no seat; nothing was changed.
    #[error("the device gets no seat: {}", .0.reason)]
    Denied(Box<Denied>),
    /// The call was refused; nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

takes_store_errors!(LicenseError);

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// Versions are told only where a license is active.
    #[error("the license is not active on this device")]
    ActiveLicenseRequired,
    /// The product was archived.
    #[error("the product is archived")]
    ArchivedProduct,
    /// A code of a device behind an air gap does not fit, or the code that it answers has ended or was used.
    #[error("the code does not fit this device and license, or the initialization code has ended or was used")]
    AirGapCode,
    /// A license behind an air gap was not made from a policy, and the policy is what its device takes as a file.
    #[error("the license was not made from a policy, which its device needs")]
    AirGapPolicy,
    /// The producer has taken the device out of use.
    #[error("the device is out of use")]
    Blacklisted,
    /// No such customer in the site.
    #[error("no such customer")]
    CustomerDoesNotExist,
    /// The caller cannot see the customer.
    #[error("the customer cannot be seen with this credential")]
    CustomerNotFound,
    /// The license is not active on a device with this hardware ID.
    #[error("the license is not active on this device")]
    DeviceNotFound,
    /// The product was disabled.
    #[error("the product is disabled")]
    DisabledProduct,
    /// A trial of a user-based product needs an e-mail address.
    #[error("an e-mail address is needed")]
    EmailMissing,
    /// A feature is not on the license, or not on the product.
    #[error("the license has no such feature")]
    FeatureUnknown,
    /// The idempotency key came before with another body.
    #[error("this idempotency key was used for another request")]
    IdempotencyMismatch,
    /// Wrong user or wrong password.
    #[error("user name or password are wrong")]
    InvalidCredentials,
    /// The license was activated on as many devices as it allows.
    #[error("the license is activated on as many devices as it allows")]
    LicenseActivatedMaxTimes,
    /// The license has ended.
    #[error("the license has expired")]
    LicenseExpired,
    /// The license is active on no device.
    #[error("the license is not active")]
    LicenseNotActive,
    /// The license, or the feature, does not count units.
    #[error("the license does not count units")]
    LicenseNotConsumption,
    /// The license was disabled.
    #[error("the license is disabled")]
    LicenseNotEnabled,
    /// Not enough units are left.
    #[error("not enough units are left")]
    LicenseNotEnoughConsumptions,
    /// No such license, or the caller cannot see it.
    #[error("no such license")]
    LicenseNotFound,
    /// The first day of the license has not come.
    #[error("the license is not valid yet")]
    LicenseNotStarted,
    /// Units cannot be given back.
    #[error("units cannot be given back")]
    NegativeNotAllowed,
    /// The license, or the feature, has no seats that this server counts.
    #[error("there are no seats")]
    NoSeats,
    /// The license cannot be activated without a connection.
    #[error("the license cannot be activated without a connection")]
    OfflineNotAllowed,
    /// A request file is older than the license lets it be.
    #[error("the request file is too old")]
    OfflineRequestExpired,
    /// A request file was used before, and what it was used for is no longer so.
    #[error("the request file was used before")]
    OfflineRequestUsed,
    /// The password may not be changed, or the new one is not good enough.
    #[error("the password cannot be changed to this one")]
    PasswordNotChangeable,
    /// The credential is for other products.
    #[error("the credential is not for this product")]
    ProductNotAllowed,
    /// The credential may only ask.
    #[error("the credential may only read")]
    ReadOnly,
    /// The account has no single sign-on, or its provider does not let this person in.
    #[error("single sign-on is not set up, or the login was refused")]
    SsoFailed,
    /// People are not to be sent back to where the application wants.
    #[error("people are not sent back there")]
    SsoRedirect,
    /// The account's provider does not answer, or not as it should.
    #[error("the provider of the account cannot be used")]
    SsoUnavailable,
    /// Too many wrong passwords, or too many calls.
    #[error("too many attempts; wait {0} seconds")]
    TooMany(u32),
    /// An activation has used too many request files.
    #[error("the activation has used too many request files; take the license off the device first")]
    TooManyFiles,
    /// More variables than a device may have, or one that is too long.
    #[error("too many variables, or one is too long")]
    TooManyVariables,
    /// The license has moved to another device as often as it may.
    #[error("the license has moved to another device as often as it may")]
    TransferLimit,
    /// The trial of this device is over.
    #[error("the trial is over")]
    TrialExpired,
    /// The product has no trials.
    #[error("the product has no trials")]
    TrialNotAllowed,
    /// No such product or bundle.
    #[error("no such product")]
    UnknownProduct,
    /// No such release.
    #[error("no such version")]
    VersionNotFound,
    /// The license does not work on virtual machines.
    #[error("the license does not work on virtual machines")]
    VirtualMachine,
}

impl From<ActivationRefusal> for Refusal {
    fn from(refusal: ActivationRefusal) -> Self {
        match refusal {
            ActivationRefusal::Obsolete => Self::Blacklisted,
            // A device follows the license that it activates: see `activate.rs`.
            ActivationRefusal::OtherAccount => Self::LicenseNotFound,
            ActivationRefusal::Disabled => Self::LicenseNotEnabled,
            ActivationRefusal::NotStarted => Self::LicenseNotStarted,
            ActivationRefusal::Expired => Self::LicenseExpired,
            ActivationRefusal::Exhausted => Self::LicenseActivatedMaxTimes,
            ActivationRefusal::TransferLimit => Self::TransferLimit,
            ActivationRefusal::VirtualMachine => Self::VirtualMachine,
        }
    }
}

impl From<ConsumptionRefusal> for Refusal {
    fn from(refusal: ConsumptionRefusal) -> Self {
        match refusal {
            ConsumptionRefusal::NotEnough => Self::LicenseNotEnoughConsumptions,
            ConsumptionRefusal::Negative => Self::NegativeNotAllowed,
        }
    }
}
