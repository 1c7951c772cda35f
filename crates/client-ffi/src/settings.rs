//! What a client is told before it is opened, as names and texts.

use std::time::Duration;

use countersign_client::Timeouts;
use countersign_client::license::{AwayPolicy, Credential, LicenseConfig, Machine, Retries, WhenAway};
use countersign_crypto::secret::Secret;

use crate::failure::{Failure, Status};

/// The most answer keys: one, and those that the producer moves to.
const MAX_ANSWER_KEYS: usize = 8;
/// The longest span: ten years.
const MAX_SECONDS: u64 = 10 * 365 * 24 * 60 * 60;
/// The longest wait for one answer: nobody waits for a program that says nothing for longer.
const MAX_TIMEOUT: Duration = Duration::from_secs(600);
/// The most attempts that the client makes.
const MAX_ATTEMPTS: u32 = 10;

/// What was set so far.
#[derive(Default)]
pub(crate) struct Settings {
    base_url: Option<String>,
    product: Option<String>,
    folder: Option<String>,
    hardware_id: Option<String>,
    answer_keys: Vec<String>,
    air_gap_key: Option<String>,
    api_key: Option<String>,
    shared_key: Option<Secret<String>>,
    client_id: Option<String>,
    client_secret: Option<Secret<String>>,
    token_url: Option<String>,
    confirmed: Option<Duration>,
    grace: Option<Duration>,
    timeout: Option<Duration>,
    attempts: Option<u32>,
    machine: Machine,
}

impl Settings {
    /// Sets one of them; an answer key is added to those that are there.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] when there is no such setting, or this cannot be its value.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let text = Some(value.to_owned());
        match name {
            "base_url" => self.base_url = text,
            "product" => self.product = text,
            "folder" => self.folder = text,
            "hardware_id" => self.hardware_id = text,
            "answer_key" if self.answer_keys.len() >= MAX_ANSWER_KEYS => {
                return Err(Failure::argument(format!("there are {MAX_ANSWER_KEYS} answer keys already")));
            }
            "answer_key" => self.answer_keys.push(value.to_owned()),
            "air_gap_key" => self.air_gap_key = text,
            "api_key" => self.api_key = text,
            "shared_key" => self.shared_key = text.map(Secret::new),
            "client_id" => self.client_id = text,
            "client_secret" => self.client_secret = text.map(Secret::new),
            "token_url" => self.token_url = text,
            "confirmed_seconds" => self.confirmed = Some(seconds(name, value)?),
            "grace_seconds" => self.grace = Some(seconds(name, value)?),
            "timeout_seconds" => self.timeout = Some(timeout(name, value)?),
            "attempts" => self.attempts = Some(attempts(name, value)?),
            "is_vm" => self.machine.is_vm = Some(truth(name, value)?),
            "vm_info" => value.clone_into(&mut self.machine.vm_info),
            "app_version" => value.clone_into(&mut self.machine.app_version),
            "os_version" => value.clone_into(&mut self.machine.os_version),
            "hostname" => value.clone_into(&mut self.machine.hostname),
            "ip" => value.clone_into(&mut self.machine.ip),
            "mac_address" => value.clone_into(&mut self.machine.mac_address),
            _ => return Err(Failure::argument(format!("there is no setting `{name}`"))),
        }
        Ok(())
    }

    /// What the client is made from.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] when something is missing, or two ways to prove requests are there.
    pub(crate) fn finish(&self) -> Result<LicenseConfig, Failure> {
        let Self { base_url, product, folder, .. } = self;
        let base_url = needed("base_url", base_url.clone())?;
        let product = needed("product", product.clone())?;
        let folder = needed("folder", folder.clone())?;
        let credential = self.credential()?;
        let usual = AwayPolicy::default();
        let away = AwayPolicy {
            confirmed_for: self.confirmed.unwrap_or(usual.confirmed_for),
            then: match self.grace {
                Some(Duration::ZERO) => WhenAway::Stop,
                Some(grace) => WhenAway::Grace(grace),
                None => usual.then,
            },
        };
        let config = LicenseConfig::new(base_url, credential, product, self.answer_keys.clone(), folder);
        let (hardware_id, air_gap_key) = (self.hardware_id.clone(), self.air_gap_key.clone());
        let (retries, timeouts) = (self.retries(), self.timeouts());
        Ok(LicenseConfig { hardware_id, air_gap_key, away, retries, timeouts, ..config })
    }

    /// What the producer is told of the machine.
    pub(crate) fn machine(&self) -> Machine {
        self.machine.clone()
    }

    fn retries(&self) -> Retries {
        let usual = Retries::default();
        Retries { attempts: self.attempts.unwrap_or(usual.attempts), ..usual }
    }

    /// One attempt may take so long as a whole, so no part of it can take longer.
    fn timeouts(&self) -> Timeouts {
        let usual = Timeouts::default();
        let Some(exchange) = self.timeout else { return usual };
        Timeouts { connect: usual.connect.min(exchange), read: exchange, exchange, ..usual }
    }

    /// How requests are proved.
    fn credential(&self) -> Result<Credential, Failure> {
        let secret =
            |secret: &Option<Secret<String>>| secret.as_ref().map(|secret| Secret::new(secret.expose().clone()));
        match (self.api_key.clone(), self.client_id.clone()) {
            (Some(_), Some(_)) => {
                Err(Failure::argument("api_key and client_id are both set; one of them proves requests"))
            }
            (Some(api_key), None) => {
                let shared_key = needed("shared_key", secret(&self.shared_key))?;
                Ok(Credential::ApiKey { api_key, shared_key })
            }
            (None, client_id) => {
                let client_id = needed("api_key", client_id)?;
                let client_secret = needed("client_secret", secret(&self.client_secret))?;
                Ok(Credential::OAuth { client_id, client_secret, token_url: self.token_url.clone() })
            }
        }
    }
}

