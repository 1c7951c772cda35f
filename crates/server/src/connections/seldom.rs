//! A future that something else shares a task with, and that is polled only when it has been woken itself.
//!
//! A connection waits for the end of the server beside everything that it does. To ask for that end in each of its polls was
//! 1.5 % of a remembered check.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use pin_project_lite::pin_project;

pin_project! {
    /// Polls the future within at first, and then whenever it asks for that.
    pub(super) struct Seldom<F> {
        #[pin]
        inner: F,
        call: Arc<Call>,
        waker: Waker,
        // Whom the call wakes, to be known without a lock.
        task: Option<Waker>,
    }
}

impl<F: Future> Seldom<F> {
    pub(super) fn new(inner: F) -> Self {
        let call = Arc::new(Call { came: AtomicBool::new(true), task: Mutex::new(None) });
        Self { inner, waker: call.clone().into(), call, task: None }
    }
}

impl<F: Future> Future for Seldom<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if !this.task.as_ref().is_some_and(|task| task.will_wake(context.waker())) {
            *this.task = Some(context.waker().clone());
            // Before the call is looked at: one that comes from now on wakes this task.
            this.call.wakes(context.waker().clone());
        }
        // To look costs less than to take, which has a call that comes while the future is polled poll it again.
        if !this.call.came.load(Ordering::Acquire) || !this.call.came.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        this.inner.poll(&mut Context::from_waker(this.waker))
    }
}

/// That the future wants to be polled.
struct Call {
    came: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Call {
    fn wakes(&self, task: Waker) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.came.store(true, Ordering::Release);
        // Woken without the lock, which the task may be waiting for.
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn is_polled_only_when_it_was_woken_and_is_never_forgotten() {
        let polls = AtomicUsize::new(0);
        let (send, mut receive) = oneshot::channel();
        let inner = std::future::poll_fn(|context| {
            polls.fetch_add(1, Ordering::Relaxed);
            Pin::new(&mut receive).poll(context)
        });
        let mut seldom = std::pin::pin!(Seldom::new(inner));
        for _ in 0..3 {
            assert!(futures_util::poll!(seldom.as_mut()).is_pending());
        }
        assert_eq!(polls.load(Ordering::Relaxed), 1);
        send.send(7).unwrap();
        assert_eq!(futures_util::poll!(seldom.as_mut()), Poll::Ready(Ok(7)));
        assert_eq!(polls.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn follows_from_task_to_task() {
        let (send, receive) = oneshot::channel();
        let mut seldom = Box::pin(Seldom::new(receive));
        assert!(futures_util::poll!(seldom.as_mut()).is_pending());
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(seldom);
        tokio::task::yield_now().await;
        send.send(7).unwrap();
        assert_eq!(tasks.join_next().await.unwrap().unwrap(), Ok(7));
    }
}
