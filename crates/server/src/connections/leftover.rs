//! The rest of a request's body that nobody has read, because the answer was clear without it.
//!
//! HTTP/1.1 has no way to the next request but through that rest. When it has not come yet as the answer is sent, the
//! connection would end, and a client that goes on to use it would lose its next request. So a short rest is waited for.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::HttpBody;
use bytes::{Buf, Bytes};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::timeout;

/// The longest rest that is worth reading: what a door would have read of JSON.
const LENGTH: usize = 64 * 1024;
/// How long it may take. The client has sent its head, so the rest is on its way.
const TIME: Duration = Duration::from_secs(1);

/// The body of a request, which is given back when it is dropped before its end.
pub(super) struct Receiving {
    body: Option<Incoming>,
    leftover: Leftover,
}

/// Where the rest of a body goes.
#[derive(Clone, Default)]
pub(super) struct Leftover(Arc<Mutex<Option<Incoming>>>);

impl Leftover {
    /// A body whose rest comes here.
    pub(super) fn of(&self, body: Incoming) -> Receiving {
        Receiving { body: Some(body), leftover: self.clone() }
    }

    /// Reads the rest of the body if there is one and it is short. When it is not, the connection ends with the answer.
    pub(super) async fn drain(&self) {
        let rest = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut rest) = rest.filter(|rest| rest.size_hint().lower() <= LENGTH as u64) else { return };
        let drain = async {
            let mut read = 0_usize;
            while read <= LENGTH
                && let Some(Ok(frame)) = std::future::poll_fn(|context| Pin::new(&mut rest).poll_frame(context)).await
            {
                read = read.saturating_add(frame.data_ref().map_or(0, Buf::remaining));
            }
        };
        // Too slow is as good as too long.
        let _ = timeout(TIME, drain).await;
    }
}

impl HttpBody for Receiving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Incoming::size_hint).unwrap_or_default()
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !body.is_end_stream());
        *self.leftover.0.lock().unwrap_or_else(PoisonError::into_inner) = rest;
    }
}
