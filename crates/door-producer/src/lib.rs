//! The producer door: the calls by which a publisher manages its update keys, behind a producer login.
//!
//! Callers prove themselves with HTTP Basic (user name and password) or with a bearer access token (`rna_…`). The paths
//! are those that producer tools know; they answer with and without the `/flexnet` prefix. Errors have the shape of
//! the key answers: `{"publicKey": "", "errorMessage": "…"}`.
//!
//! | file | what |
//! |---|---|
//! | `auth.rs` | credentials out of the headers; the proved operator |
//! | `keys.rs` | the key calls |
//! | `wire.rs` | JSON bodies |
//! | `error.rs` | every error: cause, status, text |
//!
//! This crate must never know SQL, another door, or how a password is checked.

mod auth;
mod error;
mod keys;
mod wire;

use axum::Router;
use countersign_app::Ctx;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use crate::error::Error;

/// What the handlers of this door work with.
#[derive(Clone)]
struct Door {
    ctx: Ctx,
}

/// Head of the OpenAPI document; its paths come from the handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign producer door",
        description = "The calls by which a publisher manages the keys of its site.\n\n\
            Log in with HTTP Basic, or with a bearer access token made by `countersign access-token create`. \
            All paths answer with and without the prefix `/flexnet`, and with and without a trailing slash."
    ),
    servers((url = "/flexnet")),
    modifiers(&Logins),
    tags((name = "Update keys", description = "The key that checks device tokens, and the one that signs answers"))
)]
struct Document;

/// Declares the two kinds of login in the OpenAPI document.
struct Logins;

impl utoipa::Modify for Logins {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let components = document.components.get_or_insert_default();
        let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic).build();
        components.add_security_scheme("password", SecurityScheme::Http(basic));
        let bearer =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("rna_ and 64 hexadecimal digits").build();
        components.add_security_scheme("access_token", SecurityScheme::Http(bearer));
    }
}

/// The routes of this door, and the OpenAPI document that describes them.
pub fn router(ctx: Ctx) -> (Router, serde_json::Value) {
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(keys::find_authorization_key, keys::put_authorization_key, keys::post_authorization_key))
        .routes(routes!(keys::find_signing_key))
        .split_for_parts();
    let router: Router = router.method_not_allowed_fallback(error::method_not_allowed).with_state(Door { ctx });
    let router = Router::new().nest("/flexnet", router.clone()).merge(router);
    // Serializing a document that the compiler has built cannot fail; an empty one would fail the freshness test.
    (router, serde_json::to_value(document).unwrap_or_default())
}
