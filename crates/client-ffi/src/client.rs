//! A client behind a handle: settings until it is opened, then the license client; and what failed last.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use countersign_client::Timeouts;
use countersign_client::license::{ActivatedBy, Activation, LicenseClient, LicenseConfig, Machine, Retries};

use crate::failure::{Failure, LastFailures, Status};
use crate::settings::Settings;

/// What a handle stands for. Any number of threads may use it.
#[derive(Default)]
pub(crate) struct Client {
    /// Held while the client is opened, too, so that it is opened once.
    settings: Mutex<Settings>,
    opened: OnceLock<Opened>,
    /// Made when it is needed for the first time.
    hasty: OnceLock<LicenseClient>,
    failures: LastFailures,
}

struct Opened {
    client: LicenseClient,
    /// What activations tell the producer.
    machine: Machine,
}

impl Client {
    /// Sets something, before the client is opened.
    ///
    /// # Errors
    /// [`Status::NotOpen`] after it was opened, and what [`Settings::set`] says.
    pub(crate) fn set(&self, name: &str, value: &str) -> Result<(), Failure> {
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        self.ensure_not_opened()?;
        settings.set(name, value)
    }

    /// Makes the license client.
    ///
    /// # Errors
    /// [`Status::NotOpen`] when it was opened before, and [`Status::InvalidArgument`] when the settings do not make a client.
    pub(crate) fn open(&self) -> Result<(), Failure> {
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        self.ensure_not_opened()?;
        let (client, machine) = (LicenseClient::new(settings.finish()?)?, settings.machine());
        self.opened.get_or_init(|| Opened { client, machine });
        Ok(())
    }

    /// The license client.
    ///
    /// # Errors
    /// [`Status::NotOpen`] before it was opened.
    pub(crate) fn opened(&self) -> Result<&LicenseClient, Failure> {
        self.found().map(|opened| &opened.client)
    }

    /// An activation of this machine.
    ///
    /// # Errors
    /// As for [`Client::opened`].
    pub(crate) fn activation(&self, by: ActivatedBy) -> Result<Activation, Failure> {
        let machine = self.found()?.machine.clone();
        Ok(Activation { machine, ..Activation::new(by) })
    }

    /// The license client for what must not keep a program from its end: it asks once, and waits for seconds only.
    ///
    /// # Errors
    /// As for [`Client::opened`].
    pub(crate) fn hasty(&self) -> Result<&LicenseClient, Failure> {
        self.found()?;
        if let Some(hasty) = self.hasty.get() {
            return Ok(hasty);
        }
        let hasty = {
            let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
            LicenseClient::new(hurried(settings.finish()?))?
        };
        Ok(self.hasty.get_or_init(|| hasty))
    }

    fn found(&self) -> Result<&Opened, Failure> {
        self.opened.get().ok_or_else(|| Failure::new(Status::NotOpen, "the client is not open; call csl_open first"))
    }

    /// The last failure of a call of this thread.
    pub(crate) fn last_failure(&self) -> Option<Failure> {
        self.failures.find()
    }

    fn ensure_not_opened(&self) -> Result<(), Failure> {
        match self.opened.get() {
            Some(_) => Err(Failure::new(Status::NotOpen, "the client is open already")),
            None => Ok(()),
        }
    }
}

/// Runs a call for a client: no panic leaves it, and what fails is kept.
pub(crate) fn run(client: Option<&Client>, call: impl FnOnce(&Client) -> Result<(), Failure>) -> i32 {
    let Some(client) = client else { return Status::InvalidArgument as i32 };
    // Whatever a panic leaves behind is behind locks that do not mind it, or was not shared yet.
    let outcome = catch_unwind(AssertUnwindSafe(|| call(client)));
    let failure = match outcome {
        Ok(Ok(())) => return Status::Ok as i32,
        Ok(Err(failure)) => failure,
        Err(_) => {
            Failure::new(Status::Fault, "the library has a fault; nothing more is known about the outcome of the call")
        }
    };
    let status = failure.status;
    // Keeping it must not be what fails.
    drop(catch_unwind(AssertUnwindSafe(|| client.failures.keep(failure))));
    status as i32
}

/// One attempt, and a short one.
fn hurried(config: LicenseConfig) -> LicenseConfig {
    let Timeouts { connect, read, exchange, file } = config.timeouts;
    let [connect, read, exchange] = [connect, read, exchange].map(|timeout| timeout.min(HURRY));
    let retries = Retries { attempts: 1, ..config.retries };
    LicenseConfig { retries, timeouts: Timeouts { connect, read, exchange, file }, ..config }
}

/// How long somebody waits for a program that was told to end.
const HURRY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use countersign_client::license::Credential;
    use countersign_crypto::secret::Secret;

    use super::*;

    #[test]
    fn a_panic_becomes_a_status_and_the_client_can_still_be_used() {
        let client = Client::default();
        let status = run(Some(&client), |client| {
            let _held = client.settings.lock();
            panic!("a fault, on purpose")
        });
        assert_eq!(status, Status::Fault as i32);
        assert_eq!(client.last_failure().map(|failure| failure.status), Some(Status::Fault));
        assert_eq!(run(Some(&client), |client| client.set("product", "pump")), Status::Ok as i32);
        assert_eq!(run(None, |_| Ok(())), Status::InvalidArgument as i32);
    }

    #[test]
    fn who_is_in_a_hurry_asks_once_and_waits_for_no_longer_than_was_set() {
        let credential = Credential::ApiKey { api_key: "key".to_owned(), shared_key: Secret::new("secret".to_owned()) };
        let mut config = LicenseConfig::new("https://licenses.example.com", credential, "pump", Vec::new(), "/");
        config.timeouts.connect = Duration::from_secs(2);
        let hurried = hurried(config);
        assert_eq!(hurried.retries.attempts, 1);
        let Timeouts { connect, read, exchange, file: _ } = hurried.timeouts;
        assert_eq!([connect, read, exchange], [Duration::from_secs(2), HURRY, HURRY]);
    }

    #[test]
    fn nothing_can_be_asked_before_it_is_open() {
        let client = Client::default();
        assert_eq!(run(Some(&client), |client| client.opened().map(drop)), Status::NotOpen as i32);
        assert_eq!(run(Some(&client), |client| client.hasty().map(drop)), Status::NotOpen as i32);
        assert_eq!(run(Some(&client), Client::open), Status::InvalidArgument as i32);
        assert!(client.last_failure().is_some_and(|failure| failure.message.contains("base_url")));
    }
}