fn needed<T>(name: &str, value: Option<T>) -> Result<T, Failure> {
    value.ok_or_else(|| Failure::new(Status::InvalidArgument, format!("`{name}` is not set")))
}

fn seconds(name: &str, value: &str) -> Result<Duration, Failure> {
    let seconds = value.parse().ok().filter(|seconds| *seconds <= MAX_SECONDS);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| Failure::argument(format!("`{name}` is a number of seconds up to {MAX_SECONDS}")))
}

fn timeout(name: &str, value: &str) -> Result<Duration, Failure> {
    let timeout = seconds(name, value).ok().filter(|timeout| !timeout.is_zero() && *timeout <= MAX_TIMEOUT);
    timeout.ok_or_else(|| {
        Failure::argument(format!("`{name}` is a number of seconds from 1 to {}", MAX_TIMEOUT.as_secs()))
    })
}

fn attempts(name: &str, value: &str) -> Result<u32, Failure> {
    let attempts = value.parse().ok().filter(|attempts| (1..=MAX_ATTEMPTS).contains(attempts));
    attempts.ok_or_else(|| Failure::argument(format!("`{name}` is a number from 1 to {MAX_ATTEMPTS}")))
}

fn truth(name: &str, value: &str) -> Result<bool, Failure> {
    value.parse().map_err(|_| Failure::argument(format!("`{name}` is either true or false")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::default();
        for (name, value) in pairs {
            settings.set(name, value).unwrap();
        }
        settings
    }

    const ENOUGH: [(&str, &str); 5] = [
        ("base_url", "https://licenses.example.com"),
        ("product", "pump"),
        ("folder", "/var/lib/pump"),
        ("api_key", "key"),
        ("shared_key", "secret"),
    ];

    #[test]
    fn settings_become_a_configuration() {
        let more = [("grace_seconds", "0"), ("confirmed_seconds", "60"), ("hardware_id", "HW-1"), ("answer_key", "k")];
        let config = settings(&[&ENOUGH[..], &more].concat()).finish().unwrap();
        assert_eq!(config.away, AwayPolicy { confirmed_for: Duration::from_secs(60), then: WhenAway::Stop });
        assert_eq!((config.hardware_id.as_deref(), config.answer_keys.len()), (Some("HW-1"), 1));
        assert!(matches!(config.credential, Credential::ApiKey { .. }));
    }

    #[test]
    fn what_is_said_of_the_machine_and_of_waiting_is_passed_on() {
        let more = [("is_vm", "true"), ("vm_info", "kvm"), ("app_version", "2.1"), ("hostname", "press-7")];
        let machine = settings(&more).machine();
        let expected = Machine {
            is_vm: Some(true),
            vm_info: "kvm".to_owned(),
            app_version: "2.1".to_owned(),
            hostname: "press-7".to_owned(),
            ..Machine::default()
        };
        assert_eq!((machine, Settings::default().machine()), (expected, Machine::default()));
        let config =
            settings(&[&ENOUGH[..], &[("timeout_seconds", "5"), ("attempts", "1")]].concat()).finish().unwrap();
        let five = Duration::from_secs(5);
        assert_eq!((config.timeouts.connect, config.timeouts.read, config.timeouts.exchange), (five, five, five));
        assert_eq!(config.retries, Retries { attempts: 1, ..Retries::default() });
        let usual = settings(&ENOUGH).finish().unwrap();
        assert_eq!((usual.timeouts, usual.retries), (Timeouts::default(), Retries::default()));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (name, _) in ENOUGH {
            let others: Vec<_> = ENOUGH.into_iter().filter(|(other, _)| *other != name).collect();
            let failure = settings(&others).finish().map(drop).unwrap_err();
            assert!(failure.message.contains(name), "{name}: {failure:?}");
        }
        let both = settings(&[&ENOUGH[..], &[("client_id", "app")]].concat()).finish().map(drop);
        assert!(both.unwrap_err().message.contains("client_id"));
        let mut settings = Settings::default();
        for (name, value) in [
            ("colour", "red"),
            ("grace_seconds", "-1"),
            ("grace_seconds", "999999999999"),
            ("timeout_seconds", "0"),
            ("timeout_seconds", "601"),
            ("attempts", "0"),
            ("attempts", "11"),
            ("is_vm", "yes"),
        ] {
            assert_eq!(settings.set(name, value).map_err(|failure| failure.status), Err(Status::InvalidArgument));
        }
        (0..MAX_ANSWER_KEYS).for_each(|_| settings.set("answer_key", "k").unwrap());
        assert!(settings.set("answer_key", "k").is_err());
    }
}
