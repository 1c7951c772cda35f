//! The bytes of a file: whole, in ranges, or not at all when the caller has them already.

use std::ops::Range;
use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use countersign_app::storages::{OpenedFile, StorageError};
use countersign_http_kit::answer::Answer;
use countersign_http_kit::entity_tag::EntityTag;
use countersign_http_kit::http_time::HttpTime;
use countersign_http_kit::passage::{FilePiece, LONGEST_PIECE, Passage};
use countersign_http_kit::representation::Representation;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt, try_unfold};
use http::header::{IF_RANGE, RANGE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

/// Answers with a file. `Accept` is not looked at: clients ask for `multipart/form-data` and want plain bytes (contract §3.2).
/// There is no `Content-Disposition`: clients save under its name, in a folder that all share (contract §7.3).
pub(crate) async fn answer(parts: &Parts, opened: OpenedFile) -> Result<Response, StorageError> {
    let file = opened.file();
    let content_type = file.media_type.as_deref().and_then(|text| HeaderValue::try_from(text).ok());
    let representation = Representation {
        length: file.size,
        etag: EntityTag::of_sha256(&file.sha256),
        last_modified: HttpTime::from_unix_seconds(file.modified.as_seconds()),
        sha256: file.sha256,
        content_type: content_type.unwrap_or(HeaderValue::from_static("application/octet-stream")),
        disposition: None,
        // The next request for the path may find another version.
        cache_control: Some(HeaderValue::from_static("private, no-cache")),
    };
    let answer = Answer::plan(&parts.method, &conditions(&parts.headers), &representation.into());
    let passage = parts.extensions.get::<Passage>().cloned();
    let source = Arc::new(opened);
    answer.respond(move |range| open(source.clone(), passage.clone(), range)).await
}

/// The headers, but for a range that depends on a date: two versions of a file can have the same one (RFC 9110 §8.8.2.2).
fn conditions(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    if headers.get(IF_RANGE).is_some_and(|value| !value.as_bytes().contains(&b'"')) {
        headers.remove(RANGE);
    }
    headers
}

/// The bytes of a range, or what stands for them where the connection has the system send files.
async fn open(
    opened: Arc<OpenedFile>,
    passage: Option<Passage>,
    range: Range<u64>,
) -> Result<BoxStream<'static, Result<Bytes, StorageError>>, StorageError> {
    let plain = |stream: BoxStream<'static, _>| stream.map_err(StorageError::Fault).boxed();
    let Some(passage) = passage else { return opened.open(range).await.map(plain) };
    let Some(file) = opened.open_local(range.clone()).await? else { return opened.open(range).await.map(plain) };
    Ok(try_unfold((file, passage), |(mut file, passage)| async move {
        let part = file.next(LONGEST_PIECE as u64).await?;
        let piece = part.and_then(|(file, range)| FilePiece::first_of(file, &range));
        Ok(piece.map(|piece| (passage.hand_over(piece), (file, passage))))
    })
    .boxed())
}
