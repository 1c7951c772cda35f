//! What a connection is doing, as far as it decides how long it may go on.
//!
//! A connection waits for a request, receives the head of one, works on some, or sends their answers. Each of these has a
//! time of its own. A time that only one request has, such as that for a body, is kept by whoever reads the body.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::limits::ConnectionLimits;

/// Bytes of answers that a client must take in each [`ConnectionLimits::stall_time`]. A connection that is alive takes
/// far more; in HTTP/2 the acknowledgment of a ping is no progress.
const PACE: u64 = 1024;
/// How long an HTTP/2 connection that does nothing may take to agree on its end.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a connection was ended by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The head of a request did not come in time.
    Head,
    /// No request came.
    Idle,
    /// The client does not take its answer.
    Stalled,
}

impl Cut {
    /// The reason in a word, for logs and metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Stalled => "stalled",
        }
    }
}

/// What a connection is doing. Its socket, its requests and its task share it.
///
/// Bytes that come and go are only noted; the time is put to them when the task looks at the deadline, which it does whenever
/// the connection has done something. Asking for the time, in all places, was 3 % of a remembered check.
pub(super) struct Activity {
    state: Mutex<State>,
    multiplexed: bool,
}

struct State {
    /// Requests whose answer is not complete.
    requests: usize,
    /// Those of them whose answer is being sent.
    answers: usize,
    /// A head has begun to come and is not complete; and since when, once that was looked at.
    head: Option<Option<Instant>>,
    /// When something was last finished or sent.
    quiet_since: Instant,
    /// Something was sent after that; when is not known yet.
    stirred: bool,
    /// The socket takes no more bytes at the moment.
    blocked: bool,
    /// When the current measurement of the pace began, once that was looked at, and the bytes sent since.
    paced: (Option<Instant>, u64),
    stopping: bool,
}

impl Activity {
    /// A connection that was accepted now. `multiplexed` says that it speaks HTTP/2.
    pub(super) fn new(multiplexed: bool) -> Arc<Self> {
        let now = Instant::now();
        let state = State {
            requests: 0,
            answers: 0,
            head: None,
            quiet_since: now,
            stirred: false,
            blocked: false,
            paced: (None, 0),
            stopping: false,
        };
        Arc::new(Self { state: Mutex::new(state), multiplexed })
    }

    /// Bytes came in.
    pub(super) fn received(&self) {
        // What HTTP/2 sends beside requests is not the begin of one.
        if self.multiplexed {
            return;
        }
        let mut state = self.state();
        if state.requests == 0 && state.head.is_none() {
            state.head = Some(None);
        }
    }

    /// Bytes went out.
    pub(super) fn sent(&self, bytes: usize) {
        let mut state = self.state();
        state.blocked = false;
        state.paced.1 = state.paced.1.saturating_add(bytes as u64);
        state.stirred = true;
    }

    /// The socket takes no more bytes.
    pub(super) fn blocked(&self) {
        let mut state = self.state();
        if !state.blocked && state.answers == 0 {
            state.paced = (self.begin_of_pace(), 0);
        }
        state.blocked = true;
    }

