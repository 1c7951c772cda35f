//! Who may use what: customers buy orders, orders hold licenses, licenses are activated on devices.
//!
//! One model behind all doors: a license is the line item of an entitlement in the words of the device door, and its key
//! is the activation ID; an activation is a mapped line item.

mod activation;
mod customer;
mod entitlement;
mod license;

#[cfg(test)]
mod tests;

pub use activation::{Activation, ActivationRefusal, Registrant, Step, decide};
pub use customer::{Account, Customer, Holder};
pub use entitlement::{Entitlements, Holding};
pub use license::{ActivationLimit, Feature, License, LicenseStatus, LicenseTerms, Order, Standing};
