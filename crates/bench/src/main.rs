//! `countersign-bench`: measures the program beside the limits that its goals are fractions of.
//!
//! A figure alone says little: it belongs to one machine on one afternoon. So every row measures the real server and, in
//! turn with it, a program that does nothing but what cannot be avoided, and reports the ratio.
//!
//! | file | what |
//! |---|---|
//! | `arguments.rs`, `run.rs` | the command line, and a run from its beginning to its report |
//! | `bench.rs` | what rows share: amounts, installations, programs |
//! | `rows/` | what is measured, one file for each kind of row |
//! | `limits/` | the programs beside which it is measured |
//! | `use_cases.rs` | what licensed applications ask for, without signatures: measured beside these |
//! | `load/` | the load: connections that ask again and again |
//! | `installation/` | data directories with as many devices, updates and sites as a row asks for |
//! | `report/` | table, JSON, page and plots |
//! | `placement.rs`, `process.rs`, `postgres.rs`, `usage.rs`, `machine.rs` | cores, child processes, databases, what the system says about them |
//! | `statistics.rs`, `stopwatch.rs` | medians, and the one place where time is read |
//!
//! Nothing here is part of the program, and no test waits for it. It must never know how the server does what it measures.

use std::process::ExitCode;

mod arguments;
mod bench;
mod installation;
mod limits;
mod load;
mod machine;
mod placement;
mod postgres;
mod process;
mod report;
mod rows;
mod run;
mod statistics;
mod stopwatch;
mod usage;
mod use_cases;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let ended = match Arguments::parse().command {
        Command::Device(options) => run::run(&options),
        Command::Events(options) => run::run(&options.of(&["webhook"])),
        Command::License(options) => run::run(&options.of(&["license"])),
        Command::Storage(options) => run::run(&options.of(&["storage"])),
        Command::Token(options) => run::run(&options.of(&["token", "bearer"])),
        Command::UseCases(program) => program.run().map(|()| ExitCode::SUCCESS),
        Command::Limit(limit) => limit.run().map(|()| ExitCode::SUCCESS),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
