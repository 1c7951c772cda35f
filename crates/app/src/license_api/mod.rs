//! What licensed applications ask for: activating, checking, counting units, trials, users
//! (`docs/protocol/license.md`). The wire is the door's.
//!
//! | function | call |
//! |---|---|
//! | [`activate()`], [`deactivate`] | `activate_license`, `deactivate_license` |
//! | [`check()`], [`check_feature`] | `check_license`, `check_license_feature` |
//! | [`recall_check`], [`remember_check`] | `check_license` again |
//! | [`activate_bundle`], [`deactivate_bundle`], [`check_bundle`] | the same for all licenses of a bundle |
//! | [`add_consumption`], [`add_feature_consumption`] | the same |
//! | [`release_seat`], [`borrow_seat`] | `floating/release` and `floating/borrow`, and those of features |
//! | [`trial()`] | `trial_key` |
//! | [`product_details`], [`products()`] | the same |
//! | [`track_variables`], [`variables()`] | `track_device_variables`, `get_device_variables` |
//! | [`change_password`] | the same |
//! | [`versions()`], [`installation_file`] | the same |
//! | [`customer_license_users`], [`user_licenses`], [`device_licenses`] | the same |
//! | [`activate_offline`], [`deactivate_offline`], the same for bundles | `activate_offline` and its siblings, by files |
//! | [`refresh_offline`] | none: a file that a producer makes |
//! | [`start_air_gap`], [`activate_air_gap`], [`deactivate_air_gap`] | none: codes that a producer types |
//! | [`sso_url`] | the same |
//! | [`log_in`] | none: the proof of a user, before calls that take one |
//! | [`find_api_key`] | none: the proof of the door |
//! | [`find_part`], [`describe_part`] | none: what producers limit a credential to |
//!
//! An activation here is the one that entitles the device to updates on the device door. Each call that changes something
//! is one unit of work; a license is locked before its device, as everywhere.

mod activate;
mod air_gap;
mod bundles;
mod caller;
mod check;
mod consume;
mod find;
mod keys;
mod offline;
mod once;
mod part;
mod products;
mod question;
mod recall;
mod refusal;
mod seats;
mod sso;
mod trial;
mod users;
mod variables;
mod versions;
mod view;

pub use activate::{activate, deactivate};
pub use air_gap::{Confirmation, activate_air_gap, air_gap_license, deactivate_air_gap, start_air_gap};
pub use bundles::{activate_bundle, check_bundle, deactivate_bundle};
pub use caller::{Access, LicenseCaller, LicenseCredential};
pub use check::{check, check_feature, device_licenses};
pub use consume::{Consumption, OverageWish, add_consumption, add_feature_consumption};
pub use countersign_store::repositories::ApiKeyRecord;
pub use keys::{ApiKeyError, NewApiKey, create_api_key, find_api_key, list_api_keys, note_api_key_use, revoke_api_key};
pub(crate) use keys::{api_key_label, open_all};
pub use offline::{
    AnswerSignature, OfflineDeactivation, RequestFile, activate_bundle_offline, activate_offline,
    deactivate_bundle_offline, deactivate_offline, refresh_offline,
};
pub use once::{Done, IDEMPOTENCY_KEY_LIMIT, Once};
pub use part::{PartError, PartName, describe_part, find_part};
pub use products::{product_details, products};
pub use question::{Activate, Credentials, Identity, LicenseName, ReleaseFilter, UserLogin};
pub use recall::{AskedCheck, Lasting, SignedAnswer, recall_check, remember_check};
pub(crate) use recall::{CheckKey, RememberedCheck};
pub use refusal::{LicenseError, Refusal};
pub use seats::{Borrow, Borrowed, Denied, LicenseSeats, SeatsView, borrow_seat, release_seat};
#[cfg(fuzzing)]
pub use sso::fuzzing;
pub(crate) use sso::{Discoveries, sso_label};
pub use sso::{
    ProviderHttp, ProviderHttpError, ProviderRequest, ResponseType, SsoError, SsoLogin, SsoProof, SsoQuestion, SsoUrl,
    find_provider, remove_provider, set_provider, sso_url,
};
pub use trial::{TrialRequest, trial};
pub use users::{change_password, customer_license_users, log_in, user_licenses};
pub use variables::{track_variables, variables};
pub use versions::{file_url, installation_file, versions};
pub use view::{
    AssignedUser, Counted, CustomerLicenseUser, FeatureView, LicenseView, OpenedApiKey, ProductView, TrialUser,
    TrialView, ViewedDevice,
};
