//! Runs one connection to its end: its own, that of its time, or that of the server.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::activity::{Activity, Cut};
use super::limits::ConnectionLimits;
use super::seldom::Seldom;
use crate::stop::Stop;

/// Polls a connection until it ends. The reason is given when we have ended it; what went wrong on the side of a client is
/// not worth a word. `finish` tells the connection that the request under way is its last.
pub(super) async fn to_end<C: Future<Output = hyper::Result<()>>>(
    mut connection: Pin<&mut C>,
    finish: impl Fn(Pin<&mut C>),
    activity: &Activity,
    limits: &ConnectionLimits,
    stop: &Stop,
) -> Option<Cut> {
    let mut asked = pin!(Seldom::new(stop.asked()));
    let mut stopping = false;
    #[expect(clippy::disallowed_methods, reason = "nothing but time ends a connection on which nothing happens")]
    let mut alarm = pin!(tokio::time::sleep_until(activity.deadline(limits, Instant::now()).0));
    poll_fn(|context| {
        if !stopping && asked.as_mut().poll(context).is_ready() {
            stopping = true;
            if activity.stop() {
                return Poll::Ready(None);
            }
            finish(connection.as_mut());
        }
        if connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        loop {
            let now = Instant::now();
            let (deadline, cut) = activity.deadline(limits, now);
            if let Some(cut) = cut
                && deadline <= now
            {
                return Poll::Ready(Some(cut));
            }
            // An alarm that rings too early costs less than setting it with every request.
            if deadline < alarm.deadline() || alarm.is_elapsed() {
                alarm.as_mut().reset(deadline);
            }
            if alarm.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Runs the requests of HTTP/2 connections beside each other.
#[derive(Clone)]
pub(super) struct Tasks {
    pub(super) tasks: TaskTracker,
    pub(super) cut: CancellationToken,
}

impl<F: Future<Output: Send + 'static> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, request: F) {
        let cut = self.cut.clone();
        self.tasks.spawn(async move { cut.run_until_cancelled_owned(request).await });
    }
}
