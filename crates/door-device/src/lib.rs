//! The device door: installed software asks which updates apply to it, and gets signed answers.
//!
//! A device POSTs a question with a JWT that its producer made, and is told at once where to poll (202). The poll
//! needs no token: the polling ID carries question and verdict, sealed. Its answer is the payload of the protocol, as a
//! flattened JWS where the call is a signed one. A refused token is reported on the poll (401), as the published status tables have it. Errors have
//! one shape everywhere: `{"arguments", "key", "message"}`. The protocol is described in `docs/protocol/device.md`.
//!
//! | file | what |
//! |---|---|
//! | `auth.rs` | the bearer token out of the headers, still unverified |
//! | `wire.rs` | every JSON body, in and out |
//! | `calls.rs` | what the questions have in common |
//! | `updates.rs`, `manifests.rs`, and the same with `signed_` | the questions, unsigned and signed |
//! | `registrations.rs`, `status_log.rs`, `events.rs` | what devices tell |
//! | `files.rs` | downloads behind time-limited URLs |
//! | `health.rs` | liveness |
//! | `reply.rs` | 202, signed 200 |
//! | `error.rs` | every error: cause, status, key, text |
//!
//! This crate must never know SQL, another door, or how a signature is made.

mod auth;
mod calls;
mod error;
mod events;
mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
mod health;
mod manifests;
mod registrations;
mod reply;
mod signed_manifests;
mod signed_updates;
mod site;
mod status_log;
mod updates;
mod wire;

use axum::Router;
use axum::routing::{get, post};
use countersign_app::Ctx;
use countersign_domain::audit::{Actor, Channel};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use crate::error::Error;

/// What the handlers of this door work with.
#[derive(Clone)]
struct Door {
    ctx: Ctx,
    downloads: files::Downloads,
}

/// Head of the OpenAPI document; its paths come from the handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign device door",
        description = "Installed software asks which updates apply to it and gets signed answers.\n\n\
            A POST is answered with 202 and the URL to poll. The poll needs no token. A refused token is reported on the \
            poll with 401. Signed answers are JWS in the flattened JSON form (RFC 7515 section 7.2.2), RS256; verify the \
            transmitted strings with the producer's signing key before reading the payload."
    ),
    paths(files::download),
    components(schemas(wire::UpdateList, wire::Manifest)),
    modifiers(&DeviceToken),
    tags(
        (name = "Updates", description = "Which updates apply to a device"),
        (name = "Manifests", description = "Which files an update has"),
        (name = "Registration", description = "Making a device known, and activating a license on it"),
        (name = "Reports", description = "How updates go, and events of devices"),
        (name = "Files", description = "The bytes themselves"),
        (name = "Health", description = "Whether the server lives")
    )
)]
struct Document;

/// Declares the device token in the OpenAPI document.
struct DeviceToken;

impl utoipa::Modify for DeviceToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("RS256 JWT with `exp`, made by the producer with the key whose public half was uploaded"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("device_token", SecurityScheme::Http(scheme));
    }
}

/// The routes of this door, and the OpenAPI document that describes them.
pub fn router(ctx: &Ctx) -> (Router, serde_json::Value) {
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(signed_updates::ask))
        .routes(routes!(signed_updates::poll))
        .routes(routes!(signed_manifests::ask))
        .routes(routes!(signed_manifests::poll))
        .routes(routes!(updates::ask))
        .routes(routes!(updates::poll))
        .routes(routes!(manifests::ask))
        .routes(routes!(manifests::poll))
        .routes(routes!(registrations::register))
        .routes(routes!(registrations::poll))
        .routes(routes!(status_log::report))
        .routes(routes!(status_log::poll))
        .routes(routes!(events::log))
        .routes(routes!(events::poll))
        .routes(routes!(health::ping))
        .routes(routes!(health::version))
        .split_for_parts();
    // A spelling that some clients use; not worth a line in the document.
    let router = router
        .route("/uai/2.0/updates/statuslog", post(status_log::report))
        .route("/uai/2.0/updates/statuslog/{pollingId}", get(status_log::poll));
    // The router would copy each segment for a handler that reads the path itself: a fortieth of a download of 64 KiB.
    let router = router.route("/f/{*file}", get(files::download));
    let ctx = ctx.acting_as(Actor::of(Channel::DeviceDoor));
    let downloads = files::Downloads::new(&ctx);
    let router = router.method_not_allowed_fallback(error::method_not_allowed).with_state(Door { ctx, downloads });
    // Serializing a document that the compiler has built cannot fail; an empty one would fail the freshness test.
    (router, serde_json::to_value(document).unwrap_or_default())
}
