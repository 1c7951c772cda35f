//! Answers a GET or HEAD for a file: first a plan, made of headers alone, then a response that streams the bytes.
//!
//! The plan is a pure function of the request and the file's facts. Only [`Answer::respond`] opens bytes, in the order
//! in which they are sent, and it promises their number: a stream that gives more or fewer bytes than planned breaks
//! the connection instead of passing for a whole file.

mod stream;

use std::error::Error;
use std::ops::Range;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::Stream;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::conditional::{self, Verdict};
use crate::multipart::{Boundary, content_range};
use crate::ranges::{self, ByteRange, RangePlan};
use crate::representation::{Described, Representation};

use stream::Sender;
pub use stream::WrongLength;

/// The planned answer: status, headers, and which bytes follow.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    pieces: Vec<Piece>,
}

/// A piece of the content.
#[derive(Clone, Debug)]
enum Piece {
    /// Bytes of the file, by position.
    File(Range<u64>),
    /// Bytes of the frame around the parts.
    Frame(Bytes),
}

impl Answer {
    /// Plans the answer to a GET or a HEAD. The router refuses other methods before; here they get what HEAD gets.
    pub fn plan(method: &Method, headers: &HeaderMap, file: &Described) -> Self {
        let facts = file.facts();
        let verdict = conditional::evaluate(method, headers, &facts.etag, facts.last_modified);
        let answer = match verdict {
            Verdict::Failed => Self::without_content(StatusCode::PRECONDITION_FAILED, facts.validator_headers()),
            Verdict::NotModified => Self::not_modified(file),
            Verdict::Proceed => match ranges::plan(headers, facts.length) {
                RangePlan::Multiple(ranges) => Self::multiple(file, &ranges),
                RangePlan::Single(range) => Self::single(file, &range),
                RangePlan::Unsatisfiable => Self::unsatisfiable(facts),
                RangePlan::Whole => Self::whole(file),
            },
            Verdict::ProceedWhole => Self::whole(file),
        };
        if method == Method::GET { answer } else { answer.without_body() }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers of the answer, complete.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Turns the plan into a response. `open` gives the bytes of a range of the file; it is called once for each range,
    /// the first time before this returns, so that a file that is missing is an error and not a broken download.
    ///
    /// # Errors
    ///
    /// What `open` says about the first range. Later errors cannot be answered any more and break the connection.
    pub async fn respond<O, F, S, E>(self, open: O) -> Result<Response, E>
    where
        O: FnMut(Range<u64>) -> F + Send + Unpin + 'static,
        F: Future<Output = Result<S, E>> + Send + 'static,
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
    {
        let body =
            if self.pieces.is_empty() { Body::empty() } else { Body::new(Sender::start(self.pieces, open).await?) };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        Ok(response)
    }

    fn whole(file: &Described) -> Self {
        let length = file.facts().length;
        let pieces = if length == 0 { Vec::new() } else { vec![Piece::File(0..length)] };
        Self::with_content(StatusCode::OK, file.content_headers(), pieces)
    }

    fn single(file: &Described, range: &ByteRange) -> Self {
        let mut headers = file.content_headers();
        set_content_range(&mut headers, content_range(range, file.facts().length));
        Self::with_content(StatusCode::PARTIAL_CONTENT, headers, vec![Piece::File(range.half_open())])
    }

    /// RFC 9110 §15.3.7.2: the ranges are named in the parts, never in the header of the answer.
    fn multiple(file: &Described, ranges: &[ByteRange]) -> Self {
        let mut headers = file.content_headers();
        let file = file.facts();
        let boundary = Boundary::of(file);
        if let Some(content_type) = boundary.content_type() {
            headers.insert(CONTENT_TYPE, content_type);
        }
        let parts = ranges
            .iter()
            .flat_map(|range| [Piece::Frame(boundary.part_head(file, range)), Piece::File(range.half_open())]);
        let pieces = parts.chain([Piece::Frame(boundary.end())]).collect();
        Self::with_content(StatusCode::PARTIAL_CONTENT, headers, pieces)
    }

    /// RFC 9110 §15.4.5. No length: the layers below would take it for the length of what follows.
    fn not_modified(file: &Described) -> Self {
        Self { status: StatusCode::NOT_MODIFIED, headers: file.headers(), pieces: Vec::new() }
    }

    /// RFC 9110 §15.5.17.
    fn unsatisfiable(file: &Representation) -> Self {
        let mut headers = file.validator_headers();
        set_content_range(&mut headers, format!("bytes */{}", file.length));
        Self::without_content(StatusCode::RANGE_NOT_SATISFIABLE, headers)
    }

    fn without_content(status: StatusCode, headers: HeaderMap) -> Self {
        Self::with_content(status, headers, Vec::new())
    }

    fn with_content(status: StatusCode, mut headers: HeaderMap, pieces: Vec<Piece>) -> Self {
        // Ranges never overlap, so the sum is at most the length of the file and some frames.
        let length = pieces.iter().map(Piece::length).fold(0, u64::saturating_add);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        Self { status, headers, pieces }
    }

    /// The answer to a HEAD: every header, `Content-Length` included, as if the content followed (RFC 9110 §9.3.2).
    fn without_body(self) -> Self {
        Self { pieces: Vec::new(), ..self }
    }
}

impl Piece {
    fn length(&self) -> u64 {
        match self {
            Self::File(range) => range.end.saturating_sub(range.start),
            Self::Frame(bytes) => bytes.len() as u64,
        }
    }
}

fn set_content_range(headers: &mut HeaderMap, text: String) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(CONTENT_RANGE, value);
    }
}
