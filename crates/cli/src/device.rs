//! `countersign device`: a reference device on the embeddable client, and what a producer makes for devices.

use anyhow::Result;
use clap::Subcommand;
use countersign_client::Identity;

use self::admin::AdminCommand;
pub(crate) use self::admin::NamedDevice;
use self::check::Check;
use self::event::Event;
pub(crate) use self::failure::DeviceFailure;
use self::keygen::Keygen;
use self::register::Register;
use self::report::Report;
use self::token::Token;
use self::update::Update;
use crate::options::Options;
use crate::program::block_on;

mod admin;
mod check;
mod connection;
mod event;
mod failure;
mod keygen;
mod question;
mod register;
mod report;
mod reporting;
pub(crate) mod token;
mod update;

/// Administer devices; ask for updates like a device; make keys and tokens for devices.
#[derive(Subcommand)]
pub(crate) enum DeviceCommand {
    /// Ask which updates apply, and verify the signed answer.
    Check(Check),
    /// Ask, verify, download the files of an update into a folder, and report how it goes.
    Update(Update),
    /// Make the device known to the server, with or without an activation ID.
    Register(Register),
    /// Report how far an update is on the device.
    Report(Report),
    /// Log an event of the device's own.
    Event(Event),
    /// Make a device token (RS256 JWT) with the producer's private key.
    Token(Token),
    /// Make the producer's private key, and print the public key to upload.
    Keygen(Keygen),
    #[command(flatten)]
    Admin(AdminCommand),
}

impl DeviceCommand {
    pub(crate) fn run(self, options: &Options) -> Result<()> {
        let output = &options.output();
        match self {
            Self::Check(check) => check.run(*output),
            Self::Update(update) => update.run(*output),
            Self::Register(register) => register.run(*output),
            Self::Report(report) => report.run(*output),
            Self::Event(event) => event.run(*output),
            Self::Token(token) => token.run(*output),
            Self::Keygen(keygen) => keygen.run(*output),
            // These work on the store, as all administration does; the others have no runtime, like real devices.
            Self::Admin(command) => block_on(command.run(options)),
        }
    }
}

/// A device for people.
fn name(device: &Identity) -> String {
    if device.publisher_name.is_empty() {
        device.id.clone()
    } else {
        format!("{} of {}", device.id, device.publisher_name)
    }
}

/// What the help of a reference device's commands says about their exit status.
const EXIT_STATUS: &str = "\
Exit status: 0 everything that was asked for is verified, or no update applies, or the server has kept what it was told; 1 \
an option, a file or a key cannot be used; 2 the command line is wrong; 3 refused: a signature, digest, size or name is not \
what it must be; 4 the server does not accept the token; 5 no answer, or any other failure; 6 the server does not accept what \
it was told.";
