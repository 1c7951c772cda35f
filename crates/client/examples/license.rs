//! Asks for a license key once, and says at each start whether the application may run.
//!
//! ```text
//! license BASE_URL API_KEY SHARED_KEY_FILE ANSWER_KEY_FILE PRODUCT FOLDER [LICENSE_KEY]
//! ```
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::{env, error::Error, fs, process::ExitCode};

use countersign_client::license::{Activation, Credential, LicenseClient, LicenseConfig, LicenseState};
use countersign_crypto::secret::Secret;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut next = |name: &str| arguments.next().ok_or_else(|| format!("missing argument: {name}"));
    let base_url = next("BASE_URL")?;
    let credential = Credential::ApiKey {
        api_key: next("API_KEY")?,
        shared_key: Secret::new(fs::read_to_string(next("SHARED_KEY_FILE")?)?.trim().to_owned()),
    };
    let answer_key = fs::read_to_string(next("ANSWER_KEY_FILE")?)?;
    let config = LicenseConfig::new(base_url, credential, next("PRODUCT")?, vec![answer_key], next("FOLDER")?);
    let client = LicenseClient::new(config)?;

    let mut state = client.check_or_grace()?;
    if let (LicenseState::NeverActivated, Ok(key)) = (&state, next("LICENSE_KEY")) {
        client.activate(&Activation::by_key(key))?;
        state = client.state()?;
    }
    if let LicenseState::Valid { until } = &state {
        println!("Licensed{}.", until.map_or_else(String::new, |end| format!(" until {end}")));
    } else if let LicenseState::Grace { until, why } = &state {
        println!("Licensed for now, until {until}: {why:?}.");
    } else {
        println!("Not licensed: {state:?}.");
    }
    if let Some(license) = client.license().ok().flatten().filter(|_| state.may_run()) {
        for feature in &license.features {
            println!("  {} ({})", feature.name, feature.code);
        }
    }
    Ok(state.may_run())
}
