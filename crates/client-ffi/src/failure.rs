//! Why a call failed: a number that programs tell apart, the code of the server when it refused, and words for people.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};

/// How many threads' last failures a client keeps; those of threads that failed longest ago are forgotten first.
const MAX_THREADS: usize = 64;

/// The outcome of a call. The numbers are those of the header, and none is ever used for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Status {
    /// It is done.
    Ok = 0,
    /// An argument is NULL, not UTF-8, or cannot be what it should.
    InvalidArgument = 1,
    /// The client is not open yet, or it is already.
    NotOpen = 2,
    /// The server has refused, and there is a code; or it has answered, and gave no seat.
    Refused = 3,
    /// The server could not be asked, or had a fault: worth another try later.
    Unavailable = 4,
    /// An answer, a file or the cache is not what the producer has signed, or not for this machine.
    NotTrusted = 5,
    /// There is no license on this machine that the call could be about.
    NotActivated = 6,
    /// A file or the cache cannot be read or written.
    Storage = 7,
    /// A fault of the library.
    Fault = 8,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    /// The server's code, when it refused.
    pub(crate) code: Option<String>,
    pub(crate) message: String,
}

/// The last failure of each thread that had one.
#[derive(Debug, Default)]
pub(crate) struct LastFailures(Mutex<VecDeque<(ThreadId, Failure)>>);

impl Failure {
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, code: None, message: message.into() }
    }

    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new(Status::InvalidArgument, message)
    }
}

impl LastFailures {
    /// Keeps the failure of a call of this thread, instead of an earlier one.
    pub(crate) fn keep(&self, failure: Failure) {
        let (thread, mut kept) = (thread::current().id(), self.0.lock().unwrap_or_else(PoisonError::into_inner));
        kept.retain(|(of, _)| *of != thread);
        if kept.len() >= MAX_THREADS {
            kept.pop_front();
        }
        kept.push_back((thread, failure));
    }

    /// The last failure of this thread.
    pub(crate) fn find(&self) -> Option<Failure> {
        let (thread, kept) = (thread::current().id(), self.0.lock().unwrap_or_else(PoisonError::into_inner));
        kept.iter().find(|(of, _)| *of == thread).map(|(_, failure)| failure.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_has_its_own_last_failure_and_few_threads_are_kept() {
        let failures = LastFailures::default();
        assert_eq!(failures.find(), None);
        failures.keep(Failure::argument("first"));
        failures.keep(Failure::argument("second"));
        thread::scope(|scope| {
            for _ in 1..MAX_THREADS {
                let other = scope.spawn(|| {
                    assert_eq!(failures.find(), None);
                    failures.keep(Failure::argument("other"));
                    failures.find().map(|failure| failure.message)
                });
                assert_eq!(other.join().unwrap().as_deref(), Some("other"));
            }
            assert_eq!(failures.find().map(|failure| failure.message).as_deref(), Some("second"));
            scope.spawn(|| failures.keep(Failure::argument("one too many"))).join().unwrap();
        });
        assert_eq!(failures.find(), None);
    }
}
