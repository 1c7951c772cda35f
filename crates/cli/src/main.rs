//! The program `countersign`: the server, its administration, the demonstration and a reference device.
//!
//! One file per noun; each holds what the command line accepts for it and what is done. What a command does is a use
//! case of `countersign-app`, the same one that the doors call: this crate turns words into typed values, and outcomes
//! into text for people or one JSON document for programs.
//!
//! It must never know SQL, a concrete store, or how a protocol of a door is built.

use std::process::ExitCode;

mod access_token;
mod account;
mod amounts;
mod api_key;
mod app;
mod arguments;
mod audit;
mod backup;
mod bundle;
mod clock;
mod completions;
mod config;
mod credentials;
mod customer;
mod demo;
mod device;
mod doctor;
mod failure;
mod feature;
mod key;
mod license;
mod license_user;
mod listing;
mod migrate;
mod options;
mod order;
mod output;
mod package;
mod part;
mod policy;
mod private_file;
mod product;
mod program;
mod progress;
mod release;
mod restore;
mod rules;
mod scrub;
mod serve;
mod site;
mod stages;
mod storage;
mod table;
mod text_input;
mod update;
mod update_texts;
mod user;
mod verdict;
mod version;
mod webhook;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    program::run()
}
