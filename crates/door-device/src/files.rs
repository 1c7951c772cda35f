//! `/f/…`: the bytes of published files, behind URLs that end.

use std::ops::Range;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use countersign_app::Fault;
use countersign_app::downloads::{self, Download, UrlParts};
use countersign_domain::time::Timestamp;
use countersign_http_kit::answer::Answer;
use countersign_http_kit::disposition;
use countersign_http_kit::entity_tag::EntityTag;
use countersign_http_kit::http_time::HttpTime;
use countersign_http_kit::passage::{FilePiece, LONGEST_PIECE, Passage};
use countersign_http_kit::representation::{Described, Representation};
use futures_util::stream::{BoxStream, StreamExt, try_unfold};
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use quick_cache::sync::Cache;

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
pub(crate) async fn download(State(door): State<Door>, request: Request) -> Result<Response, Error> {
    let (site, parts) = parse(request.uri().path());
    let download = downloads::find(&door.ctx, site, parts).await?;
    let described = door.described.of(&download);
    let answer = Answer::plan(request.method(), request.headers(), &described);
    let source = Arc::new(download);
    let passage = request.extensions().get::<Passage>().cloned();
    let answer = answer.respond(move |range| open(source.clone(), passage.clone(), range)).await;
    answer.map_err(Error::Fault)
}

/// The files that were asked for lately, with their headers.
#[derive(Clone)]
pub(crate) struct DescribedFiles(Arc<Cache<FileFacts, Arc<Described>>>);

/// All that the headers of a file are made from: digest, size, when it was stored, and the name in the URL.
type FileFacts = ([u8; 32], u64, Timestamp, String);

impl DescribedFiles {
    fn of(&self, download: &Download) -> Arc<Described> {
        let file = download.file();
        let facts = (file.sha256, file.size, file.stored_at, download.name().to_owned());
        if let Some(described) = self.0.get(&facts) {
            return described;
        }
        let described = Arc::new(Described::from(Representation {
            length: file.size,
            etag: EntityTag::of_sha256(&file.sha256),
            last_modified: HttpTime::from_unix_seconds(file.stored_at.as_seconds()),
            sha256: file.sha256,
            content_type: HeaderValue::from_static("application/octet-stream"),
            disposition: Some(disposition::attachment(download.name())),
            cache_control: Some(CACHE_CONTROL),
        }));
        self.0.insert(facts, described.clone());
        described
    }
}

impl Default for DescribedFiles {
    fn default() -> Self {
        Self(Arc::new(Cache::new(DESCRIBED_FILES)))
    }
}

/// Files whose headers are kept: at most a few megabytes.
const DESCRIBED_FILES: usize = 1000;

/// The bytes of a range, or what stands for them where the connection has the system send files.
async fn open(
    download: Arc<Download>,
    passage: Option<Passage>,
    range: Range<u64>,
) -> Result<BoxStream<'static, Result<Bytes, Fault>>, Fault> {
    let Some(passage) = passage else { return download.open(range).await };
    let Some(file) = download.open_local(range.clone()).await? else { return download.open(range).await };
    Ok(try_unfold((file, passage), |(mut file, passage)| async move {
        let part = file.next(LONGEST_PIECE as u64).await?;
        let piece = part.and_then(|(file, range)| FilePiece::first_of(file, &range));
        Ok(piece.map(|piece| (passage.hand_over(piece), (file, passage))))
    })
    .boxed())
}

/// The site and the parts of a path `/f/{site}/{sha256}/{proof}/{name}`.
fn parse(path: &str) -> (&str, Option<UrlParts>) {
    let mut segments = path.split('/').skip(2);
    let mut next = || segments.next().unwrap_or_default();
    let (site, sha256, proof, name) = (next(), next(), next(), next());
    let name = percent_decode_str(name).decode_utf8().ok();
    (site, name.and_then(|name| UrlParts::parse(sha256, proof, &name)))
}
