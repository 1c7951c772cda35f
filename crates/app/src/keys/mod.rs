//! A site's keys as producers see them: the public key that checks device tokens, and the one that signs answers.

mod air_gap;
mod authorization;
mod license;
mod secrets;
mod signing;

pub(crate) use air_gap::air_gap_key;
pub use air_gap::find_or_create_air_gap_key;
pub use authorization::{
    KeyUploadError, RevokeError, list as list_authorization_keys, revoke, revoke_all as revoke_all_authorization_keys,
    upload,
};
pub(crate) use license::signer as license_signer;
pub use license::{LicenseKey, find_license_key, find_or_create_license_key, rotate_license_key};
pub(crate) use secrets::insert_secrets;
pub use secrets::{RotatedSecrets, rotate_secrets};
pub(crate) use signing::signing_key_label;
pub use signing::{
    SigningKeyError, find_or_create as find_or_create_signing_key, list as list_signing_keys,
    rotate as rotate_signing_key,
};
