//! Logs: one line an event, for people or for machines, on standard error.

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Variable that overrides what is logged, in the directives of `tracing` (for example `countersign=debug`).
const FILTER_VARIABLE: &str = "COUNTERSIGN_LOG";

/// Starts logging. `usual` says what is logged when `COUNTERSIGN_LOG` does not. A second call does nothing.
pub fn init_logging(format: LogFormat, usual: &str) {
    let filter = std::env::var(FILTER_VARIABLE).ok().and_then(|directives| EnvFilter::try_new(directives).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(usual));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // The only failure is that logging has been started already, by a test for example.
    let _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => {
            use std::io::IsTerminal;
            builder.with_ansi(std::io::stderr().is_terminal()).try_init()
        }
    };
}
