//! The calls of the license door that this client makes.

use std::fmt;

/// A call: what the application was after when something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Binding this device to a license.
    Activate,
    /// Binding it to the licenses of a bundle.
    ActivateBundle,
    /// Holding a seat for a time.
    Borrow,
    /// Holding a seat of a feature for a time.
    BorrowFeature,
    /// Changing the password of a license user.
    ChangePassword,
    /// What holds now.
    Check,
    /// What holds for the licenses of a bundle.
    CheckBundle,
    /// What holds for one feature.
    CheckFeature,
    /// Counting units.
    Consume,
    /// Counting units of a feature.
    ConsumeFeature,
    /// The users of a customer.
    CustomerUsers,
    /// Letting the license go.
    Deactivate,
    /// Letting the licenses of a bundle go.
    DeactivateBundle,
    /// Licenses that are active on this device.
    DeviceLicenses,
    /// One release.
    InstallationFile,
    /// What a product is.
    ProductDetails,
    /// Giving a seat back.
    Release,
    /// Giving a seat of a feature back.
    ReleaseFeature,
    /// Where people log in.
    SsoUrl,
    /// An access token.
    Token,
    /// Where tokens come from.
    TokenUrl,
    /// Writing variables of the device.
    TrackVariables,
    /// A trial.
    Trial,
    /// Licenses of a user.
    UserLicenses,
    /// Variables of the device.
    Variables,
    /// The releases.
    Versions,
}

impl Call {
    /// Its path below the base URL; that of a token is told by the server.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Activate => "/api/v4/activate_license",
            Self::ActivateBundle => "/api/v4/activate_bundle",
            Self::Borrow => "/api/v4/floating/borrow",
            Self::BorrowFeature => "/api/v4/floating/feature_borrow",
            Self::ChangePassword => "/api/v4/change_password",
            Self::Check => "/api/v4/check_license",
            Self::CheckBundle => "/api/v4/check_bundle",
            Self::CheckFeature => "/api/v4/check_license_feature",
            Self::Consume => "/api/v4/add_consumption",
            Self::ConsumeFeature => "/api/v4/add_feature_consumption",
            Self::CustomerUsers => "/api/v4/customer_license_users",
            Self::Deactivate => "/api/v4/deactivate_license",
            Self::DeactivateBundle => "/api/v4/deactivate_bundle",
            Self::DeviceLicenses => "/api/v4/device_licenses",
            Self::InstallationFile => "/api/v4/installation_file",
            Self::ProductDetails => "/api/v4/product_details",
            Self::Release => "/api/v4/floating/release",
            Self::ReleaseFeature => "/api/v4/floating/feature_release",
            Self::SsoUrl => "/api/v4/sso_url",
            Self::Token | Self::TokenUrl => "/api/v4/oauth_url",
            Self::TrackVariables => "/api/v4/track_device_variables",
            Self::Trial => "/api/v4/trial_key",
            Self::UserLicenses => "/api/v4/user_licenses",
            Self::Variables => "/api/v4/get_device_variables",
            Self::Versions => "/api/v4/versions",
        }
    }

    /// Whether the call can be sent again when nobody knows what became of it. A changed password would look wrong then.
    pub(crate) fn may_be_repeated(self) -> bool {
        self != Self::ChangePassword
    }

    /// Whether the server does it once for one idempotency key.
    pub(crate) fn is_done_once(self) -> bool {
        matches!(self, Self::Activate | Self::ActivateBundle | Self::Consume | Self::ConsumeFeature)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Activate => "the activation",
            Self::ActivateBundle => "the activation of the bundle",
            Self::Borrow => "the loan of a seat",
            Self::BorrowFeature => "the loan of a feature's seat",
            Self::ChangePassword => "the new password",
            Self::Check => "the check of the license",
            Self::CheckBundle => "the check of the bundle",
            Self::CheckFeature => "the check of the feature",
            Self::Consume => "the count of units",
            Self::ConsumeFeature => "the count of a feature's units",
            Self::CustomerUsers => "the customer's users",
            Self::Deactivate => "the deactivation",
            Self::DeactivateBundle => "the deactivation of the bundle",
            Self::DeviceLicenses => "the licenses of this device",
            Self::InstallationFile => "the release",
            Self::ProductDetails => "the product",
            Self::Release => "the return of the seat",
            Self::ReleaseFeature => "the return of the feature's seat",
            Self::SsoUrl => "the address of single sign-on",
            Self::Token => "an access token",
            Self::TokenUrl => "the address of access tokens",
            Self::TrackVariables => "the variables to keep",
            Self::Trial => "the trial",
            Self::UserLicenses => "the licenses of the user",
            Self::Variables => "the variables of this device",
            Self::Versions => "the list of releases",
        })
    }
}
