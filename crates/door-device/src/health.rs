//! Whether the server can answer, and which one it is.

use axum::Json;
use axum::extract::State;
use countersign_app::sites;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;
use crate::{Door, wire};

/// Check that the server can answer devices
#[utoipa::path(
    get, path = "/ping", tag = "Health",
    responses(
        (status = 200, description = "It can", body = str, content_type = "text/plain", example = "OK"),
        (status = 503, description = "The store has not been read for five seconds", body = wire::ErrorObject)
    )
)]
pub(crate) async fn ping(State(door): State<Door>) -> Result<&'static str, Error> {
    sites::ensure_answers(&door.ctx).await?;
    Ok("OK")
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
