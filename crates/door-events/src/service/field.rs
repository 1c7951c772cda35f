//! The settings that the protocol names, and what their values are.

/// A setting that the protocol names. The order is that of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// How receivers are logged in to: `basic`, `bearer` or `none`.
    AuthType,
    /// Token for `bearer`.
    AuthToken,
    /// User name for `basic`.
    BasicUserId,
    /// Password for `basic`.
    BasicPassword,
    /// Whether orders and licenses are told of.
    EntitlementSubscription,
    /// Who is told of them.
    EntitlementWebhookUrl,
    /// Whether products and features are told of.
    ProductSubscription,
    /// Who is told of them.
    ProductWebhookUrl,
    /// Whether devices are told of.
    DeviceSubscription,
    /// Who is told of them.
    DeviceWebhookUrl,
    /// Kept, and not used: this server is the system that others were to be read from.
    FnoServiceUrl,
    /// Kept, and not used.
    FnoServiceUser,
    /// Kept, and not used.
    FnoServiceUserPassword,
    /// Whether line items tell their custom attributes.
    IncludeLineItemCustomAttributes,
}

/// What the value of a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// One of the three words.
    AuthType,
    /// `true` or `false`.
    Flag,
    /// A text that is shown to nobody.
    Secret,
    /// A URL; may be empty.
    Url,
}

impl Field {
    /// All of them.
    pub(crate) const ALL: [Self; 14] = [
        Self::AuthType,
        Self::AuthToken,
        Self::BasicUserId,
        Self::BasicPassword,
        Self::EntitlementSubscription,
        Self::EntitlementWebhookUrl,
        Self::ProductSubscription,
        Self::ProductWebhookUrl,
        Self::DeviceSubscription,
        Self::DeviceWebhookUrl,
        Self::FnoServiceUrl,
        Self::FnoServiceUser,
        Self::FnoServiceUserPassword,
        Self::IncludeLineItemCustomAttributes,
    ];

    /// Its name in the protocol.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AuthType => "authType",
            Self::AuthToken => "authToken",
            Self::BasicUserId => "basicUserId",
            Self::BasicPassword => "basicPassword",
            Self::EntitlementSubscription => "entitlementSubscription",
            Self::EntitlementWebhookUrl => "entitlementWebhookUrl",
            Self::ProductSubscription => "productSubscription",
            Self::ProductWebhookUrl => "productWebhookUrl",
            Self::DeviceSubscription => "deviceSubscription",
            Self::DeviceWebhookUrl => "deviceWebhookUrl",
            Self::FnoServiceUrl => "fnoServiceUrl",
            Self::FnoServiceUser => "fnoServiceUser",
            Self::FnoServiceUserPassword => "fnoServiceUserPassword",
            Self::IncludeLineItemCustomAttributes => "includeLineItemCustomAttributes",
        }
    }

    /// The field of a name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// What its value is.
    pub(crate) fn kind(self) -> FieldKind {
        match self {
            Self::AuthType => FieldKind::AuthType,
            Self::AuthToken
            | Self::BasicUserId
            | Self::BasicPassword
            | Self::FnoServiceUser
            | Self::FnoServiceUserPassword => FieldKind::Secret,
            Self::EntitlementSubscription
            | Self::ProductSubscription
            | Self::DeviceSubscription
            | Self::IncludeLineItemCustomAttributes => FieldKind::Flag,
            Self::EntitlementWebhookUrl | Self::ProductWebhookUrl | Self::DeviceWebhookUrl | Self::FnoServiceUrl => {
                FieldKind::Url
            }
        }
    }

    /// The value when nobody has given one.
    pub(crate) fn default_value(self) -> &'static str {
        match self.kind() {
            FieldKind::AuthType => "none",
            FieldKind::Flag => "false",
            FieldKind::Secret | FieldKind::Url => "",
        }
    }

    /// Longest value, in bytes.
    pub(super) fn limit(self) -> usize {
        match self {
            Self::AuthToken => 4096,
            Self::BasicUserId | Self::FnoServiceUser => 255,
            Self::BasicPassword | Self::FnoServiceUserPassword => 1024,
            Self::AuthType
            | Self::EntitlementSubscription
            | Self::EntitlementWebhookUrl
            | Self::ProductSubscription
            | Self::ProductWebhookUrl
            | Self::DeviceSubscription
            | Self::DeviceWebhookUrl
            | Self::FnoServiceUrl
            | Self::IncludeLineItemCustomAttributes => 2048,
        }
    }
}
