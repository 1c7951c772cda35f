//! A handler that panics answers 500 like any other failure of ours, and the log says so once.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;

use crate::request_id::RequestId;

/// How a door says "500" in its own error shape.
#[derive(Clone)]
pub struct PanicAnswer(Arc<MakeAnswer>);

type MakeAnswer = dyn Fn(Option<&RequestId>) -> Response + Send + Sync;

impl PanicAnswer {
    /// The answer is made by `answer`, which gets the id of the request so that the caller can quote it.
    pub fn new(answer: impl Fn(Option<&RequestId>) -> Response + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }
}

/// Middleware: turns a panic of anything inside into the given answer.
///
/// A panic is our defect and never an input's fault, but its cost must stay with one request. State that a handler
/// shares with others is behind the store's transactions or poison-free locks, so nothing is seen half-changed.
pub async fn catch(State(answer): State<PanicAnswer>, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(payload) => {
            tracing::error!(
                request.id = id.as_ref().map(RequestId::as_str),
                panic = message(&*payload),
                "a handler panicked"
            );
            (answer.0)(id.as_ref())
        }
    }
}

/// What the panic said, when it said it in words.
fn message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "(no message)"
    }
}
