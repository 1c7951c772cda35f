//! The program from the outside: its commands, its demonstration, and its reference device against an altered network.

#![expect(clippy::unwrap_used, reason = "tests")]

mod altered_answers;
mod applications;
mod beside_a_server;
mod commands;
mod demo;
mod demo_again;
mod documents;
mod help;
mod http;
mod license_history;
mod license_logs;
mod license_parts;
mod license_rules;
mod licensed_devices;
mod licensing;
mod logs;
mod operations;
mod packages;
mod proxy;
mod readme;
mod reload;
mod seats;
mod single_sign_on;
mod storages;
mod support;
mod telling;
mod webhooks;
