//! `devices/registrations`: a device makes itself known, and activates a license.

use axum::extract::{Request, State};
use axum::response::Response;
use countersign_app::devices;
use countersign_app::polling::Endpoint;
use http::Uri;

use crate::calls::Call;
use crate::error::Error;
use crate::site::Site;
use crate::{Door, wire};

const CALL: Call = Call { endpoint: Endpoint::Registrations, path: "/uai/2.0/devices/registrations" };

/// Register a standalone device
///
/// With an activation ID, that license is activated on the device, within its limit, and the device belongs to the license's
/// customer. Without one the device stays anonymous. To register again changes nothing.
#[utoipa::path(
    post, path = "/uai/2.0/devices/registrations", operation_id = "register_device", tag = "Registration",
    request_body = wire::RegistrationRequest,
    responses(
        (status = 202, description = "Kept, or not; poll this URL for the outcome", body = wire::Accepted),
        (status = 400, description = "The body is not a JSON object", body = wire::ErrorObject),
        (status = 401, description = "The token is refused, and the site says so at once", body = wire::ErrorObject),
        (status = 413, description = "The body is longer than 64 KiB", body = wire::ErrorObject),
        (status = 429, description = "Too many tokens of this address were refused; see Retry-After", body = wire::ErrorObject)
    ),
    security(("device_token" = []))
)]
pub(crate) async fn register(State(door): State<Door>, site: Site, request: Request) -> Result<Response, Error> {
    let posted = CALL.receive(&door, site, request).await?;
    CALL.tell(&door, posted, async |device, _: &Site, body: wire::RegistrationRequest| {
        devices::register(&door.ctx, device, body.read()?).await
    })
    .await
}

/// Fetch the outcome of a registration
///
/// Needs no token. The members of the error object are empty when all is well.
#[utoipa::path(
    get, path = "/uai/2.0/devices/registrations/{pollingId}", operation_id = "poll_registration", tag = "Registration",
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
