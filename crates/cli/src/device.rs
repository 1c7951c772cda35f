//! `countersign device`: a reference device on the embeddable client, and what a producer makes for devices.

use anyhow::Result;
use clap::Subcommand;

use self::check::Check;
pub(crate) use self::failure::DeviceFailure;
use self::keygen::Keygen;
use self::token::Token;
use self::update::Update;
use crate::output::Output;

mod check;
mod failure;
mod keygen;
mod question;
pub(crate) mod token;
mod update;

/// Ask for updates like a device; make keys and tokens for devices.
#[derive(Subcommand)]
pub(crate) enum DeviceCommand {
    /// Ask which updates apply, and verify the signed answer.
    Check(Check),
    /// Ask, verify, and download the files of an update into a folder.
    Update(Update),
    /// Make a device token (RS256 JWT) with the producer's private key.
    Token(Token),
    /// Make the producer's private key, and print the public key to upload.
    Keygen(Keygen),
}

impl DeviceCommand {
    pub(crate) fn run(self, output: &Output) -> Result<()> {
        match self {
            Self::Check(check) => check.run(*output),
            Self::Update(update) => update.run(*output),
            Self::Token(token) => token.run(*output),
            Self::Keygen(keygen) => keygen.run(*output),
        }
    }
}

/// What the help of `check` and `update` says about their exit status.
const EXIT_STATUS: &str = "\
Exit status: 0 everything that was asked for is verified, or no update applies; 1 an option, a file or a key \
cannot be used; 2 the command line is wrong; 3 refused: a signature, digest, size or name is not what it must be; 4 the \
server does not accept the token; 5 no answer, or any other failure.";
