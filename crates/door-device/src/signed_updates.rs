//! `signed-updates`: which updates apply to a device?

use axum::extract::{Request, State};
use axum::response::Response;
use countersign_app::polling::Endpoint;
use http::Uri;

use crate::calls::Call;
use crate::error::Error;
use crate::site::Site;
use crate::{Door, wire};

const CALL: Call = Call { endpoint: Endpoint::SignedUpdates, path: "/uai/2.0/signed-updates" };

/// Ask which updates apply to a device
///
/// The answer is found on the returned URL. A token that is missing, malformed, expired or not verified by a key of the
/// site is reported there with 401; a fault in the content of the question is reported there inside the signed list.
#[utoipa::path(
    post, path = "/uai/2.0/signed-updates", operation_id = "ask_signed_updates", tag = "Updates",
    request_body = wire::UpdatesRequest,
    responses(
        (status = 202, description = "Poll this URL for the answer", body = wire::Accepted),
        (status = 400, description = "The body is not a JSON object", body = wire::ErrorObject),
        (status = 413, description = "The body is longer than 64 KiB", body = wire::ErrorObject),
        (status = 429, description = "Too many tokens of this address were refused; see Retry-After", body = wire::ErrorObject)
    ),
    security(("device_token" = []))
)]
pub(crate) async fn ask(State(door): State<Door>, site: Site, request: Request) -> Result<Response, Error> {
    let posted = CALL.receive(&door, site, request).await?;
    CALL.ask(&door, posted, wire::UpdatesRequest::read)
}

/// Fetch the list of updates that apply
///
/// Needs no token. Repeating it gives the same bytes while catalog and keys are unchanged, for 60 minutes from the POST.
/// The payload of the JWS is an `UpdateList`.
#[utoipa::path(
    get, path = "/uai/2.0/signed-updates/{pollingId}", operation_id = "poll_signed_updates", tag = "Updates",
    params(("pollingId" = String, Path, description = "Last segment of the URL from the POST")),
    responses(
        (status = 200, description = "The signed list; its payload is an UpdateList", body = wire::SignedAnswer),
        (status = 202, description = "Not ready; poll this URL after `Retry-After` seconds", body = wire::Accepted),
        (status = 401, description = "The token of the POST was refused", body = wire::ErrorObject),
        (status = 404, description = "The site has no signing key yet", body = wire::ErrorObject),
        (status = 410, description = "The polling ID is not known, or too old", body = wire::ErrorObject),
        (status = 500, description = "The answer could not be signed", body = wire::ErrorObject)
    )
)]
pub(crate) async fn poll(State(door): State<Door>, site: Site, uri: Uri) -> Result<Response, Error> {
    CALL.poll_updates(&door, &site, &uri).await
}
