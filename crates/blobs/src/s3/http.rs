//! One request to the service, and how long it may take.

use std::fmt;
use std::io;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Body, Incoming};
use hyper_util::client::legacy::Client;
use object_store::client::{
    HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody, HttpService,
};

use super::connector::Transport;

/// Sends requests.
pub(super) struct Requests {
    client: Client<Transport, HttpRequestBody>,
}

impl Requests {
    pub(super) fn new(client: Client<Transport, HttpRequestBody>) -> Self {
        Self { client }
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Requests")
    }
}

#[async_trait]
impl HttpService for Requests {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let sending = tokio::time::timeout(HEAD_TIME, self.client.request(request));
        let answer = sending.await.map_err(|_| HttpError::new(HttpErrorKind::Timeout, too_slow()))?;
        let answer = answer.map_err(|error| {
            let kind = if error.is_connect() { HttpErrorKind::Connect } else { HttpErrorKind::Interrupted };
            HttpError::new(kind, error)
        })?;
        let (head, body) = answer.into_parts();
        Ok(HttpResponse::from_parts(head, timed(body)))
    }
}

/// A body that breaks when nothing comes for a while.
fn timed(body: Incoming) -> HttpResponseBody {
    if body.is_end_stream() {
        return HttpResponseBody::new(http_body_util::Empty::new().map_err(|never| match never {}));
    }
    let frames = stream::unfold(Some(body), |body| async {
        let mut body = body?;
        match tokio::time::timeout(READ_TIME, body.frame()).await {
            Ok(Some(Ok(frame))) => Some((Ok(frame), Some(body))),
            Ok(Some(Err(error))) => Some((Err(HttpError::new(HttpErrorKind::Interrupted, error)), None)),
            Ok(None) => None,
            Err(_) => Some((Err(HttpError::new(HttpErrorKind::Timeout, too_slow())), None)),
        }
    });
    HttpResponseBody::new(StreamBody::new(sync_wrapper(frames.boxed())))
}

/// The body is read by one task at a time; the library asks for a type that says so.
fn sync_wrapper<S: futures_util::Stream + Send + Unpin>(stream: S) -> Exclusive<S> {
    Exclusive(std::sync::Mutex::new(stream))
}

/// A stream that is only reached by its owner.
struct Exclusive<S>(std::sync::Mutex<S>);

impl<S: futures_util::Stream + Unpin> futures_util::Stream for Exclusive<S> {
    type Item = S::Item;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<S::Item>> {
        let stream = self.get_mut().0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        stream.poll_next_unpin(context)
    }
}

fn too_slow() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the service did not answer in time")
}

/// How long a request may take until the head of its answer is there, with a part of 8 MiB on a slow line.
const HEAD_TIME: Duration = Duration::from_secs(120);
/// How long the next bytes of an answer may take.
const READ_TIME: Duration = Duration::from_secs(30);