    /// A request is complete but for its body.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        let mut state = self.state();
        state.requests = state.requests.saturating_add(1);
        state.head = None;
        drop(state);
        InFlight { activity: self.clone(), answering: false }
    }

    /// The server stops. Whether the connection can be dropped at once, because nobody waits for anything on it.
    pub(super) fn stop(&self) -> bool {
        let mut state = self.state();
        state.stopping = true;
        state.quiet_since = Instant::now();
        !self.multiplexed && state.requests == 0 && state.head.is_none() && !state.blocked
    }

    /// When the connection will be cut if nothing happens until then, and why. Work on a request has no such moment:
    /// then it is the time to look again.
    pub(super) fn deadline(&self, limits: &ConnectionLimits, now: Instant) -> (Instant, Option<Cut>) {
        let mut state = self.state();
        if std::mem::take(&mut state.stirred) {
            state.quiet_since = now;
        }
        if state.answers > 0 || state.blocked {
            let end = *state.paced.0.get_or_insert(now) + limits.stall_time;
            if state.paced.1 < PACE {
                return (end, Some(Cut::Stalled));
            }
            if now < end {
                return (end, None);
            }
            state.paced = (Some(now), 0);
            return (now + limits.stall_time, Some(Cut::Stalled));
        }
        if state.requests > 0 {
            return (now + limits.stall_time, None);
        }
        if let Some(since) = &mut state.head {
            return (*since.get_or_insert(now) + limits.header_time, Some(Cut::Head));
        }
        let patience = if state.stopping { FAREWELL.min(limits.idle_time) } else { limits.idle_time };
        (state.quiet_since + patience, Some(Cut::Idle))
    }

    /// Requests of HTTP/2 are answered beside the task of the connection, which may not look soon.
    fn begin_of_pace(&self) -> Option<Instant> {
        self.multiplexed.then(Instant::now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request on its way, from its head to the last byte of its answer. It ends when this is dropped.
pub(super) struct InFlight {
    activity: Arc<Activity>,
    answering: bool,
}

impl InFlight {
    /// The answer begins.
    pub(super) fn answer(&mut self) {
        let mut state = self.activity.state();
        if state.answers == 0 {
            state.paced = (self.activity.begin_of_pace(), 0);
        }
        state.answers = state.answers.saturating_add(1);
        self.answering = true;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.requests = state.requests.saturating_sub(1);
        state.answers = state.answers.saturating_sub(usize::from(self.answering));
        if self.activity.multiplexed {
            // Requests of HTTP/2 end beside the task of the connection, which need not hear of it soon.
            state.quiet_since = Instant::now();
        } else {
            state.stirred = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> ConnectionLimits {
        ConnectionLimits {
            header_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            stall_time: Duration::from_secs(60),
            ..ConnectionLimits::default()
        }
    }

    fn left(activity: &Activity) -> (u64, Option<Cut>) {
        let (at, cut) = activity.deadline(&limits(), Instant::now());
        (at.duration_since(Instant::now()).as_secs(), cut)
    }

    #[tokio::test(start_paused = true)]
    async fn each_state_has_its_time() {
        let activity = Activity::new(false);
        assert_eq!(left(&activity), (75, Some(Cut::Idle)));
        tokio::time::advance(Duration::from_secs(5)).await;
        activity.received();
        assert_eq!(left(&activity), (10, Some(Cut::Head)));
        tokio::time::advance(Duration::from_secs(4)).await;
        activity.received();
        assert_eq!(left(&activity), (6, Some(Cut::Head)), "more bytes give no more time");
        let mut request = activity.begin();
        assert_eq!(left(&activity).1, None);
        request.answer();
        assert_eq!(left(&activity), (60, Some(Cut::Stalled)));
        tokio::time::advance(Duration::from_secs(59)).await;
        activity.sent(10_000);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(left(&activity), (60, Some(Cut::Stalled)), "a client that takes its answer gets time for more");
        drop(request);
        assert_eq!(left(&activity), (75, Some(Cut::Idle)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_bytes_are_no_pace() {
        let activity = Activity::new(true);
        let mut request = activity.begin();
        request.answer();
        for _ in 0..59 {
            tokio::time::advance(Duration::from_secs(1)).await;
            activity.sent(17);
        }
        assert_eq!(left(&activity), (1, Some(Cut::Stalled)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_rest_of_an_answer_in_the_socket_is_watched_as_well() {
        let activity = Activity::new(false);
        drop(activity.begin());
        activity.blocked();
        assert_eq!(left(&activity), (60, Some(Cut::Stalled)));
        activity.sent(5);
        assert_eq!(left(&activity), (75, Some(Cut::Idle)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_what_waits_and_leaves_what_works() {
        let (waiting, working) = (Activity::new(false), Activity::new(false));
        let request = working.begin();
        assert!(waiting.stop());
        assert!(!working.stop());
        drop(request);
        assert_eq!(left(&working), (1, Some(Cut::Idle)));
        assert!(!Activity::new(true).stop(), "HTTP/2 agrees on its end");
    }
}
