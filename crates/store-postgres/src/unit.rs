//! One unit of work, polled under watch: whether it awaits its transaction or something else, and whether it panics.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use countersign_store::{BoxFuture, StoreError};

/// Whether an operation of the transaction waits for the database at this moment.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<AtomicBool>);

/// Says, for as long as it lives, that an operation waits.
pub(crate) struct Waiting(Arc<AtomicBool>);

impl InFlight {
    /// An operation is sent.
    pub(crate) fn begin(&self) -> Waiting {
        self.0.store(true, Ordering::Relaxed);
        Waiting(self.0.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A unit on its way. It resolves to what the unit wants, or to why it will never come to an end.
///
/// A unit that waits while the database has nothing to do has awaited something else. It would hold its locks for as long
/// as that takes, so it is ended at once, as on the embedded store. What a unit awaits *beside* an operation is not seen
/// before the operation ends.
pub(crate) struct Watched<'u> {
    unit: BoxFuture<'u, bool>,
    in_flight: InFlight,
}

impl<'u> Watched<'u> {
    pub(crate) fn new(unit: BoxFuture<'u, bool>, in_flight: InFlight) -> Self {
        Self { unit, in_flight }
    }
}

impl Future for Watched<'_> {
    type Output = Result<bool, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let unit = self.unit.as_mut();
        match catch_unwind(AssertUnwindSafe(|| unit.poll(context))) {
            Ok(Poll::Ready(commit)) => Poll::Ready(Ok(commit)),
            Ok(Poll::Pending) if self.in_flight.0.load(Ordering::Relaxed) => Poll::Pending,
            Ok(Poll::Pending) => Poll::Ready(Err(StoreError::Suspended)),
            Err(_) => Poll::Ready(Err(StoreError::Panicked)),
        }
    }
}
