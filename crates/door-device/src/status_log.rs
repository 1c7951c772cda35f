//! `updates/statusLog`: a device reports how an update goes.

use axum::extract::{Request, State};
use axum::response::Response;
use countersign_app::devices;
use countersign_app::polling::Endpoint;
use http::Uri;

use crate::calls::Call;
use crate::error::Error;
use crate::site::Site;
use crate::{Door, wire};

const CALL: Call = Call { endpoint: Endpoint::StatusLog, path: "/uai/2.0/updates/statusLog" };
/// The same under the other spelling, so that the URL to poll begins with the path of the POST.
const LOWER_CASE: Call = Call { path: "/uai/2.0/updates/statuslog", ..CALL };

/// Report how an update goes
///
/// Any device class may. The same report sent again is kept once. A device that is not registered is kept, too, and told
/// `device.unknown`.
#[utoipa::path(
    post, path = "/uai/2.0/updates/statusLog", operation_id = "report_status", tag = "Reports",
    request_body = wire::StatusRequest,
    responses(
        (status = 202, description = "Kept, or not; poll this URL for the outcome", body = wire::Accepted),
        (status = 400, description = "The body is not a JSON object", body = wire::ErrorObject),
        (status = 401, description = "The token is refused, and the site says so at once", body = wire::ErrorObject),
        (status = 413, description = "The body is longer than 64 KiB", body = wire::ErrorObject),
        (status = 429, description = "Too many tokens of this address were refused; see Retry-After", body = wire::ErrorObject)
    ),
    security(("device_token" = []))
)]
pub(crate) async fn report(State(door): State<Door>, site: Site, request: Request) -> Result<Response, Error> {
    let call = if request.uri().path().ends_with(LOWER_CASE.path) { LOWER_CASE } else { CALL };
    let posted = call.receive(&door, site, request).await?;
    call.tell(&door, posted, async |device, site: &Site, body: wire::StatusRequest| {
        devices::report_status(&door.ctx, device, &site.snapshot, body.read()?).await
    })
    .await
}

/// Fetch the outcome of a report
///
/// Needs no token. The members of the error object are empty when all is well.
#[utoipa::path(
    get, path = "/uai/2.0/updates/statusLog/{pollingId}", operation_id = "poll_status_report", tag = "Reports",
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
