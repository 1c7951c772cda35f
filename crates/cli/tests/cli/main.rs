//! The program from the outside: its commands, its demonstration, and its reference device against an altered network.

#![expect(clippy::unwrap_used, reason = "tests")]

mod altered_answers;
mod beside_a_server;
mod commands;
mod demo;
mod help;
mod http;
mod licensed_devices;
mod licensing;
mod logs;
mod packages;
mod proxy;
mod readme;
mod support;
mod telling;
