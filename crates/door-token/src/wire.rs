//! JSON bodies of this door.

use serde::Serialize;
use utoipa::ToSchema;

/// A token (RFC 6749 section 5.1).
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenAnswer<'a> {
    /// The token: a JWT of three parts
    #[schema(example = "eyJhbGciOiJSUzI1NiIs….….…")]
    pub(crate) access_token: &'a str,
    /// How the token is sent
    #[schema(example = "Bearer")]
    pub(crate) token_type: &'static str,
    /// How long it lives, in seconds
    #[schema(example = 86400)]
    pub(crate) expires_in: u32,
    /// What it may be used for: names separated by blanks
    #[schema(example = "api.storage storage.read storage.write")]
    pub(crate) scope: String,
}

/// A token, as the retired path gives it: its clients demand all members.
#[derive(Serialize, ToSchema)]
pub(crate) struct OldTokenAnswer<'a> {
    /// The token: a JWT of three parts
    #[schema(example = "eyJhbGciOiJSUzI1NiIs….….…")]
    pub(crate) access_token: &'a str,
    /// How the token is sent
    #[schema(example = "bearer")]
    pub(crate) token_type: &'static str,
    /// How long it lives, in seconds
    #[schema(example = 86400)]
    pub(crate) expires_in: u32,
    /// Always empty: no refresh tokens are given
    #[schema(example = "")]
    pub(crate) refresh_token: &'static str,
    /// The application
    #[schema(example = "app-3f0c9d1e5a7b42688c21d0f4")]
    pub(crate) client_id: &'a str,
    /// Always 0: no refresh tokens are given
    #[serde(rename = "clientRefreshTokenLifeTimeInMinutes")]
    #[schema(example = "0")]
    pub(crate) refresh_token_life: &'static str,
    /// When it was issued, as an HTTP date
    #[serde(rename = ".issued")]
    #[schema(example = "Mon, 03 Feb 2031 04:05:06 GMT")]
    pub(crate) issued: String,
    /// When it expires, as an HTTP date
    #[serde(rename = ".expires")]
    #[schema(example = "Tue, 04 Feb 2031 04:05:06 GMT")]
    pub(crate) expires: String,
}

/// What is known of a token (RFC 7662 section 2.2). Of one that is not good now only `active` is told.
#[derive(Serialize, ToSchema)]
pub(crate) struct Introspection {
    /// Whether the token is good now
    #[schema(example = true)]
    pub(crate) active: bool,
    #[serde(flatten)]
    pub(crate) token: Option<ActiveMembers>,
}

/// What is told of a token that is good now.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActiveMembers {
    /// What it may be used for
    #[schema(example = "storage.read")]
    pub(crate) scope: String,
    /// The application
    #[schema(example = "app-3f0c9d1e5a7b42688c21d0f4")]
    pub(crate) client_id: String,
    /// How it is sent
    #[schema(example = "Bearer")]
    pub(crate) token_type: &'static str,
    /// When it expires, in seconds since 1970
    #[schema(example = 1927987506)]
    pub(crate) exp: i64,
    /// When it was issued, in seconds since 1970
    #[schema(example = 1927901106)]
    pub(crate) iat: i64,
    /// From when on it is good, in seconds since 1970
    #[schema(example = 1927901106)]
    pub(crate) nbf: i64,
    /// The application
    #[schema(example = "app-3f0c9d1e5a7b42688c21d0f4")]
    pub(crate) sub: String,
    /// Whom it is meant for
    pub(crate) aud: Audience,
    /// Who issued it
    #[schema(example = "https://id.example.com")]
    pub(crate) iss: String,
    /// Its ID
    #[schema(example = "9S1d0CkVZ3T6yq1aQ0m0Kw")]
    pub(crate) jti: String,
}

/// One audience as text, several as a list (RFC 7662 section 2.2)
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Audience {
    /// One
    #[schema(example = "https://id.example.com/resources")]
    One(String),
    /// Several
    Several(Vec<String>),
}

