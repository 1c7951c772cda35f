//! What calls name: a product, a device, and a license by key or by user.

use countersign_crypto::Secret;
use countersign_domain::ids::LicenseId;
use countersign_domain::licensing::DeviceFacts;
use countersign_domain::text::{HardwareId, LicenseKey, ProductCode, UserEmail};

/// A license on a device: what most calls name. Keys are credentials, so it does not print itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Code of the product; of the bundle in calls about bundles.
    pub product: ProductCode,
    /// Code of the bundle that the product is a part of.
    pub bundle: Option<ProductCode>,
    /// What the device identifies its hardware with.
    pub hardware: HardwareId,
    /// What names the license.
    pub name: LicenseName,
    /// Which one, when a user has several for the product.
    pub license: Option<LicenseId>,
}

/// What names a license.
#[derive(Clone, PartialEq, Eq)]
pub enum LicenseName {
    /// Its key.
    Key(LicenseKey),
    /// The user for whom it was activated on the device.
    User(UserEmail),
}

impl LicenseName {
    /// The key, if it is one.
    pub(super) fn key(&self) -> Option<&LicenseKey> {
        match self {
            Self::Key(key) => Some(key),
            Self::User(_) => None,
        }
    }
}

/// What proves that a device may activate a license.
pub enum Credentials {
    /// The license's key.
    Key(LicenseKey),
    /// What proves a license user.
    User(UserLogin),
}

/// What proves a license user.
pub enum UserLogin {
    /// E-mail address and password.
    Password {
        /// E-mail address.
        email: UserEmail,
        /// Password.
        password: Secret<String>,
    },
    /// What an account's OpenID provider says.
    Sso(super::SsoLogin),
}

impl Credentials {
    /// Whether what proves is used up by it: the provider gives a token for a code once.
    pub(super) fn are_for_one_use(&self) -> bool {
        matches!(self, Self::User(UserLogin::Sso(login)) if matches!(login.proof, super::SsoProof::Code { .. }))
    }
}

/// A license, or all licenses of a bundle, to activate on a device.
pub struct Activate {
    /// Code of the product; of the bundle in calls about bundles.
    pub product: ProductCode,
    /// Code of the bundle that the product is a part of.
    pub bundle: Option<ProductCode>,
    /// What the device identifies its hardware with.
    pub hardware: HardwareId,
    /// What proves that it may.
    pub by: Credentials,
    /// Which license, when a user has several for the product.
    pub license: Option<LicenseId>,
    /// What is told of the device.
    pub facts: DeviceFacts,
    /// Names and values of variables to keep.
    pub variables: Vec<(String, String)>,
    /// Which releases the answer may name.
    pub releases: ReleaseFilter,
}

/// Which releases are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseFilter {
    /// What they run on, as the client wrote it; `None`: anything.
    pub environment: Option<String>,
    /// Channel; `None`: any.
    pub channel: Option<String>,
    /// Exactly this version.
    pub version: Option<String>,
}
