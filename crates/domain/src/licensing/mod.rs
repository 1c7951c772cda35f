//! Who may use what: customers buy orders, orders hold licenses, licenses are activated on devices.
//!
//! One model behind all doors: a license is the line item of an entitlement in the words of the device door, and its key
//! is the activation ID; an activation is a mapped line item.

mod activation;
mod bundle;
mod customer;
mod device_facts;
mod entitlement;
mod feature;
mod license;
pub(crate) mod lines;
mod members;
mod metering;
mod offline;
mod part;
mod product;
mod rules;
mod seat;
mod sso;
mod user;
mod validity;
mod version;

#[cfg(test)]
mod tests;

pub use activation::{Activation, ActivationRefusal, Registrant, Step, decide};
pub use bundle::{Bundle, Policy};
pub use customer::{Account, Contact, Customer, Holder};
pub use device_facts::{DeviceFacts, DeviceVariable, VARIABLE_NAME_LIMIT, VARIABLE_VALUE_LIMIT, VARIABLES};
pub use entitlement::{Entitlements, Holding};
pub use feature::{Feature, FeatureRules, FeatureType, LicenseFeature};
pub use license::{ActivationLimit, License, LicenseStatus, LicenseTerms, LicenseUsage, Order, Standing};
pub use lines::RULES_LIMIT;
pub use metering::{ConsumptionRefusal, Meter, Metering, ResetPeriod, UNITS_LIMIT, Units};
pub use offline::OfflineWay;
pub use part::Part;
pub use product::{AuthorizationMethod, LicensedProduct, ProductRules, ProductStatus};
pub use rules::{
    CustomField, FieldType, Floating, LicenseRules, LicenseType, RulesError, Seats, TransferLimit, check_rules,
};
pub use seat::{ClockJump, SEAT_SLACK, Seat, SeatDenial, SeatPool, SeatRefusal, SeatStep, SeatWish};
pub use sso::{IdTokenAlgorithm, LoginState, Person, RedirectRefused, SsoProvider, SsoProviderError};
pub use user::{Assignment, LicenseUser, may_change};
pub use validity::{Validity, ValidityError};
pub use version::{Environment, ReleasedVersion};
