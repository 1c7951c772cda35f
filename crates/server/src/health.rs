//! Whether the process lives, and whether it can do its work.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign_app::Ctx;
use http::StatusCode;

/// `/healthz` answers as long as the process lives; `/readyz` only while the store can be read.
pub(crate) fn router(ctx: Ctx) -> Router {
    Router::new().route("/healthz", get(|| async { "OK" })).route("/readyz", get(ready)).with_state(ctx)
}

async fn ready(State(ctx): State<Ctx>) -> Response {
    match ctx.refresh().await {
        Ok(()) => "OK".into_response(),
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read").into_response()
        }
    }
}
