//! Asks a server which updates apply, and downloads the files of the first one into the current folder.
//!
//! ```text
//! check_for_updates BASE_URL TOKEN_FILE SIGNING_KEY_FILE INSTALLED_PACKAGE PLATFORM
//! ```
//!
//! The device is anonymous; give `Question::device` an `Identity` to be offered what its entitlements allow.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::{env, error::Error, fs, path::Path, process::ExitCode};

use countersign_client::{ClientConfig, DeviceClass, DeviceClient, NoProgress, Question};
use countersign_crypto::secret::Secret;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut next = |name: &str| arguments.next().ok_or_else(|| format!("missing argument: {name}"));
    let base_url = next("BASE_URL")?;
    let token = Secret::new(fs::read_to_string(next("TOKEN_FILE")?)?.trim().to_owned());
    let signing_key = fs::read_to_string(next("SIGNING_KEY_FILE")?)?;
    let client = DeviceClient::new(ClientConfig::new(base_url, token, vec![signing_key]))?;

    let list = client.check(&Question {
        device: None,
        device_class: DeviceClass::Client,
        package: next("INSTALLED_PACKAGE")?,
        platform: next("PLATFORM")?,
        language: 1033,
    })?;
    if let Some(notice) = &list.notice {
        println!("The server says: {notice}");
    }
    let Some(update) = list.items.first() else {
        println!("Nothing to install.");
        return Ok(());
    };

    println!("{} ({} -> {})", update.title, update.from_package, update.to_package);
    for file in &client.manifest(update)?.files {
        let path = client.download(file, Path::new("."), &mut NoProgress)?;
        println!("{}: {} bytes, {} verified", path.display(), file.size, file.digest.algorithm());
    }
    Ok(())
}
