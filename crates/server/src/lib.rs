//! The composition root: configuration, wiring, listener, workers, telemetry and a clean stop.
//!
//! | file | what |
//! |---|---|
//! | `config.rs` | settings from file, environment and flags |
//! | `node.rs` | store, file storage and vault, opened and wired into a `Ctx` |
//! | `routing.rs` | which site, which door |
//! | `pages.rs` | front page, documentation, OpenAPI documents |
//! | `health.rs` | liveness and readiness |
//! | `listener.rs`, `stop.rs` | the server, from bind to clean stop |
//! | `connections.rs` | accepted connections: their limits, protocols and times |
//! | `tls.rs` | certificate and key |
//! | `metrics.rs` | what is counted, and the page that shows it |
//! | `provider_http.rs` | the way to OpenID providers |
//! | `reload.rs` | what changes with SIGHUP |
//! | `open_files.rs` | the limit of open files |
//! | `small_pages.rs` | how memory comes from the system |
//! | `webhooks.rs` | the way of webhooks to their receivers, and where they may go |
//! | `workers.rs` | what runs beside requests |
//! | `maintenance.rs` | backup, restore, migrations, master key, `doctor` |
//! | `telemetry.rs` | logs |
//!
//! This is the only crate that names a concrete store. It must never know a protocol: those live in the doors.

mod clock;
mod config;
mod connections;
#[cfg(fuzzing)]
pub mod fuzzing;
mod health;
mod listener;
pub mod maintenance;
mod metrics;
mod node;
mod open_files;
mod pages;
mod provider_http;
mod reload;
mod routing;
mod small_pages;
mod stop;
mod telemetry;
mod tls;
mod webhooks;
mod workers;

pub use config::{Config, ConfigError, LimitOverrides, LogFormat, MetricsListen, Overrides, SETTINGS, Setting};
pub use connections::{Application, ConnectionCounts, ConnectionLimits, Connections, Terms};
pub use countersign_door_license::files as license_files;
pub use listener::Server;
pub use node::Node;
pub use reload::{CallerLimits, FixedSettings, Reload, ReloadError};
pub use routing::{Doors, app, observed};
pub use small_pages::use_small_pages;
pub use stop::Stop;
pub use telemetry::{LogLevel, flush_log, init_logging};
pub use tls::{Tls, TlsError, TlsFiles};
pub use webhooks::{WebhookRules, WebhookRulesError, ports as webhook_ports, sender as outbound_sender};
