//! The producer door: updates, their packages and files, and the update keys of a site, behind a producer login.
//!
//! Callers prove themselves with HTTP Basic (user name and password) or with a bearer access token (`rna_…`). The paths
//! of the key calls are those that producer tools know; all paths answer with and without the `/flexnet` prefix. Errors of
//! the key calls have the shape of their answers, `{"publicKey": "", "errorMessage": "…"}`; all others are
//! `{"key": "…", "errorMessage": "…"}`.
//!
//! | file | what |
//! |---|---|
//! | `auth.rs` | credentials out of the headers; the proved producer, and what the role allows |
//! | `request.rs` | names in paths, parameters of queries |
//! | `keys.rs` | the key calls |
//! | `updates.rs`, `packages.rs`, `files.rs` | the resources |
//! | `wire.rs` | JSON bodies |
//! | `common_answers.rs` | the answers that every call can give, for the document |
//! | `error.rs` | every error: cause, status, key, text |
//! | `reply.rs`, `refuse.rs` | answers, and the two shapes of errors |
//!
//! This crate must never know SQL, another door, or how a password is checked.

mod auth;
mod common_answers;
mod error;
mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
mod keys;
mod packages;
mod refuse;
mod reply;
mod request;
mod updates;
mod wire;

use axum::Router;
use countersign_app::Ctx;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use crate::error::Error;
pub use crate::wire::{BodyProblem, read_package, read_update};

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
        description = "The calls by which a publisher manages updates, packages, files and keys of its site.\n\n\
            Log in with HTTP Basic, or with a bearer access token made by `countersign access-token create`. \
            All paths answer with and without the prefix `/flexnet`, and with and without a trailing slash."
    ),
    servers((url = "/flexnet")),
    modifiers(&Logins),
    tags(
        (name = "Updates", description = "Offers that lead devices from one package to another"),
        (name = "Download packages", description = "Releases that devices have installed or can get; they never change"),
        (name = "Files", description = "Bytes that packages deliver"),
        (name = "Update keys", description = "The key that checks device tokens, and the one that signs answers")
    )
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
    let (keys, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(
            keys::find_authorization_key,
            keys::put_authorization_key,
            keys::post_authorization_key,
            keys::delete_authorization_keys
        ))
        .routes(routes!(keys::find_signing_key))
        .routes(routes!(keys::rotate_signing_key))
        .routes(routes!(keys::list_signing_keys))
        .split_for_parts();
    let (resources, mut document) = OpenApiRouter::with_openapi(document)
        .routes(routes!(updates::list, updates::create))
        .routes(routes!(updates::find, updates::replace, updates::delete))
        .routes(routes!(updates::activate))
        .routes(routes!(updates::deactivate))
        .routes(routes!(packages::list, packages::create))
        .routes(routes!(packages::find, packages::delete))
        .routes(routes!(files::list, files::create))
        .routes(routes!(files::find, files::delete))
        .split_for_parts();
    common_answers::add(&mut document);
    let router: Router = keys
        .method_not_allowed_fallback(refuse::key_method_not_allowed)
        .merge(resources.method_not_allowed_fallback(refuse::method_not_allowed))
        .with_state(Door { ctx });
    let router = Router::new().nest("/flexnet", router.clone()).merge(router);
    // Serializing a document that the compiler has built cannot fail; an empty one would fail the freshness test.
    (router, serde_json::to_value(document).unwrap_or_default())
}

/// Longest JSON body of an update or a package, in bytes: the largest that the rules of releases allow fits in, and its
/// sender is logged in.
const CATALOG_BODY_LIMIT: usize = 4 * 1024 * 1024;
