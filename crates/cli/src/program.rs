//! From the command line to the command, and from its outcome to the exit status.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser as _;

use crate::arguments::{Arguments, Command};
use crate::failure;

/// Reads the command line, runs the command, and reports a failure on the error output.
pub(crate) fn run() -> ExitCode {
    countersign_server::use_small_pages();
    match dispatch(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}

fn dispatch(arguments: Arguments) -> Result<()> {
    let Arguments { options, command } = arguments;
    match command {
        Command::Account(command) => block_on(command.run(&options)),
        Command::AccessToken(command) => block_on(command.run(&options)),
        Command::ApiKey(command) => block_on(command.run(&options)),
        Command::App(command) => block_on(command.run(&options)),
        Command::Audit(command) => block_on(command.run(&options)),
        Command::Backup(command) => block_on(command.run(&options)),
        Command::Bundle(command) => block_on(command.run(&options)),
        Command::Completions(command) => command.run(),
        Command::Config(command) => command.run(&options),
        Command::Demo(command) => block_on(command.run(&options)),
        Command::Customer(command) => block_on(command.run(&options)),
        // The reference device blocks and has no runtime, like the devices that embed its client.
        Command::Device(command) => command.run(&options),
        Command::Doctor(command) => block_on(command.run(&options)),
        Command::Feature(command) => block_on(command.run(&options)),
        Command::Key(command) => block_on(command.run(&options)),
        Command::License(command) => block_on(command.run(&options)),
        Command::LicenseUser(command) => block_on(command.run(&options)),
        Command::Migrate(command) => block_on(command.run(&options)),
        Command::Order(command) => block_on(command.run(&options)),
        Command::Package(command) => block_on(command.run(&options)),
        Command::Policy(command) => block_on(command.run(&options)),
        Command::Product(command) => block_on(command.run(&options)),
        Command::Release(command) => block_on(command.run(&options)),
        Command::Restore(command) => block_on(command.run(&options)),
        Command::Scrub(command) => block_on(command.run(&options)),
        Command::Serve(command) => block_on(command.run(&options)),
        Command::Site(command) => block_on(command.run(&options)),
        Command::Storage(command) => block_on(command.run(&options)),
        Command::Update(command) => block_on(command.run(&options)),
        Command::User(command) => block_on(command.run(&options)),
        Command::Version(command) => block_on(command.run(&options)),
        Command::Webhook(command) => block_on(command.run(&options)),
    }
}

/// Runs a command that waits for the store, on threads of its own.
pub(crate) fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("the threads of the program cannot be started")?.block_on(Box::pin(work))
}
