//! A handler that panics answers 500 like any other failure of ours, and the log says so once.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

/// Layer: turns a panic of anything inside into the answer that is made by a function.
///
/// A panic is our defect and never an input's fault, but its cost must stay with one request. State that a handler
/// shares with others is behind the store's transactions or poison-free locks, so nothing is seen half-changed.
#[derive(Clone)]
pub struct CatchPanics(Arc<MakeAnswer>);

type MakeAnswer = dyn Fn() -> Response + Send + Sync;

impl CatchPanics {
    /// The function says "500" in the error shape of a door.
    pub fn new(answer: impl Fn() -> Response + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }
}

impl<S> Layer<S> for CatchPanics {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, answer: self.0.clone() }
    }
}

/// A service that answers when it panics.
#[derive(Clone)]
pub struct Guarded<S> {
    inner: S,
    answer: Arc<MakeAnswer>,
}

impl<S: Service<Request, Response = Response>> Service<Request> for Guarded<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Guard<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Guard { inner: self.inner.call(request), answer: self.answer.clone() }
    }
}

pin_project! {
    /// The answer of a service, or the one that stands for it.
    pub struct Guard<F> {
        #[pin]
        inner: F,
        answer: Arc<MakeAnswer>,
    }
}

impl<E, F: Future<Output = Result<Response, E>>> Future for Guard<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let inner = this.inner;
        catch_unwind(AssertUnwindSafe(|| inner.poll(context))).unwrap_or_else(|payload| {
            tracing::error!(panic = message(&*payload), "a handler panicked");
            Poll::Ready(Ok((this.answer)()))
        })
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
