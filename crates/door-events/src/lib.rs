//! The events door: back-office systems log in for an hour, say where they want to be told of changes, and read what was
//! told. Paths and shapes are those that clients of the FlexNet Event Notification Service know.
//!
//! | file | what |
//! |---|---|
//! | `authenticate.rs` | the login, and `credentials.rs`: what is behind `Basic` and `Fno` |
//! | `auth.rs` | who calls: a session or an access token, and what the role allows |
//! | `service/` | the settings: who is told of what |
//! | `endpoints.rs`, `events.rs` | receivers; the log, deliveries, sending again |
//! | `catalog.rs` | the types of events |
//! | `keys.rs`, `health.rs` | keys that verify sessions; whether the service works |
//! | `request.rs` | names in paths, parameters of queries |
//! | `wire.rs` | JSON bodies |
//! | `formats/` | the forms in which events are told |
//! | `error.rs` | every error: cause, status, key, text |
//! | `reply.rs` | answers, and the one shape of errors |
//!
//! This crate must never know SQL, another door, or how a request to a receiver is sent.

mod auth;
mod authenticate;
mod catalog;
mod checkpoints;
mod credentials;
mod endpoints;
mod error;
mod events;
mod formats;
#[cfg(fuzzing)]
pub mod fuzzing;
mod health;
mod keys;
mod reply;
mod request;
mod service;
mod site;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get};
use countersign_app::Ctx;
use countersign_domain::audit::{Actor, Channel};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use crate::error::Error;
pub use crate::formats::{EventFormats, binary_event};
pub use crate::service::{Field, ServiceProblem};

/// What the handlers of this door work with.
#[derive(Clone)]
struct Door {
    ctx: Ctx,
    /// Whether the process was asked to stop.
    is_stopping: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// Head of the OpenAPI document; its paths come from the handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign events door",
        description = "Back-office systems are told of every change of products, entitlements and devices by webhook.\n\n\
            Log in at `/notifications/api/v1/authenticate` with user name and password, and send the token that you get with \
            every other call; it is good for 60 minutes. An access token made by `countersign access-token create` \
            does as well."
    ),
    components(schemas(wire::ErrorBody)),
    modifiers(&Logins),
    tags(
        (name = "Login", description = "Tokens for an hour, and the keys that verify them"),
        (name = "Settings", description = "Who is told of what, as one document"),
        (name = "Endpoints", description = "Any number of receivers"),
        (name = "Events", description = "What has happened, to whom it was told, and telling it again"),
        (name = "Event types", description = "What can be heard of"),
        (name = "Status", description = "Whether the service works")
    )
)]
struct Document;

/// Declares the kinds of login in the OpenAPI document.
struct Logins;

impl utoipa::Modify for Logins {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let components = document.components.get_or_insert_default();
        let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic);
        let basic = basic.description(Some("User name and password; the scheme may also be called Fno")).build();
        components.add_security_scheme("password", SecurityScheme::Http(basic));
        let bearer =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT of 60 minutes, or rna_…").build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// The routes of this door, and the OpenAPI document that describes them. `is_stopping` says whether the process was asked to
/// stop: callers are then sent elsewhere.
pub fn router(ctx: &Ctx, is_stopping: impl Fn() -> bool + Send + Sync + 'static) -> (Router, serde_json::Value) {
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(authenticate::authenticate, authenticate::options))
        .routes(routes!(service::find, service::replace, service::change, service::forget, service::options))
        .routes(routes!(endpoints::list, endpoints::create))
        .routes(routes!(endpoints::find, endpoints::change, endpoints::remove))
        .routes(routes!(endpoints::enable))
        .routes(routes!(endpoints::disable))
        .routes(routes!(endpoints::test))
        .routes(routes!(endpoints::stats))
        .routes(routes!(endpoints::list_secrets))
        .routes(routes!(endpoints::rotate_secret))
        .routes(routes!(events::deliveries))
        .routes(routes!(events::delivery))
        .routes(routes!(events::list))
        .routes(routes!(events::find))
        .routes(routes!(events::attempts))
        .routes(routes!(events::redeliver))
        .routes(routes!(events::recover))
        .routes(routes!(events::task, events::cancel_task))
        .routes(routes!(events::start_backfill))
        .routes(routes!(checkpoints::tell))
        .routes(routes!(catalog::list_types))
        .routes(routes!(catalog::find_schema))
        .routes(routes!(health::status))
        .routes(routes!(keys::list))
        .split_for_parts();
    let door = Door { ctx: ctx.acting_as(Actor::of(Channel::EventsDoor)), is_stopping: Arc::new(is_stopping) };
    let router = router
        // The same once more, for clients that put the last segment behind a base URL that ends in it.
        .route(
            "/notifications/api/v1/notificationService/notificationService",
            get(service::find)
                .post(service::replace)
                .patch(service::change)
                .delete(service::forget)
                .options(service::options),
        )
        .route("/notifications/{*rest}", any(error::no_route))
        .method_not_allowed_fallback(error::method_not_allowed)
        .with_state(door);
    // Serializing a document that the compiler has built cannot fail; an empty one would fail the freshness test.
    (router, serde_json::to_value(document).unwrap_or_default())
}

/// What sessions of this door are for (`aud`).
const AUDIENCE: &str = "ens";
