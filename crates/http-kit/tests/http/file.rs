//! One file of 1000 bytes behind a route, and what tests need to look at answers about it.

use std::io;
use std::ops::Range;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use countersign_crypto::digest::sha256;
use countersign_crypto::encoding::base64_encode;
use countersign_http_kit::answer::Answer;
use countersign_http_kit::disposition::attachment;
use countersign_http_kit::entity_tag::EntityTag;
use countersign_http_kit::http_time::HttpTime;
use countersign_http_kit::representation::Representation;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use tower::ServiceExt;

pub(crate) const LAST_MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// Bytes that differ from place to place, so that a shifted range shows.
pub(crate) fn content() -> Bytes {
    (0..1000_u32).map(|index| u8::try_from((index * 7 + index / 256) % 256).unwrap()).collect()
}

pub(crate) fn representation() -> Representation {
    Representation {
        length: 1000,
        etag: EntityTag::of_sha256(&sha256(&content())),
        last_modified: HttpTime::from_unix_seconds(784_111_777),
        sha256: sha256(&content()),
        content_type: HeaderValue::from_static("application/octet-stream"),
        disposition: Some(attachment("setup.exe")),
        cache_control: Some(HeaderValue::from_static("private, max-age=3600")),
    }
}

/// The text of the `ETag` header, with its quotation marks.
pub(crate) fn etag() -> String {
    format!("\"{}\"", representation().etag.opaque())
}

/// The bytes of a range, in chunks that are not aligned to anything.
pub(crate) fn open(range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>> {
    let bytes = content().slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap());
    let chunks: Vec<_> = bytes.chunks(77).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    stream::iter(chunks).boxed()
}

pub(crate) fn router() -> Router {
    Router::new().route("/file", get(serve))
}

async fn serve(method: Method, headers: HeaderMap) -> Response {
    let answer = Answer::plan(&method, &headers, &representation().into());
    answer.respond(|range| async move { io::Result::Ok(open(range)) }).await.unwrap()
}

/// An answer with its body read.
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.get_all(name).iter();
        let line = lines.next().map(|line| line.to_str().unwrap());
        assert_eq!(lines.next(), None, "{name} comes twice");
        line
    }

    /// The parts of a `multipart/byteranges` body: the `Content-Range` and the bytes of each.
    pub(crate) fn parts(&self) -> Vec<(String, Bytes)> {
        let boundary = self.header("content-type").unwrap().strip_prefix("multipart/byteranges; boundary=").unwrap();
        let opening = format!("\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: ");
        let mut rest = self.body.clone();
        let mut parts = Vec::new();
        while rest.starts_with(opening.as_bytes()) {
            rest = rest.slice(opening.len()..);
            let line = rest.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
            let range = String::from_utf8(rest.slice(..line).to_vec()).unwrap();
            rest = rest.slice(line + 4..);
            let length = span(&range).count();
            parts.push((range, rest.slice(..length)));
            rest = rest.slice(length..);
        }
        assert_eq!(rest, format!("\r\n--{boundary}--\r\n"));
        parts
    }
}

/// The positions that a `Content-Range` of the file names.
pub(crate) fn span(content_range: &str) -> Range<usize> {
    let (first, last) = content_range
        .strip_prefix("bytes ")
        .and_then(|text| text.strip_suffix("/1000"))
        .unwrap()
        .split_once('-')
        .unwrap();
    first.parse().unwrap()..last.parse::<usize>().unwrap() + 1
}

pub(crate) async fn ask(method: &Method, headers: &[(&str, HeaderValue)]) -> Got {
    let mut request = Request::builder().method(method).uri("/file").body(Body::empty()).unwrap();
    for (name, value) in headers {
        request.headers_mut().append(http::HeaderName::try_from(*name).unwrap(), value.clone());
    }
    let response = router().oneshot(request).map(Result::unwrap).await;
    let (head, body) = response.into_parts();
    let body = to_bytes(body, 1_000_000).await.unwrap();
    Got { status: head.status, headers: head.headers, body }
}

/// What holds for every answer about the file, whatever was asked.
pub(crate) fn check_common(method: &Method, got: &Got) {
    let about = format!("{method} {:?}", got.status);
    assert_eq!(got.header("etag"), Some(&*etag()), "{about}");
    assert_eq!(got.header("last-modified"), Some(LAST_MODIFIED), "{about}");
    assert_eq!(got.header("accept-ranges"), Some("bytes"), "{about}");
    let speaks_for_file = matches!(got.status.as_u16(), 200 | 206 | 304);
    let digest = format!("sha-256=:{}:", base64_encode(&sha256(&content())));
    assert_eq!(got.header("repr-digest"), speaks_for_file.then_some(&*digest), "{about}");
    let announced: u64 = got.header("content-length").unwrap().parse().unwrap();
    let has_body = method == Method::GET && matches!(got.status.as_u16(), 200 | 206);
    if has_body {
        assert_eq!(announced, u64::try_from(got.body.len()).unwrap(), "{about}");
        assert_eq!(got.header("content-disposition"), Some("attachment; filename=\"setup.exe\""), "{about}");
    } else {
        assert!(got.body.is_empty(), "{about}");
    }
    match got.status.as_u16() {
        200 => assert_eq!((announced, got.header("content-range")), (1000, None), "{about}"),
        206 => assert_eq!(
            got.header("content-range").is_some(),
            got.header("content-type") == Some("application/octet-stream")
        ),
        304 | 412 => assert_eq!(got.header("content-range"), None, "{about}"),
        416 => assert_eq!(got.header("content-range"), Some("bytes */1000"), "{about}"),
        other => panic!("{other} is no answer about a file"),
    }
}
