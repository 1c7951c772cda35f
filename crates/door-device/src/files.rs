//! `/f/…`: the bytes of published files, behind URLs that end.

use std::ops::Range;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use countersign_app::downloads::{self, Download, DownloadRefusal, UrlParts};
use countersign_app::{Ctx, Fault, Memo};
use countersign_http_kit::answer::Answer;
use countersign_http_kit::disposition;
use countersign_http_kit::entity_tag::EntityTag;
use countersign_http_kit::http_time::HttpTime;
use countersign_http_kit::passage::{FilePiece, LONGEST_PIECE, Passage};
use countersign_http_kit::representation::{Described, Representation};
use futures_util::stream::{BoxStream, StreamExt, try_unfold};
use http::HeaderValue;
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
pub(crate) async fn download(State(door): State<Door>, request: Request) -> Result<Response, Error> {
    let found = door.downloads.find(&door.ctx, request.uri().path()).await?;
    let answer = Answer::plan(request.method(), request.headers(), &found.described);
    let passage = request.extensions().get::<Passage>().cloned();
    let answer = answer.respond(move |range| open(found.clone(), passage.clone(), range)).await;
    answer.map_err(Error::Fault)
}

/// What was downloaded lately, by path: the devices of a release ask for the same files by the same URLs.
#[derive(Clone)]
pub(crate) struct Downloads(Arc<Memo<Box<str>, Arc<Found>>>);

/// A file that may be downloaded, with its headers.
struct Found {
    download: Download,
    described: Described,
}

impl Downloads {
    pub(crate) fn new(ctx: &Ctx) -> Self {
        Self(Arc::new(Memo::new(ctx, REMEMBERED)))
    }

    /// The file behind a path. What is remembered is looked at again each time: its URL may have ended.
    async fn find(&self, ctx: &Ctx, path: &str) -> Result<Arc<Found>, DownloadRefusal> {
        if let Some(found) = self.0.get(path)
            && found.download.is_open(ctx).await?
        {
            return Ok(found);
        }
        let (site, parts) = parse(path);
        let download = downloads::find(ctx, site, parts).await?;
        let found = Arc::new(Found { described: describe(&download), download });
        if path.len() <= LONGEST_PATH {
            self.0.insert(path.into(), found.clone());
        }
        Ok(found)
    }
}

fn describe(download: &Download) -> Described {
    let file = download.file();
    Described::from(Representation {
        length: file.size,
        etag: EntityTag::of_sha256(&file.sha256),
        last_modified: HttpTime::from_unix_seconds(file.stored_at.as_seconds()),
        sha256: file.sha256,
        content_type: HeaderValue::from_static("application/octet-stream"),
        disposition: Some(disposition::attachment(download.name())),
        cache_control: Some(CACHE_CONTROL),
    })
}

/// Paths that are remembered, and the longest of them, in bytes: at most a few megabytes.
const REMEMBERED: usize = 1000;
const LONGEST_PATH: usize = 1024;

/// The bytes of a range, or what stands for them where the connection has the system send files.
async fn open(
    found: Arc<Found>,
    passage: Option<Passage>,
    range: Range<u64>,
) -> Result<BoxStream<'static, Result<Bytes, Fault>>, Fault> {
    let download = &found.download;
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
    let name = percent_decode_str(name).decode_utf8().ok().filter(|_| segments.next().is_none());
    (site, name.and_then(|name| UrlParts::parse(sha256, proof, &name)))
}
