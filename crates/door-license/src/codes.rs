//! Every code of an error of this door, in one table: name, status, and when it is given. The page
//! `docs/errors/license.md` is made from it.

use http::StatusCode;

/// Declares the codes and their table.
macro_rules! codes {
    ($($name:ident $word:literal $status:literal $when:literal,)+) => {
        /// A stable name of an error, as clients compare it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $when] $name,)+
        }

        impl Code {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The name on the wire.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// The status of an answer with this code.
            #[must_use]
            pub fn status(self) -> StatusCode {
                let number: u16 = match self { $(Self::$name => $status,)+ };
                StatusCode::from_u16(number).unwrap_or(StatusCode::BAD_REQUEST)
            }

            /// When it is given; also the text of the answer, unless more can be said.
            #[must_use]
            pub fn when(self) -> &'static str {
                match self { $(Self::$name => $when,)+ }
            }
        }
    };
}

codes! {
    NotFound "not_found" 404 "There is no such call.",
    MethodNotAllowed "method_not_allowed" 405 "The call does not take this method.",
    RequestTimeout "request_timeout" 408 "The body did not come in time.",
    PayloadTooLarge "payload_too_large" 413 "The body is too long.",
    UnsupportedMediaType "unsupported_media_type" 415 "The body must be JSON.",
    RateLimitExceeded "rate_limit_exceeded" 429 "Too many requests. Wait as long as Retry-After says.",
    SiteUnknown "site_unknown" 421 "Neither this host nor this path leads to a site.",
    ValidationError "validation_error" 400 "The request does not have the form that the call takes.",
    MissingHeaders "missing_headers" 400 "The headers Date and Authorization are needed.",
    MissingParameters "missing_parameters" 400 "A member or parameter that the call needs is missing.",
    MissingContent "missing_content" 400 "The call needs a file, and the body is empty.",
    InvalidJson "invalid_json" 400 "The body is not JSON.",
    AuthorizationInvalidHeaders "authorization_invalid_headers" 400 "The Authorization header cannot be read; it signs the header date.",
    AuthorizationMissingParams "authorization_missing_params" 400 "The Authorization header lacks the API key or the signature.",
    HmacRequired "hmac_required" 400 "The algorithm must be hmac-sha256.",
    InvalidApiKey "invalid_api_key" 400 "The API key is not known, was revoked, or may not do this.",
    SignatureMismatch "signature_mismatch" 401 "The signature was not made with the shared key of this API key.",
    DateHeaderDiff "date_header_diff" 400 "The Date is more than 15 minutes away from the time of the server, or cannot be read.",
    OauthTokenExpired "oauth_token_expired" 401 "The access token has expired.",
    OauthTokenMalformed "oauth_token_malformed" 401 "The access token is not one of this site, or was revoked.",
    InsufficientScope "insufficient_scope" 403 "The access token is not for the license API.",
    ApiKeyProductNotAllowed "api_key_product_not_allowed" 400 "The credential is not for this product.",
    UnknownProduct "unknown_product" 400 "There is no product or bundle with this code.",
    ArchivedProduct "archived_product" 400 "The product is archived.",
    DisabledProduct "disabled_product" 400 "The product is disabled.",
    LicenseKeyRequired "license_key_required" 400 "A license key or a user name is needed.",
    MissingHardwareId "missing_hardware_id" 400 "The hardware ID is missing.",
    InvalidCredentials "invalid_credentials" 400 "User name or password are wrong.",
    LicenseNotFound "license_not_found" 400 "No license matches.",
    LicenseNotActive "license_not_active" 400 "The license is active on no device.",
    LicenseNotEnabled "license_not_enabled" 400 "The license was disabled by the producer.",
    LicenseNotStarted "license_not_started" 400 "The license is not valid yet.",
    LicenseExpired "license_expired" 400 "The license has expired.",
    LicenseActivatedMaxTimes "license_activated_max_times" 400 "The license is active on as many devices as it allows.",
    LicenseTransferLimitReached "license_transfer_limit_reached" 400 "The license has moved to another device as often as it may.",
    VmNotAllowed "vm_not_allowed" 400 "The license does not work on virtual machines.",
    ActiveLicenseRequired "active_license_required" 400 "Releases are told only to devices with an active license.",
    DeviceNotFound "device_not_found" 400 "The license is not active on a device with this hardware ID.",
    Blacklisted "blacklisted" 400 "The producer has taken the device out of use.",
    FloatingNotAvailable "floating_not_available" 400 "No seat is free, or the license has no seats.",
    LicenseBorrowNotAllowed "license_borrow_not_allowed" 400 "Seats of the license or feature cannot be borrowed.",
    BorrowUntilNotValid "borrow_until_not_valid" 400 "A seat cannot be borrowed until then: the date cannot be read, has passed, or is too far away.",
    OfflineActivationNotAllowed "offline_activation_not_allowed" 400 "The license cannot be activated offline.",
    OfflineRequestExpired "offline_request_expired" 400 "The request file is older than the license lets it be, or than what the device has by now.",
    OfflineRequestUsed "offline_request_used" 400 "This request file was used before, or one with its ID or signature. Make a new one.",
    LicenseNotConsumption "license_not_consumption" 400 "The license or feature counts no units.",
    LicenseNotEnoughConsumptions "license_not_enough_consumptions" 400 "Not enough units are left.",
    NegativeConsumptionNotAllowed "negative_consumption_not_allowed" 400 "Units cannot be given back.",
    UnsupportedProductFeature "unsupported_product_feature" 400 "The license has no such feature.",
    TrialNotAllowed "trial_not_allowed" 400 "The product has no trials, or this credential sees a part of the licenses only.",
    TrialExpired "trial_expired" 400 "The trial of this device is over.",
    EmailMissing "email_missing" 400 "A trial of this product needs an e-mail address.",
    ChangePasswordNotAllowed "change_password_not_allowed" 400 "The password cannot be changed to this one.",
    CustomerDoesNotExist "customer_does_not_exist" 400 "There is no such customer.",
    CustomerNotFound "customer_not_found" 400 "The customer cannot be seen with this credential.",
    VersionNotFound "version_not_found" 400 "There is no such release.",
    SsoFailed "sso_failed" 400 "Single sign-on is not set up for this account, or the login was refused.",
    InternalError "internal_error" 503 "The server cannot answer now. Try again later.",
}

/// The page about all codes, as it stands in `docs/errors/license.md`.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(PAGE_HEAD);
    for code in Code::ALL {
        page.push_str(&format!("| `{}` | {} | {} |\n", code.word(), code.status().as_u16(), code.when()));
    }
    page
}

const PAGE_HEAD: &str = "\
# Errors of the license door

Made from `crates/door-license/src/codes.rs`; a test compares the two. Every error is a JSON object of three members,
`{\"status\":400,\"code\":\"license_not_found\",\"message\":\"No license matches.\"}`: the status of the answer, a name that never
changes, and a text for people.

| code | status | when |
|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_snake_case_and_given_once() {
        for (index, code) in Code::ALL.iter().enumerate() {
            assert!(code.word().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", code.word());
            assert!(Code::ALL.iter().skip(index + 1).all(|other| other.word() != code.word()), "{}", code.word());
            assert!(code.status().is_client_error() || *code == Code::InternalError, "{}", code.word());
        }
    }
}
