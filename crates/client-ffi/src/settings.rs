//! What a client is told before it is opened, as names and texts.

use std::time::Duration;

use countersign_client::license::{AwayPolicy, Credential, LicenseConfig, WhenAway};
use countersign_crypto::secret::Secret;

use crate::failure::{Failure, Status};

/// The most answer keys: one, and those that the producer moves to.
const MAX_ANSWER_KEYS: usize = 8;
/// The longest span: ten years.
const MAX_SECONDS: u64 = 10 * 365 * 24 * 60 * 60;

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
        Ok(LicenseConfig { hardware_id, air_gap_key, away, ..config })
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
    fn what_is_missing_or_wrong_is_named() {
        for (name, _) in ENOUGH {
            let others: Vec<_> = ENOUGH.into_iter().filter(|(other, _)| *other != name).collect();
            let failure = settings(&others).finish().map(drop).unwrap_err();
            assert!(failure.message.contains(name), "{name}: {failure:?}");
        }
        let both = settings(&[&ENOUGH[..], &[("client_id", "app")]].concat()).finish().map(drop);
        assert!(both.unwrap_err().message.contains("client_id"));
        let mut settings = Settings::default();
        for (name, value) in [("colour", "red"), ("grace_seconds", "-1"), ("grace_seconds", "999999999999")] {
            assert_eq!(settings.set(name, value).map_err(|failure| failure.status), Err(Status::InvalidArgument));
        }
        (0..MAX_ANSWER_KEYS).for_each(|_| settings.set("answer_key", "k").unwrap());
        assert!(settings.set("answer_key", "k").is_err());
    }
}
