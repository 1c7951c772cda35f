//! What requests consist of, for the document. They are read member by member (`members.rs`), because clients of different
//! ages spell them differently.

use utoipa::{IntoParams, ToSchema};

/// Declares requests that only the document knows.
macro_rules! documented {
    ($($(#[$doc:meta])* $derive:ident $(($($option:tt)*))? $name:ident { $($(#[$about:meta])* $member:ident: $type:ty,)+ })+) => {$(
        $(#[$doc])*
        #[derive($derive)]
        $(#[into_params($($option)*)])?
        #[expect(dead_code, reason = "only the document reads it")]
        pub(crate) struct $name { $($(#[$about])* $member: $type,)+ }
    )+};
}

/// Any object of texts.
pub(crate) type Texts = std::collections::BTreeMap<String, String>;

documented! {
    /// A license on a device.
    ToSchema IdentityRequest {
        /// Code of the product; of the bundle in calls about bundles.
        #[schema(example = "pump")]
        product: String,
        #[schema(example = "HW-TEST-1")]
        hardware_id: String,
        /// This, or `username`.
        #[schema(example = "AAAA-BBBB-CCCC-0001")]
        license_key: Option<String>,
        username: Option<String>,
        /// Which license, when a user has several.
        #[schema(example = 11)]
        license_id: Option<i64>,
        /// The bundle that the product is a part of.
        bundle_code: Option<String>,
        variables: Option<Texts>,
    }

    /// An activation.
    ToSchema ActivationRequest {
        /// Code of the product; of the bundle in calls about bundles.
        #[schema(example = "pump")]
        product: String,
        #[schema(example = "HW-TEST-1")]
        hardware_id: String,
        /// This, or `username` and `password`.
        #[schema(example = "AAAA-BBBB-CCCC-0001")]
        license_key: Option<String>,
        username: Option<String>,
        password: Option<String>,
        /// Name of the account, with `id_token` or `code` in place of a password.
        customer_account_code: Option<String>,
        id_token: Option<String>,
        code: Option<String>,
        redirect_uri: Option<String>,
        /// The `state` that was given to `sso_url`, if one was.
        state: Option<String>,
        license_id: Option<i64>,
        bundle_code: Option<String>,
        app_ver: Option<String>,
        os_ver: Option<String>,
        hostname: Option<String>,
        ip: Option<String>,
        mac_address: Option<String>,
        is_vm: Option<bool>,
        vm_info: Option<String>,
        sdk_ver: Option<String>,
        variables: Option<Texts>,
    }

    /// The licenses of a bundle for a device without a connection.
    ToSchema OfflineBundle {
        licenses: Vec<crate::files::response::OfflineLicense>,
        /// Over all that stands before it.
        bundle_signature_v2: String,
    }

    /// Units of a license.
    ToSchema ConsumptionRequest {
        #[schema(example = "pump")]
        product: String,
        #[schema(example = "HW-TEST-1")]
        hardware_id: String,
        #[schema(example = "AAAA-BBBB-CCCC-0001")]
        license_key: Option<String>,
        username: Option<String>,
        license_id: Option<i64>,
        /// 1 when it is not given; negative to give units back.
        #[schema(example = 4)]
        consumptions: Option<i64>,
        /// Passed over unless the license lets clients set it.
        allow_overages: Option<bool>,
        /// Passed over unless the license lets clients set it.
        max_overages: Option<u32>,
    }

    /// Units of a feature.
    ToSchema FeatureConsumptionRequest {
        #[schema(example = "pump")]
        product: String,
        #[schema(example = "HW-TEST-1")]
        hardware_id: String,
        #[schema(example = "AAAA-BBBB-CCCC-0001")]
        license_key: Option<String>,
        username: Option<String>,
        license_id: Option<i64>,
        #[schema(example = "pages")]
        feature: String,
        #[schema(example = 4)]
        consumptions: Option<i64>,
    }

    /// A seat to give back.
    ToSchema SeatRequest {
        #[schema(example = "pump")]
        product: String,
        #[schema(example = "HW-TEST-1")]
        hardware_id: String,
        #[schema(example = "AAAA-BBBB-CCCC-0001")]
        license_key: Option<String>,
        username: Option<String>,
        license_id: Option<i64>,
        /// In calls about seats of a feature.
        #[schema(example = "pdf")]
        feature: Option<String>,
    }

    /// A seat to borrow.
    ToSchema BorrowRequest {
        #[schema(example = "pump")]
        product: String,
        #[schema(example = "HW-TEST-1")]
        hardware_id: String,
        #[schema(example = "AAAA-BBBB-CCCC-0001")]
        license_key: Option<String>,
        username: Option<String>,
        password: Option<String>,
        /// Name of the account, with `id_token` or `code` in place of name and password.
        customer_account_code: Option<String>,
        id_token: Option<String>,
        code: Option<String>,
        redirect_uri: Option<String>,
        /// The `state` that was given to `sso_url`, if one was.
        state: Option<String>,
        license_id: Option<i64>,
        /// In calls about seats of a feature.
        #[schema(example = "pdf")]
        feature: Option<String>,
        /// Until when; null: for as long as the license allows.
        #[schema(example = "2031-05-06T00:00:00.000Z")]
        borrowed_until: Option<String>,
    }

    /// Variables to write.
    ToSchema VariablesRequest {
        #[schema(example = "pump")]
        product: String,
        #[schema(example = "HW-TEST-1")]
        hardware_id: String,
        #[schema(example = "AAAA-BBBB-CCCC-0001")]
        license_key: Option<String>,
        username: Option<String>,
        license_id: Option<i64>,
        variables: Texts,
    }

    /// A new password.
    ToSchema PasswordRequest {
        #[schema(example = "u@example.test")]
        username: String,
        password: String,
        new_password: String,
    }

    /// A license on a device.
    IntoParams (parameter_in = Query) IdentityQuery {
        /// Code of the product.
        product: String,
        hardware_id: String,
        /// This, or `username`.
        license_key: Option<String>,
        username: Option<String>,
        license_id: Option<i64>,
    }

    /// A license on a device, and what the answer is to name.
    IntoParams (parameter_in = Query) CheckQuery {
        /// Code of the product; of the bundle in calls about bundles.
        product: String,
        hardware_id: String,
        /// This, or `username`.
        license_key: Option<String>,
        username: Option<String>,
        license_id: Option<i64>,
        bundle_code: Option<String>,
        /// What a release must run on.
        env: Option<String>,
        /// The channel of a release.
        channel: Option<String>,
        /// Whether features that have ended are named.
        include_expired_features: Option<bool>,
    }

    /// A feature of a license on a device.
    IntoParams (parameter_in = Query) FeatureQuery {
        /// Code of the product.
        product: String,
        hardware_id: String,
        /// This, or `username`.
        license_key: Option<String>,
        username: Option<String>,
        license_id: Option<i64>,
        /// Code of the feature.
        feature: String,
        /// Whether metadata is also given as a text.
        include_metadata_string: Option<bool>,
    }

    /// Releases for a license on a device.
    IntoParams (parameter_in = Query) ReleaseQuery {
        /// Code of the product.
        product: String,
        hardware_id: String,
        /// This, or `username`.
        license_key: Option<String>,
        username: Option<String>,
        /// What a release must run on.
        env: Option<String>,
        /// The channel of a release.
        channel: Option<String>,
        /// Exactly this version.
        version: Option<String>,
    }

    /// A trial for a device.
    IntoParams (parameter_in = Query) TrialQuery {
        /// Code of the product.
        product: String,
        hardware_id: String,
        /// Products whose licenses are named by users need it.
        email: Option<String>,
        /// The password that the user wants.
        password: Option<String>,
        /// The policy to make it from.
        license_policy: Option<String>,
        first_name: Option<String>,
        last_name: Option<String>,
        phone: Option<String>,
        address: Option<String>,
        postcode: Option<String>,
        state: Option<String>,
        country: Option<String>,
        city: Option<String>,
        reference: Option<String>,
        company_name: Option<String>,
    }

    /// A product.
    IntoParams (parameter_in = Query) ProductQuery {
        /// Code of the product.
        product: String,
        include_latest_version: Option<bool>,
        include_custom_fields: Option<bool>,
        /// What the latest version must run on.
        env: Option<String>,
    }

    /// A customer.
    IntoParams (parameter_in = Query) CustomerQuery {
        /// Code of the product.
        product: String,
        /// E-mail address.
        customer: String,
    }

    /// A user.
    IntoParams (parameter_in = Query) UserQuery {
        /// Code of the product; all products when it is not given.
        product: Option<String>,
        username: Option<String>,
        password: Option<String>,
        /// Name of the account, with `id_token` or `code` in place of name and password.
        customer_account_code: Option<String>,
        id_token: Option<String>,
        code: Option<String>,
        redirect_uri: Option<String>,
        /// The `state` that was given to `sso_url`, if one was.
        state: Option<String>,
    }

    /// A login.
    IntoParams (parameter_in = Query) SsoQuery {
        /// Code of the product.
        product: String,
        /// Name of the account.
        customer_account_code: String,
        /// `token` (an ID token comes back) or `code`.
        response_type: Option<String>,
        /// Where the provider sends people back to; what the producer has laid down when it is not given.
        redirect_uri: Option<String>,
        /// 16 to 255 characters that cannot be guessed: what comes back counts only together with them.
        state: Option<String>,
    }

    /// A device.
    IntoParams (parameter_in = Query) HardwareQuery {
        hardware_id: String,
    }
}
