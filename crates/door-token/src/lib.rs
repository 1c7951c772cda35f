//! The token door: applications get access tokens here (OAuth 2.0 client credentials), and open with them what belongs to
//! this door. Paths and shapes are those that document and file SDKs in the field expect.
//!
//! | file | what |
//! |---|---|
//! | `token.rs` | the token endpoint, under all of its paths |
//! | `inspect.rs` | introspection and revocation of tokens |
//! | `discovery.rs` | metadata and keys |
//! | `form.rs` | bodies of requests: forms in two encodings |
//! | `client.rs` | what a client proves itself with, out of header and form |
//! | `auth.rs` | the bearer check: the application that a token lets in |
//! | `wire.rs` | JSON bodies |
//! | `error.rs` | every error: cause, status, code, text |
//! | `reply.rs` | answers, and the shape of errors |
//! | `storage/` | files and folders in named storages, with files of the same kinds of its own |
//!
//! This crate must never know SQL, another door, or how a credential is checked.

mod auth;
mod basic;
mod client;
mod discovery;
mod error;
mod form;
#[cfg(fuzzing)]
pub mod fuzzing;
mod inspect;
mod reply;
mod site;
mod storage;
mod token;
mod wire;

use axum::Router;
use axum::routing::{any, get, post};
use countersign_app::Ctx;
use countersign_domain::audit::{Actor, Channel};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use crate::error::Error;

/// What the handlers of this door work with.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) ctx: Ctx,
}

/// Head of the OpenAPI document; its paths come from the handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign token door",
        description = "Applications get access tokens for their ID and secret (OAuth 2.0 client credentials, RFC 6749 \
            section 4.4). The tokens are JWTs (RFC 9068); anybody can verify them with the published keys.\n\n\
            Make an application with `countersign app create`."
    ),
    components(schemas(wire::ErrorBody)),
    modifiers(&Credentials),
    tags(
        (name = "Tokens", description = "Getting, asking about and revoking access tokens"),
        (name = "Discovery", description = "Where the endpoints are, and the keys that verify tokens")
    )
)]
struct Document;

/// Declares the credentials in the OpenAPI document.
struct Credentials;

impl utoipa::Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{
            ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes, SecurityScheme,
        };
        let components = document.components.get_or_insert_default();
        let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic);
        let basic = basic.description(Some("Client ID and secret, each form-encoded (RFC 6749 section 2.3.1)")).build();
        components.add_security_scheme("client", SecurityScheme::Http(basic));
        let scopes = Scopes::from_iter([
            ("api.storage", "Read and change files of storages"),
            ("storage.read", "Read files of storages"),
            ("storage.write", "Change files of storages"),
            ("api.license", "Calls of the license door"),
            ("tokens.introspect", "Ask about tokens of other applications"),
        ]);
        let flow = Flow::ClientCredentials(ClientCredentials::new("/connect/token", scopes));
        components.add_security_scheme("application", SecurityScheme::OAuth2(OAuth2::new([flow])));
    }
}

/// The routes of this door, and the OpenAPI document that describes them.
pub fn router(ctx: Ctx) -> (Router, serde_json::Value) {
    let (router, mut document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(token::issue))
        .routes(routes!(token::issue_for_product))
        .routes(routes!(token::issue_at_old_path))
        .routes(routes!(inspect::introspect))
        .routes(routes!(inspect::revoke))
        .routes(routes!(discovery::metadata))
        .routes(routes!(discovery::openid_metadata))
        .routes(routes!(discovery::keys))
        .split_for_parts();
    // Other spellings of the same, not worth lines in the document.
    let router = router
        .route("/connect/introspection", post(inspect::introspect))
        .route("/connect/revoke", post(inspect::revoke))
        .route("/.well-known/jwks.json", get(discovery::keys))
        .route("/.well-known/oauth-authorization-server/t/{site}", get(discovery::metadata_of_site))
        .route("/.well-known/openid-configuration/t/{site}", get(discovery::openid_metadata_of_site))
        .route("/connect/{*rest}", any(error::no_route));
    storage::describe(&mut document);
    let acting = ctx.acting_as(Actor::of(Channel::TokenDoor));
    let router = router.method_not_allowed_fallback(error::method_not_allowed).with_state(Door { ctx: acting });
    // Serializing a document that the compiler has built cannot fail; an empty one would fail the freshness test.
    (router.merge(storage::router(ctx)), serde_json::to_value(document).unwrap_or_default())
}
