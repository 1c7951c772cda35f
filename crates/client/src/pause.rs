//! Waiting, as something that the caller provides.

use std::time::Duration;

/// How the client waits: between polls, and before it tries a broken download again.
///
/// The client has no clock. It adds up the durations that it asked for, and trusts that asking meant waiting.
pub trait Pause: Send + Sync {
    /// Returns after `duration`, or at once if the caller wants to go on.
    fn pause(&self, duration: Duration);
}

/// Waits by putting the calling thread to sleep.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadPause;

impl Pause for ThreadPause {
    #[expect(clippy::disallowed_methods, reason = "a server says when to ask again; there is no event to wait for")]
    fn pause(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}
