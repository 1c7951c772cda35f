//! `/f/…`: the bytes of published files, behind URLs that end.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use countersign_app::Fault;
use countersign_app::downloads::{self, UrlParts};
use countersign_http_kit::answer::Answer;
use countersign_http_kit::disposition;
use countersign_http_kit::entity_tag::EntityTag;
use countersign_http_kit::http_time::HttpTime;
use countersign_http_kit::representation::Representation;
use http::{HeaderMap, HeaderValue, Method, Uri};
use percent_encoding::percent_decode_str;

use crate::Door;
use crate::error::Error;

/// What caches may keep: the bytes never change, but the URL ends and is meant for one receiver.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("private, max-age=3600, immutable");

/// Download a file of a package
///
/// The URL comes from a manifest. Supports `HEAD`, single and multiple byte ranges, `If-Range` and the other
/// conditional headers (RFC 9110); `ETag` is strong, and `Repr-Digest` carries the SHA-256 of the whole file.
#[utoipa::path(
    get, path = "/f/{site}/{sha256}/{proof}/{name}", tag = "Files",
    params(
        ("site" = String, Path, description = "Site"),
        ("sha256" = String, Path, description = "SHA-256 of the file, hexadecimal"),
        ("proof" = String, Path, description = "When the URL ends (seconds since 1970), and a code that proves it"),
        ("name" = String, Path, description = "File name")
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream"),
        (status = 206, description = "The requested ranges of the file", content_type = "application/octet-stream"),
        (status = 304, description = "Not modified"),
        (status = 404, description = "The URL is not valid", body = crate::wire::ErrorObject),
        (status = 410, description = "The URL has expired", body = crate::wire::ErrorObject),
        (status = 412, description = "A precondition does not hold"),
        (status = 416, description = "No requested range lies in the file")
    )
)]
pub(crate) async fn download(
    State(door): State<Door>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let (site, parts) = parse(uri.path());
    let download = downloads::find(&door.ctx, site, parts).await?;
    let file = download.file();
    let representation = Representation {
        length: file.size,
        etag: EntityTag::of_sha256(&file.sha256),
        last_modified: HttpTime::from_unix_seconds(file.stored_at.as_seconds()),
        sha256: file.sha256,
        content_type: HeaderValue::from_static("application/octet-stream"),
        disposition: Some(disposition::attachment(download.name())),
        cache_control: Some(CACHE_CONTROL),
    };
    let answer = Answer::plan(&method, &headers, &representation);
    let source = Arc::new(download);
    let answer = answer.respond(move |range| source.clone().open(range)).await;
    answer.map_err(|error| Error::Fault(Fault::Blobs(error)))
}

/// The site and the parts of a path `/f/{site}/{sha256}/{proof}/{name}`.
fn parse(path: &str) -> (&str, Option<UrlParts>) {
    let mut segments = path.split('/').skip(2);
    let mut next = || segments.next().unwrap_or_default();
    let (site, sha256, proof, name) = (next(), next(), next(), next());
    let name = percent_decode_str(name).decode_utf8().ok();
    (site, name.and_then(|name| UrlParts::parse(sha256, proof, &name)))
}
