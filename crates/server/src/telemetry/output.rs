//! The error output of the process: lines leave in the order in which they came, and those that can wait leave together.
//!
//! A line about a request waits for at most 50 ms, so that a busy server asks the system once for many of them. Every
//! other line leaves at once, behind those that waited.

use std::io::{self, Write};
use std::mem::take;
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that wait before whoever brings more writes them itself: what is kept in memory has an end.
const FULL: usize = 64 * 1024;
/// How long a line may wait.
const PATIENCE: Duration = Duration::from_millis(50);

/// The error output.
pub(super) struct Output {
    waiting: Mutex<String>,
    /// Somebody has begun to wait.
    begun: Condvar,
    /// Held by who writes.
    turn: Mutex<()>,
    writer: Once,
}

impl Output {
    /// Nothing written yet.
    const fn new() -> Self {
        Self { waiting: Mutex::new(String::new()), begun: Condvar::new(), turn: Mutex::new(()), writer: Once::new() }
    }

    /// Takes a line that can wait. `write` adds it to the text that it is given.
    pub(super) fn add(&'static self, write: impl FnOnce(&mut String)) {
        let mut waiting = lock(&self.waiting);
        let first = waiting.is_empty();
        write(&mut waiting);
        let full = waiting.len() > FULL;
        drop(waiting);
        if first {
            self.writer.call_once(|| {
                // Without that thread, lines would leave when there are many, or with the next one that cannot wait.
                let _ = thread::Builder::new().name("log".to_owned()).spawn(|| self.write_for_ever());
            });
            self.begun.notify_one();
        }
        if full {
            self.flush();
        }
    }

    /// Writes everything that waits. An error output that cannot be written has nobody who could be told.
    pub(super) fn flush(&self) {
        let _turn = lock(&self.turn);
        let text = take(&mut *lock(&self.waiting));
        let _ = io::stderr().write_all(text.as_bytes());
    }

    fn write_for_ever(&self) {
        let nothing = |waiting: &mut String| waiting.is_empty();
        loop {
            drop(self.begun.wait_while(lock(&self.waiting), nothing).unwrap_or_else(PoisonError::into_inner));
            #[expect(clippy::disallowed_methods, reason = "lines wait for others, on a thread of their own")]
            thread::sleep(PATIENCE);
            self.flush();
        }
    }
}

/// The error output of this process.
pub(super) static OUTPUT: Output = Output::new();

/// Writes lines that do not wait.
pub(super) struct Urgent;

impl Write for Urgent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&OUTPUT.waiting).push_str(&String::from_utf8_lossy(bytes));
        OUTPUT.flush();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
