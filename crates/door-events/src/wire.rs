//! JSON bodies. Names are those of the event service.

pub(crate) mod endpoints;
pub(crate) mod events;

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// The token of a login
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenAnswer<'a> {
    /// The token, a JWT
    #[schema(example = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE3NjcyMjkyMDB9.c2lnbmF0dXJl")]
    pub(crate) token: &'a str,
    /// Always Bearer
    #[schema(example = "Bearer")]
    pub(crate) token_type: &'static str,
    /// Life in seconds
    #[schema(example = 3600)]
    pub(crate) expires_in: u32,
    /// When it ends, in seconds since 1970
    #[schema(example = 1_767_229_200)]
    pub(crate) expires_at: i64,
    /// The same token, for clients that look for it here
    #[serde(rename = "access_token")]
    #[schema(example = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE3NjcyMjkyMDB9.c2lnbmF0dXJl")]
    pub(crate) access_token: &'a str,
    /// The same token, for clients that look for it here
    #[schema(example = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE3NjcyMjkyMDB9.c2lnbmF0dXJl")]
    pub(crate) jwt: &'a str,
    /// The same token once more, under a name that the operator has laid down
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) further: BTreeMap<&'a str, &'a str>,
}

/// Whether the service works
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    /// UP or DOWN
    #[schema(example = "UP")]
    pub(crate) status: &'static str,
}

/// Keys that verify tokens (RFC 7517)
#[derive(Serialize, ToSchema)]
pub(crate) struct KeySet {
    /// Public keys
    #[schema(value_type = Vec<Object>)]
    pub(crate) keys: Vec<serde_json::Map<String, serde_json::Value>>,
}

/// An error
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorBody {
    /// What is wrong, for programs
    #[schema(example = "config.productWebhookUrl.missing")]
    pub(crate) key: String,
    /// What is wrong, in words
    #[schema(example = "productSubscription is on but productWebhookUrl is empty.")]
    pub(crate) message: String,
    /// Where it is wrong
    #[schema(example = "productWebhookUrl")]
    pub(crate) arguments: String,
    /// ID of the request, as the log has it
    #[schema(example = "6f0c2b1e9a")]
    pub(crate) request_id: String,
}

/// The types of events
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventTypeList {
    /// One for each
    pub(crate) event_types: Vec<EventTypeItem>,
}

/// A type of events
#[derive(Serialize, ToSchema)]
pub(crate) struct EventTypeItem {
    /// Its name
    #[schema(example = "lineitem.expired")]
    pub(crate) name: &'static str,
    /// What it is about: device, entitlement or product; site for checkpoints
    #[schema(example = "entitlement")]
    pub(crate) family: &'static str,
    /// What happens to that: created, updated or deleted
    #[schema(example = "updated")]
    pub(crate) change: &'static str,
}

/// What a body looks like
#[derive(Serialize, ToSchema)]
pub(crate) struct SchemaAnswer {
    /// The type of events
    #[serde(rename = "type")]
    #[schema(example = "lineitem.expired")]
    pub(crate) event_type: &'static str,
    /// The form
    #[schema(example = "fno")]
    pub(crate) format: &'static str,
    /// JSON Schema of the body
    #[schema(value_type = Object)]
    pub(crate) schema: serde_json::Value,
    /// An invented body
    #[schema(value_type = Object)]
    pub(crate) example: serde_json::Value,
}

/// The settings: who is told of what
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only the OpenAPI document is made from it; members are read and written by hand")]
pub(crate) struct ServiceBody {
    /// How receivers are logged in to: basic, bearer or none
    #[schema(example = "basic", default = "none")]
    auth_type: Option<String>,
    /// Token for bearer; masked in answers
    #[schema(example = "")]
    auth_token: Option<String>,
    /// User name for basic; masked in answers
    #[schema(example = "********")]
    basic_user_id: Option<String>,
    /// Password for basic; masked in answers
    #[schema(example = "********")]
    basic_password: Option<String>,
    /// Whether orders and licenses are told of: "true" or "false"
    #[schema(example = "true", default = "false")]
    entitlement_subscription: Option<String>,
    /// Who is told of them
    #[schema(example = "https://hooks.lumen.example/ent")]
    entitlement_webhook_url: Option<String>,
    /// Whether products and features are told of: "true" or "false"
    #[schema(example = "false", default = "false")]
    product_subscription: Option<String>,
    /// Who is told of them
    #[schema(example = "")]
    product_webhook_url: Option<String>,
    /// Whether devices are told of: "true" or "false"
    #[schema(example = "true", default = "false")]
    device_subscription: Option<String>,
    /// Who is told of them
    #[schema(example = "https://hooks.lumen.example/dev")]
    device_webhook_url: Option<String>,
    /// Kept, and not used
    #[schema(example = "")]
    fno_service_url: Option<String>,
    /// Kept, and not used; masked in answers
    #[schema(example = "")]
    fno_service_user: Option<String>,
    /// Kept, and not used; masked in answers
    #[schema(example = "")]
    fno_service_user_password: Option<String>,
    /// Whether line items tell their custom attributes: "true" or "false"
    #[schema(example = "false", default = "false")]
    include_line_item_custom_attributes: Option<String>,
    /// Texts under other names: kept, and not used
    #[schema(value_type = Option<Object>)]
    extra: Option<String>,
    /// In answers: what was passed over, and what is kept without being used
    warnings: Option<Vec<String>>,
}
