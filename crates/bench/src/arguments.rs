//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Args, Parser, Subcommand};

use crate::bench::Amount;
use crate::limits::Limit;
use crate::use_cases::UseCases;

/// Measures the program beside the limits that its goals are fractions of.
#[derive(Parser)]
#[command(name = "countersign-bench")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Measure what devices ask for and tell.
    Device(Options),
    /// Measure how others are told of events.
    Events(Options),
    /// Measure what licensed applications ask for.
    License(Options),
    /// Measure files into and out of storages.
    Storage(Options),
    /// Measure the issuing of access tokens, and calls with them.
    Token(Options),
    /// Serve the use cases of licensed applications without signatures.
    #[command(hide = true)]
    UseCases(UseCases),
    /// Run one of the programs beside which the server is measured.
    #[command(subcommand, hide = true)]
    Limit(Limit),
}

/// How a run is made.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo run --release -p countersign-bench -- device
  cargo run --release -p countersign-bench -- device --quick --rows check,status-log
  cargo run --release -p countersign-bench -- device --docs docs --json figures.json

The program is built in release first, if cargo runs this. The server is pinned to core 0 and the load to core 1; as root \
they also go before everything else. The status is 0 also when a row misses its goal, and 1 when a row could not run. \
Downloads are measured beside nginx: apt-get install -y nginx-light")]
pub(crate) struct Options {
    /// Rows whose names begin with one of these words, separated by commas; `--list` names all [default: every row].
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    pub(crate) rows: Vec<String>,
    /// Say which rows there are, and end.
    #[arg(long)]
    pub(crate) list: bool,
    /// How often each side is measured.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// How long a round counts.
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    seconds: f64,
    /// Ten thousand devices instead of a million, and shorter curves.
    #[arg(long)]
    quick: bool,
    /// Write everything that was measured into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the table into performance.md of this folder, and plots into its folder performance.
    #[arg(long, value_name = "DIR")]
    pub(crate) docs: Option<PathBuf>,
    /// The program to measure [default: built by cargo, or beside this program].
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) program: Option<PathBuf>,
    /// Where data directories are made; its disk is part of what is measured [default: the system's temporary directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// This program has been put on its core.
    #[arg(long, hide = true)]
    pub(crate) placed: bool,
}

impl Options {
    /// The same with the rows of a group, unless others are named.
    pub(crate) fn of(mut self, group: &[&str]) -> Self {
        if self.rows.is_empty() {
            self.rows.extend(group.iter().map(|word| (*word).to_owned()));
        }
        self
    }

    /// How much is measured.
    ///
    /// # Errors
    /// When the time of a round is none.
    pub(crate) fn amount(&self) -> Result<Amount> {
        ensure!((0.05..=600.0).contains(&self.seconds), "a round counts for 0.05 to 600 seconds");
        let (devices, updates, sites) = if self.quick { (10_000, 1000, 100) } else { (1_000_000, 10_000, 1000) };
        Ok(Amount {
            rounds: usize::from(self.rounds),
            length: Duration::from_secs_f64(self.seconds),
            warm_up: WARM_UP,
            devices,
            updates,
            sites,
        })
    }
}

/// How long a load runs before it counts: connections are made, memories filled, and clocks of the processor raised.
const WARM_UP: Duration = Duration::from_millis(500);
