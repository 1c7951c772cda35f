//! Whether the server lives, and which one it is.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// Check that the server lives
#[utoipa::path(
    get, path = "/ping", tag = "Health",
    responses((status = 200, description = "The server lives", body = str, content_type = "text/plain", example = "OK"))
)]
pub(crate) async fn ping() -> &'static str {
    "OK"
}

/// What is answering.
#[derive(Serialize, ToSchema)]
pub(crate) struct Version {
    /// Name of the program
    #[schema(example = "countersign")]
    name: &'static str,
    /// Its version
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// See which server answers
#[utoipa::path(
    get, path = "/uai/version", tag = "Health",
    responses((status = 200, description = "Name and version of the server", body = Version))
)]
pub(crate) async fn version() -> Json<Version> {
    Json(Version { name: "countersign", version: env!("CARGO_PKG_VERSION") })
}
