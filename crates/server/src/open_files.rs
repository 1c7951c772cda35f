//! How many files the process may have open: every connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit of open files as far as the process itself may.
pub(crate) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // When this is refused, there are fewer connections; see below.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
}

/// How many of so many connections there can be. Beyond that one is refused at once: without a file for it, it would wait
/// in the system, and store and downloads would wait for files as well.
pub(crate) fn possible(connections: usize) -> usize {
    let files = limit().and_then(|files| usize::try_from(files).ok());
    files.map_or(connections, |files| connections.min(files.saturating_sub(OTHERS).max(1)))
}

/// How many files the process may have open; `None`: as many as it likes.
pub(crate) fn limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Files beside connections: store, files that are received, sent, or kept open to be sent again (256), logs.
const OTHERS: usize = 512;
