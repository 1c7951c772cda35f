//! One log line for each finished request, and a span around the work for it.
//!
//! A request is finished when its last byte is handed over, so a download is logged when it ends or breaks off. What a
//! client sent appears nowhere: no header, no body, and no path, because the paths of polling URLs and of signed file
//! URLs are credentials. The route's pattern stands for the path.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::{Buf, Bytes};
use http::Method;
use http_body::{Frame, SizeHint};
use tracing::{Instrument, Span};

use crate::request_id::RequestId;
use crate::site_path::SiteLabel;

/// Middleware: a span `request` around the handler, and one line when the answer is finished.
///
/// It belongs inside [`crate::request_id::assign`] and outside [`crate::panics::catch`]. Add it with `Router::layer`,
/// which runs it after routing: the matched route is known then. Whoever counts requests is told of each, too.
pub async fn record(State(observer): State<Option<Observer>>, request: Request, next: Next) -> Response {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that measures how long a request takes")]
    let started = Instant::now();
    let method = method_name(request.method());
    let extensions = request.extensions();
    let route = extensions.get::<MatchedPath>().cloned();
    let id = extensions.get::<RequestId>().cloned();
    let site = extensions.get::<SiteLabel>().cloned();
    let span = tracing::info_span!(
        "request",
        request.id = id.as_ref().map(RequestId::as_str),
        method,
        route = route.as_ref().map(MatchedPath::as_str),
        site = site.as_ref().map(SiteLabel::as_str),
    );
    let response = next.run(request).instrument(span.clone()).await;

    let (head, body) = response.into_parts();
    let status = head.status.as_u16();
    let mut line = Line { started, method, route, id, site, span, observer, status, bytes: 0 };
    let body = if let Some(bytes) = body.size_hint().exact() {
        // The answer is in memory, so the rest cannot take any time of ours.
        line.bytes = bytes;
        line.write(Ending::Complete);
        body
    } else {
        Body::new(Logged { body, line: Some(line) })
    };
    Response::from_parts(head, body)
}

/// A request that is finished.
#[derive(Clone, Copy, Debug)]
pub struct Finished<'a> {
    /// The method, or `other` when HTTP itself does not define it.
    pub method: &'static str,
    /// The pattern of the route; `None` when no route fits.
    pub route: Option<&'a str>,
    /// The status of the answer.
    pub status: u16,
    /// From the routing of the request to the last byte that was handed over.
    pub duration: Duration,
}

/// Somebody who counts finished requests.
pub trait Observe: Send + Sync {
    /// A request is finished. This runs on its way, so it must not wait.
    fn finished(&self, request: &Finished<'_>);
}

/// Somebody who counts finished requests.
pub type Observer = Arc<dyn Observe>;

/// What is known about a request when it ends.
struct Line {
    started: Instant,
    method: &'static str,
    route: Option<MatchedPath>,
    id: Option<RequestId>,
    site: Option<SiteLabel>,
    span: Span,
    observer: Option<Observer>,
    status: u16,
    bytes: u64,
}

/// How the sending of an answer ended.
#[derive(Clone, Copy)]
enum Ending {
    /// The client went away, or the server stopped.
    Abandoned,
    /// All of it was handed over.
    Complete,
    /// We could not get the rest of it.
    Failed,
}

impl Line {
    fn write(self, ending: Ending) {
        let duration = self.started.elapsed();
        let route = self.route.as_ref().map(MatchedPath::as_str);
        if let Some(observer) = &self.observer {
            observer.finished(&Finished { method: self.method, route, status: self.status, duration });
        }
        let _inside = self.span.enter();
        tracing::info!(
            method = self.method,
            route,
            status = self.status,
            duration_ms = duration.as_secs_f64() * 1000.0,
            response.bytes = self.bytes,
            response.ending = match ending {
                Ending::Abandoned => "abandoned",
                Ending::Complete => "complete",
                Ending::Failed => "failed",
            },
            request.id = self.id.as_ref().map(RequestId::as_str),
            site = self.site.as_ref().map(SiteLabel::as_str),
            "request finished"
        );
    }
}

/// A body that writes the line when it ends, in whatever way.
struct Logged {
    body: Body,
    line: Option<Line>,
}

impl Logged {
    fn end(&mut self, ending: Ending) {
        if let Some(line) = self.line.take() {
            line.write(ending);
        }
    }
}

impl HttpBody for Logged {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                let sent = frame.data_ref().map_or(0, Buf::remaining);
                if let Some(line) = &mut self.line {
                    line.bytes = line.bytes.saturating_add(sent as u64);
                }
            }
            Some(Err(_)) => self.end(Ending::Failed),
            None => self.end(Ending::Complete),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let ending = if self.body.is_end_stream() { Ending::Complete } else { Ending::Abandoned };
        self.end(ending);
    }
}

/// The name of a method that HTTP itself defines; a client can invent others, and may hide anything in them.
fn method_name(method: &Method) -> &'static str {
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS]
        .iter()
        .zip(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
        .find_map(|(known, name)| (known == method).then_some(name))
        .unwrap_or("other")
}
