//! `events`: a device logs an event of its own.

use axum::extract::{Request, State};
use axum::response::Response;
use countersign_app::devices;
use countersign_app::polling::Endpoint;
use http::Uri;

use crate::calls::Call;
use crate::error::Error;
use crate::site::Site;
use crate::{Door, wire};

const CALL: Call = Call { endpoint: Endpoint::Events, path: "/uai/2.0/events" };

/// Log an event
///
/// Only registered devices may, and no more often within a minute than the operator allows (60 times).
#[utoipa::path(
    post, path = "/uai/2.0/events", operation_id = "log_event", tag = "Reports",
    request_body = wire::EventRequest,
    responses(
        (status = 202, description = "Kept, or not; poll this URL for the outcome", body = wire::Accepted),
        (status = 400, description = "The body is not a JSON object", body = wire::ErrorObject),
        (status = 401, description = "The token is refused, and the site says so at once", body = wire::ErrorObject),
        (status = 413, description = "The body is longer than 64 KiB", body = wire::ErrorObject),
        (status = 429, description = "The device has logged 60 events in a minute, or too many tokens of its address were refused", body = wire::ErrorObject)
    ),
    security(("device_token" = []))
)]
pub(crate) async fn log(State(door): State<Door>, site: Site, request: Request) -> Result<Response, Error> {
    let posted = CALL.receive(&door, site, request).await?;
    CALL.tell(&door, posted, async |device, _: &Site, body: wire::EventRequest| {
        let (identity, event) = body.read()?;
        devices::log_event(&door.ctx, device, identity, event).await
    })
    .await
}

/// Fetch the outcome of logging an event
///
/// Needs no token. The members of the error object are empty when all is well.
#[utoipa::path(
    get, path = "/uai/2.0/events/{pollingId}", operation_id = "poll_event", tag = "Reports",
    params(("pollingId" = String, Path, description = "Last segment of the URL from the POST")),
    responses(
        (status = 200, description = "The outcome", body = wire::ErrorObject),
        (status = 401, description = "The token of the POST was refused", body = wire::ErrorObject),
        (status = 410, description = "The polling ID is not known, or too old", body = wire::ErrorObject)
    )
)]
pub(crate) async fn poll(State(door): State<Door>, site: Site, uri: Uri) -> Result<Response, Error> {
    CALL.poll_outcome(&door, &site, &uri).await
}
