//! Calls of the protocol that this server refuses: files for devices without a connection, single sign-on. The caller
//! is proved first, as everywhere, and told in the words of the protocol.

use crate::auth::Proved;
use crate::codes::Code;
use crate::error::Error;

/// Declares calls that are refused.
macro_rules! refused {
    ($($(#[$doc:meta])* $method:ident $path:literal $name:ident $code:ident,)+) => {$(
        $(#[$doc])*
        #[utoipa::path($method, path = $path, tag = "Not available", security(("api_key" = []), ("access_token" = [])),
            responses((status = 400, description = "It is refused", body = crate::error::ErrorBody)))]
        pub(crate) async fn $name(_: Proved) -> Error {
            Code::$code.into()
        }
    )+};
}

refused! {
    /// Activates a license by a file.
    post "/activate_offline" activate_offline OfflineActivationNotAllowed,
    /// Deactivates a license by a file.
    post "/deactivate_offline" deactivate_offline OfflineActivationNotAllowed,
    /// Activates the licenses of a bundle by a file.
    post "/activate_bundle_offline" activate_bundle_offline OfflineActivationNotAllowed,
    /// Deactivates the licenses of a bundle by a file.
    post "/deactivate_bundle_offline" deactivate_bundle_offline OfflineActivationNotAllowed,
    /// Where a user logs in with single sign-on.
    get "/sso_url" sso_url SsoFailed,
}
