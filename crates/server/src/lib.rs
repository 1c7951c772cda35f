//! The composition root: configuration, wiring, listener, workers, telemetry and a clean stop.
//!
//! | file | what |
//! |---|---|
//! | `config.rs` | settings from file, environment and flags |
//! | `node.rs` | store, file storage and vault, opened and wired into a `Ctx` |
//! | `routing.rs` | which site, which door |
//! | `pages.rs` | front page, documentation, OpenAPI documents |
//! | `health.rs` | liveness and readiness |
//! | `listener.rs`, `stop.rs` | the socket, from bind to clean stop |
//! | `workers.rs` | what runs beside requests |
//! | `telemetry.rs` | logs |
//!
//! This is the only crate that names a concrete store. It must never know a protocol: those live in the doors.

mod clock;
mod config;
mod health;
mod listener;
mod node;
mod pages;
mod routing;
mod stop;
mod telemetry;
mod workers;

pub use config::{Config, ConfigError, LogFormat, Overrides};
pub use listener::Server;
pub use node::Node;
pub use routing::app;
pub use stop::Stop;
pub use telemetry::init_logging;
