//! Whether the service works. A monitor must read the body: 200 can say `DOWN`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use crate::Door;
use crate::reply;
use crate::wire::Status;

/// Ask whether the service works
///
/// `UP` when the store can be read and events are told; `DOWN`, with 200 as well, when the store cannot be used or the worker
/// that tells events has come no further for 30 seconds; 503 while the server stops. Nobody needs to log in.
#[utoipa::path(
    get, path = "/notifications/health/status", tag = "Status",
    responses(
        (status = 200, description = "Whether it works", body = Status),
        (status = 503, description = "The server is stopping", body = Status)
    )
)]
pub(crate) async fn status(State(door): State<Door>) -> Response {
    if (door.is_stopping)() {
        return reply::private_json(StatusCode::SERVICE_UNAVAILABLE, Status { status: DOWN });
    }
    let status = match door.ctx.refresh().await {
        Ok(()) if door.ctx.tells_events() => UP,
        Ok(()) => {
            tracing::warn!("the event service is down: its worker comes no further");
            DOWN
        }
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the event service is down");
            DOWN
        }
    };
    reply::private_json(StatusCode::OK, Status { status })
}

const UP: &str = "UP";
const DOWN: &str = "DOWN";