/// Where the endpoints are (RFC 8414 section 2).
#[derive(Serialize, ToSchema)]
pub(crate) struct Metadata {
    /// `iss` of the tokens, compared letter by letter
    #[schema(example = "https://id.example.com")]
    pub(crate) issuer: String,
    /// Where tokens are given
    #[schema(example = "https://id.example.com/connect/token")]
    pub(crate) token_endpoint: String,
    /// Where the keys are published
    #[schema(example = "https://id.example.com/.well-known/openid-configuration/jwks")]
    pub(crate) jwks_uri: String,
    /// Where tokens are asked about
    #[schema(example = "https://id.example.com/connect/introspect")]
    pub(crate) introspection_endpoint: String,
    /// How callers of the introspection prove themselves
    pub(crate) introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    /// Where tokens are revoked
    #[schema(example = "https://id.example.com/connect/revocation")]
    pub(crate) revocation_endpoint: String,
    /// How callers of the revocation prove themselves
    pub(crate) revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    /// Algorithms of assertions there
    pub(crate) revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    /// Algorithms of assertions there
    pub(crate) introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    /// Empty: there is no endpoint for people
    pub(crate) response_types_supported: Vec<&'static str>,
    /// Grants
    #[schema(example = json!(["client_credentials"]))]
    pub(crate) grant_types_supported: Vec<&'static str>,
    /// How clients prove themselves
    pub(crate) token_endpoint_auth_methods_supported: Vec<&'static str>,
    /// Algorithms of assertions
    pub(crate) token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    /// Scopes
    pub(crate) scopes_supported: Vec<&'static str>,
    /// Only under the name of OpenID Connect, which demands it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject_types_supported: Option<Vec<&'static str>>,
    /// Only under the name of OpenID Connect, which demands it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id_token_signing_alg_values_supported: Option<Vec<&'static str>>,
}

/// The keys that verify tokens (RFC 7517 section 5).
#[derive(Serialize, ToSchema)]
pub(crate) struct KeySet {
    /// Public keys, newest first
    #[schema(value_type = Vec<Object>)]
    pub(crate) keys: Vec<serde_json::Map<String, serde_json::Value>>,
}

/// An error, for readers of OAuth answers and for those of the SDKs (RFC 6749 section 5.2)
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// Code of the error
    #[schema(example = "invalid_client")]
    pub(crate) error: &'static str,
    /// What is wrong, in words
    #[schema(example = "Unknown client or wrong secret.")]
    pub(crate) error_description: String,
    /// ID of the request, as the log has it
    #[serde(rename = "RequestId")]
    #[schema(example = "6f0c2b1e9a")]
    pub(crate) request_id: String,
    /// The same once more
    #[serde(rename = "Error")]
    pub(crate) details: ErrorDetails,
}

/// An error as SDKs read it
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorDetails {
    /// Code of the error
    #[serde(rename = "Code")]
    #[schema(example = "invalid_client")]
    pub(crate) code: &'static str,
    /// What is wrong, in words
    #[serde(rename = "Message")]
    #[schema(example = "Unknown client or wrong secret.")]
    pub(crate) message: String,
}

/// The form of a token request
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the OpenAPI document is made from it; forms are read by hand")]
pub(crate) struct TokenForm {
    /// Always client_credentials
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// ID of the application, unless it proves itself in another way
    client_id: Option<String>,
    /// Secret of the application, unless it proves itself in another way
    client_secret: Option<String>,
    /// What the token is to be used for; everything that the application may do unless it is given
    scope: Option<String>,
    /// Whom the token is meant for (RFC 8707); may be repeated
    resource: Option<String>,
    /// urn:ietf:params:oauth:client-assertion-type:jwt-bearer
    client_assertion_type: Option<String>,
    /// A JWT that the application has signed (RFC 7523)
    client_assertion: Option<String>,
}

/// The form of a question about a token, or of its revocation
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the OpenAPI document is made from it; forms are read by hand")]
pub(crate) struct InspectForm {
    /// The token
    token: String,
    /// Kind of the token; there is only one
    #[schema(example = "access_token")]
    token_type_hint: Option<String>,
    /// ID of the application, unless it proves itself in another way
    client_id: Option<String>,
    /// Secret of the application, unless it proves itself in another way
    client_secret: Option<String>,
}
