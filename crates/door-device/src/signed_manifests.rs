//! `signed-updates/manifests`: which files does an update have?

use axum::extract::{Request, State};
use axum::response::Response;
use countersign_app::polling::Endpoint;
use http::Uri;

use crate::calls::Call;
use crate::error::Error;
use crate::site::Site;
use crate::{Door, wire};

const CALL: Call = Call { endpoint: Endpoint::SignedManifests, path: "/uai/2.0/signed-updates/manifests" };

/// Ask for the files of an update
///
/// `uuid` is the last segment of the update's `manifestURL`.
#[utoipa::path(
    post, path = "/uai/2.0/signed-updates/manifests", operation_id = "ask_signed_manifest", tag = "Manifests",
    request_body = wire::ManifestRequest,
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
    CALL.ask(&door, posted, wire::ManifestRequest::read)
}

/// Fetch the list of files
///
/// Needs no token. The payload of the JWS is a `Manifest`; its URLs work for 24 to 25 hours.
#[utoipa::path(
    get, path = "/uai/2.0/signed-updates/manifests/{pollingId}", operation_id = "poll_signed_manifest", tag = "Manifests",
    params(("pollingId" = String, Path, description = "Last segment of the URL from the POST; not the manifest's UUID")),
    responses(
        (status = 200, description = "The signed list of files; its payload is a Manifest", body = wire::SignedAnswer),
        (status = 202, description = "Not ready; poll this URL after `Retry-After` seconds", body = wire::Accepted),
        (status = 401, description = "The token of the POST was refused", body = wire::ErrorObject),
        (status = 404, description = "The UUID is not known, its update is withdrawn, or the site has no signing key", body = wire::ErrorObject),
        (status = 410, description = "The polling ID is not known, or too old", body = wire::ErrorObject),
        (status = 500, description = "The answer could not be signed", body = wire::ErrorObject)
    )
)]
pub(crate) async fn poll(State(door): State<Door>, site: Site, uri: Uri) -> Result<Response, Error> {
    CALL.poll_manifest(&door, &site, &uri).await
}
