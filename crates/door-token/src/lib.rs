//! The token door: the storages that access tokens of applications open.
//!
//! | folder | what |
//! |---|---|
//! | `storage/` | files and folders in named storages |
//!
//! This crate must never know SQL, or another door.

mod storage;

use axum::Router;
use countersign_app::Ctx;
use utoipa::OpenApi;

/// Head of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(info(
    title = "Countersign token door",
    description = "What applications do with an access token: files and folders in named storages."
))]
struct Document;

/// The routes of this door, and the OpenAPI document that describes them.
pub fn router(ctx: Ctx) -> (Router, serde_json::Value) {
    let mut document = Document::openapi();
    storage::describe(&mut document);
    // Serializing a document that was built here cannot fail; an empty one would fail the freshness test.
    (storage::router(ctx), serde_json::to_value(document).unwrap_or_default())
}
