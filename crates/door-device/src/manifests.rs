//! `signed-updates/manifests`: which files does an update have?

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use countersign_app::polling::{self, Endpoint};
use countersign_app::updates::ManifestAnswer;
use countersign_app::{devices, updates};
use http::{HeaderMap, Uri};

use crate::error::Error;
use crate::site::{Site, last_segment};
use crate::{Door, auth, reply, wire};

const PATH: &str = "/uai/2.0/signed-updates/manifests";

/// Ask for the files of an update
///
/// `uuid` is the last segment of the update's `manifestURL`.
#[utoipa::path(
    post, path = "/uai/2.0/signed-updates/manifests", tag = "Manifests",
    request_body = wire::ManifestRequest,
    responses(
        (status = 202, description = "Poll this URL for the answer", body = wire::Accepted),
        (status = 400, description = "The body is not a JSON object", body = wire::ErrorObject),
        (status = 413, description = "The body is longer than 64 KiB", body = wire::ErrorObject)
    ),
    security(("device_token" = []))
)]
pub(crate) async fn ask(
    State(door): State<Door>,
    site: Site,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Error> {
    let asked = wire::ManifestRequest::read(body).await?.into_asked();
    let (snapshot, verdict) = devices::authenticate(&door.ctx, &site.snapshot, auth::bearer(&headers)).await?;
    let id = polling::issue(&door.ctx, &snapshot, Endpoint::SignedManifests, verdict, asked)?;
    Ok(reply::accepted(&site.prefix, PATH, &id))
}

/// Fetch the list of files
///
/// Needs no token. The payload of the JWS is a `Manifest`; its URLs work for 24 to 25 hours.
#[utoipa::path(
    get, path = "/uai/2.0/signed-updates/manifests/{pollingId}", tag = "Manifests",
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
    let id = last_segment(&uri);
    let (snapshot, answer) = updates::answer_manifest(&door.ctx, &site.snapshot, Endpoint::SignedManifests, id).await?;
    match answer {
        ManifestAnswer::Files(files) => {
            let manifest = wire::Manifest::from(files.as_slice());
            reply::signed(&door.ctx, &snapshot, &manifest, || reply::accepted(&site.prefix, PATH, id)).await
        }
        // A manifest has no place for an error, so these end with a status of their own.
        ManifestAnswer::Problem(problem) => Err(Error::ManifestQuestion(problem)),
        ManifestAnswer::Refused(refusal, uuid) => Err(Error::Manifest(refusal, uuid)),
    }
}
