//! Logs: one line an event, for people or for machines, on standard error.

use std::sync::Arc;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Variable that overrides what is logged, in the directives of `tracing` (for example `countersign=debug`).
const FILTER_VARIABLE: &str = "COUNTERSIGN_LOG";

/// Starts logging. `usual` says what is logged when `COUNTERSIGN_LOG` does not. A second call does nothing.
pub fn init_logging(format: LogFormat, usual: &str) -> LogLevel {
    let builder = tracing_subscriber::fmt().with_env_filter(filter(usual)).with_writer(std::io::stderr);
    // The only failure is that logging has been started already, by a test for example.
    match format {
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true).with_filter_reloading();
            let handle = builder.reload_handle();
            let _ = builder.try_init();
            LogLevel(Arc::new(move |usual| drop(handle.reload(filter(usual)))))
        }
        LogFormat::Text => {
            use std::io::IsTerminal;
            let builder = builder.with_ansi(std::io::stderr().is_terminal()).with_filter_reloading();
            let handle = builder.reload_handle();
            let _ = builder.try_init();
            LogLevel(Arc::new(move |usual| drop(handle.reload(filter(usual)))))
        }
    }
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
