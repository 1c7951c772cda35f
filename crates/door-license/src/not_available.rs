//! Calls of the protocol that this server refuses: single sign-on. The caller
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
    /// Where a user logs in with single sign-on.
    get "/sso_url" sso_url SsoFailed,
}
