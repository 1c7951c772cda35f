//! Licenses: creating them, finding them, and changing their terms.

mod change;
mod create;
mod key;
mod list;
mod rules;

pub use change::{ChangeTermsError, ChangedTerms, change_terms};
pub use create::{CreateLicenseError, NewLicense, create, create_from};
pub(crate) use key::generate as generate_key;
pub use list::{LicenseFilter, ListLicensesError, find, list};
pub use rules::{ChangeRulesError, change_rules, reset, set_feature};
