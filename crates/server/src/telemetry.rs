//! Logs: one line an event, for people or for machines, on standard error.

mod lines;
mod output;
pub(crate) mod requests;
mod timestamp;

use std::sync::Arc;

use tracing_subscriber::EnvFilter;

use self::lines::Lines;
use self::output::{OUTPUT, Urgent};
use crate::config::LogFormat;

/// Variable that overrides what is logged, in the directives of `tracing` (for example `countersign=debug`).
const FILTER_VARIABLE: &str = "COUNTERSIGN_LOG";

/// Starts logging. `usual` says what is logged when `COUNTERSIGN_LOG` does not. A second call does nothing.
pub fn init_logging(format: LogFormat, usual: &str) -> LogLevel {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(usual))
        .with_writer(|| Urgent)
        .event_format(Lines(format))
        .with_filter_reloading();
    let handle = builder.reload_handle();
    requests::use_format(format);
    // The only failure is that logging has been started already, by a test for example.
    let _ = builder.try_init();
    LogLevel(Arc::new(move |usual| drop(handle.reload(filter(usual)))))
}
/// Writes what waits to be written, before the process ends.
pub fn flush_log() {
    OUTPUT.flush();
}

/// What is logged, to be changed while the program runs.
#[derive(Clone)]
pub struct LogLevel(Arc<dyn Fn(&str) + Send + Sync>);

impl LogLevel {
    /// Logs from now on what these directives say, unless `COUNTERSIGN_LOG` says something else.
    pub fn set(&self, usual: &str) {
        (self.0)(usual);
    }
}

fn filter(usual: &str) -> EnvFilter {
    let variable = std::env::var(FILTER_VARIABLE).ok().filter(|directives| !directives.is_empty());
    let filter = variable.and_then(|directives| EnvFilter::try_new(directives).ok());
    filter.unwrap_or_else(|| EnvFilter::new(usual))
}
