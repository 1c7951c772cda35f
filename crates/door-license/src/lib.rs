//! The license door: what licensed applications ask of the server, signed both ways.
//!
//! Callers prove themselves with an API key and an HMAC over the `Date`, or with a bearer token. JSON answers carry the
//! header `LicenseSignature`, an RSA signature over their bytes; license objects carry a second one inside. Every error is
//! `{"status":…,"code":"…","message":"…"}`, in JSON, whatever went wrong.
//!
//! | file | what |
//! |---|---|
//! | `auth.rs`, `authorization.rs` | the proved caller, out of the headers |
//! | `members.rs` | named values of a query or a body |
//! | `activations.rs`, `checks.rs`, `bundles.rs`, `consumption.rs` | licenses on devices |
//! | `floating.rs` | seats |
//! | `offline.rs`, `files/` | files for devices without a connection |
//! | `trials.rs`, `products.rs`, `releases.rs`, `variables.rs`, `users.rs` | what belongs to them |
//! | `public.rs` | the calls without a proof |
//! | `sso.rs` | where people log in |
//! | `wire/` | JSON of requests and answers |
//! | `script_json.rs`, `time.rs` | the one form of metadata and times |
//! | `reply.rs` | answers, what is kept of them, their signatures |
//! | `codes.rs`, `error.rs` | every code; from causes to codes |
//!
//! This crate must never know SQL, another door, or how a proof is checked.

mod activations;
mod auth;
mod authorization;
mod bundles;
mod checks;
mod codes;
mod consumption;
mod error;
pub mod files;
mod floating;
#[cfg(fuzzing)]
pub mod fuzzing;
mod members;
mod offline;
mod once;
mod products;
mod public;
mod releases;
mod reply;
mod request;
mod script_json;
mod sso;
mod time;
mod trials;
mod users;
mod variables;
mod wire;

use axum::Router;
use countersign_app::Ctx;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use crate::codes::{Code, page as error_page};
pub use crate::error::Error;

/// What the handlers of this door work with.
#[derive(Clone)]
struct Door {
    ctx: Ctx,
    endpoints: public::Endpoints,
}

/// Head of the OpenAPI document; its paths come from the handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign license door",
        description = "The calls by which a licensed application activates, checks and counts.\n\n\
            A request carries `Date` and `Authorization: algorithm=\"hmac-sha256\",headers=\"date\",signature=\"…\",apikey=\"…\"`, where \
            the signature is the base64 HMAC-SHA256, under the shared key, of `licenseSpring`, a line feed, and `date: ` with the \
            value of `Date`; or `Authorization: Bearer` with an access token. JSON answers carry `LicenseSignature`: base64 of \
            an RSA signature (PKCS#1 v1.5, SHA-256) over exactly their bytes. Verify it before reading them.\n\n\
            All paths answer with and without a trailing slash."
    ),
    servers((url = "/api/v4")),
    modifiers(&Proofs),
    tags(
        (name = "Licenses", description = "Licenses on devices"),
        (name = "Bundles", description = "All licenses that were sold together"),
        (name = "Offline", description = "Files for devices without a connection"),
        (name = "Units", description = "Counting what was used"),
        (name = "Seats", description = "Licenses and features that devices use by turns"),
        (name = "Products", description = "Products, trials and releases"),
        (name = "Devices", description = "What an application keeps for its device"),
        (name = "Users", description = "People whom licenses are assigned to"),
        (name = "Public", description = "Calls without a proof")
    )
)]
struct Document;

/// Declares the two proofs in the OpenAPI document.
struct Proofs;

impl utoipa::Modify for Proofs {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
        let components = document.components.get_or_insert_default();
        let text = "API key and HMAC-SHA256 over the Date header";
        let hmac = ApiKey::Header(ApiKeyValue::with_description("Authorization", text));
        components.add_security_scheme("api_key", SecurityScheme::ApiKey(hmac));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("access_token", SecurityScheme::Http(bearer));
    }
}

/// The routes of this door, and the OpenAPI document that describes them.
pub fn router(ctx: Ctx) -> (Router, serde_json::Value) {
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(activations::activate_license))
        .routes(routes!(activations::deactivate_license))
        .routes(routes!(checks::check_license))
        .routes(routes!(checks::check_license_feature))
        .routes(routes!(bundles::activate_bundle))
        .routes(routes!(bundles::deactivate_bundle))
        .routes(routes!(bundles::check_bundle))
        .routes(routes!(consumption::add_consumption))
        .routes(routes!(consumption::add_feature_consumption))
        .routes(routes!(trials::trial_key))
        .routes(routes!(products::product_details))
        .routes(routes!(products::products))
        .routes(routes!(variables::track_device_variables))
        .routes(routes!(variables::list_device_variables))
        .routes(routes!(releases::versions))
        .routes(routes!(releases::installation_file))
        .routes(routes!(users::change_password))
        .routes(routes!(users::customer_license_users))
        .routes(routes!(users::user_licenses))
        .routes(routes!(users::device_licenses))
        .routes(routes!(floating::release))
        .routes(routes!(floating::borrow))
        .routes(routes!(floating::feature_release))
        .routes(routes!(floating::feature_borrow))
        .routes(routes!(offline::activate_offline))
        .routes(routes!(offline::deactivate_offline))
        .routes(routes!(offline::activate_bundle_offline))
        .routes(routes!(offline::deactivate_bundle_offline))
        .routes(routes!(sso::sso_url))
        .routes(routes!(public::oauth_url))
        .routes(routes!(public::metadata))
        .split_for_parts();
    let endpoints = public::Endpoints::of(&document);
    let router = router.method_not_allowed_fallback(request::method_not_allowed).fallback(request::no_route);
    let router = Router::new()
        .nest("/api/v4", router)
        .route("/.well-known", axum::routing::get(public::metadata).fallback(request::method_not_allowed))
        // Other versions, and `/api` itself, in the shape that clients of this protocol read.
        .route("/api", axum::routing::any(request::no_route))
        .route("/api/{*rest}", axum::routing::any(request::no_route))
        .with_state(Door { ctx, endpoints });
    // Serializing a document that the compiler has built cannot fail; an empty one would fail the freshness test.
    (router, serde_json::to_value(document).unwrap_or_default())
}
