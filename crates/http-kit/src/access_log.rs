//! What the log says of each finished request, and the request's name on all other lines about it.
//!
//! A request is finished when its last byte is handed over, so a download is logged when it ends or breaks off. What a
//! client sent appears nowhere: no header, no body, and no path, because the paths of polling URLs and of signed file
//! URLs are credentials. The route's pattern stands for the path.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use bytes::{Buf, Bytes};
use http::Method;
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;
use tower::{Layer, Service};

use crate::current_request::CurrentRequest;

/// Layer: the work inside is for the [`CurrentRequest`] that stands beside the request, and a function is told when the
/// answer is finished.
///
/// It belongs outside of [`crate::panics`]. Add it with `Router::layer`, which runs it after routing: the matched route is
/// known then.
#[derive(Clone)]
pub struct AccessLog(Arc<Observe>);

/// Is told of each finished request, on its way: it must not wait.
type Observe = dyn Fn(&Finished<'_>) + Send + Sync;

impl AccessLog {
    /// Tells a function, which runs on the way of the request and must not wait.
    pub fn new(observe: impl Fn(&Finished<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }
}

impl<S> Layer<S> for AccessLog {
    type Service = Logging<S>;

    fn layer(&self, inner: S) -> Logging<S> {
        Logging { inner, observe: self.0.clone() }
    }
}

/// A service whose requests are logged.
#[derive(Clone)]
pub struct Logging<S> {
    inner: S,
    observe: Arc<Observe>,
}

impl<S: Service<Request, Response = Response>> Service<Request> for Logging<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Recorded<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that measures how long a request takes")]
        let started = Instant::now();
        let method = method_name(request.method());
        let route = request.extensions().get::<MatchedPath>().cloned();
        let current = request.extensions_mut().remove::<CurrentRequest>().map(|current| current.on(route));
        let inner = self.inner.call(request);
        let line =
            Line { started, method, current: current.clone(), observe: self.observe.clone(), status: 0, bytes: 0 };
        Recorded { inner: CurrentRequest::scope(current, inner), line: Some(line) }
    }
}

pin_project! {
    /// The answer of a service, and the line about it.
    pub struct Recorded<F> {
        #[pin]
        inner: TaskLocalFuture<Option<CurrentRequest>, F>,
        line: Option<Line>,
    }
}

impl<E, F: Future<Output = Result<Response, E>>> Future for Recorded<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(context));
        Poll::Ready(response.map(|response| match this.line.take() {
            Some(line) => line.follow(response),
            None => response,
        }))
    }
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
    /// Bytes of the answer's body that were handed over.
    pub bytes: u64,
    /// How the sending ended.
    pub ending: Ending,
    /// The id of the request.
    pub id: Option<&'a str>,
    /// The name of its site; `None` when it has none.
    pub site: Option<&'a str>,
}

/// How the sending of an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The client went away, or the server stopped.
    Abandoned,
    /// All of it was handed over.
    Complete,
    /// We could not get the rest of it.
    Failed,
}

impl Ending {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Complete => "complete",
            Self::Failed => "failed",
        }
    }
}

/// What is known about a request when it ends.
struct Line {
    started: Instant,
    method: &'static str,
    current: Option<CurrentRequest>,
    observe: Arc<Observe>,
    status: u16,
    bytes: u64,
}

impl Line {
    /// Is written now, if the answer is in memory and the rest cannot take any time of ours, or else with the last byte.
    fn follow(mut self, response: Response) -> Response {
        self.status = response.status().as_u16();
        if let Some(bytes) = response.body().size_hint().exact() {
            self.bytes = bytes;
            self.write(Ending::Complete);
            return response;
        }
        response.map(|body| Body::new(Logged { body, line: Some(self) }))
    }

    fn write(self, ending: Ending) {
        let current = self.current.as_ref();
        (self.observe)(&Finished {
            method: self.method,
            route: current.and_then(CurrentRequest::route),
            status: self.status,
            duration: self.started.elapsed(),
            bytes: self.bytes,
            ending,
            id: current.map(CurrentRequest::id),
            site: current.and_then(CurrentRequest::site),
        });
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
