//! What a device is told on the command line: where to ask, what to believe, and who it is.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use countersign_client::{ClientConfig, DeviceClass, DeviceClient, Identity, Question};
use countersign_crypto::Secret;

use crate::credentials::Credentials;
use crate::text_input::text_or_file;

/// The device and its question.
#[derive(Args)]
pub(super) struct DeviceOptions {
    /// Base URL of the server, with the site's path prefix if it has one.
    #[arg(long, value_name = "URL", required_unless_present = "credentials")]
    url: Option<String>,
    /// Public key that answers must be signed with: base64, or @FILE; repeat while keys are being changed.
    #[arg(long = "key", value_name = "BASE64|@FILE", required_unless_present = "credentials")]
    keys: Vec<String>,
    /// Device token: the JWT itself, or @FILE.
    #[arg(long, value_name = "TOKEN|@FILE", env = "COUNTERSIGN_DEVICE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Host ID of the device; without it the device is anonymous.
    #[arg(long)]
    id: Option<String>,
    /// Kind of the host ID.
    #[arg(long, default_value = "STRING", value_name = "TYPE")]
    id_type: String,
    /// Publisher that the host ID belongs to.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    publisher: String,
    /// Package that is installed now.
    #[arg(long, value_name = "PACKAGE", required_unless_present = "credentials")]
    from: Option<String>,
    /// Platform of the device, such as LINUX64.
    #[arg(long, required_unless_present = "credentials")]
    platform: Option<String>,
    /// Windows language identifier [default: 1033, US English].
    #[arg(long, value_name = "N")]
    language: Option<u32>,
    /// Take from this file, as `countersign demo` writes it, everything that is not given as an option.
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
}

impl DeviceOptions {
    /// A client and the question to ask with it. Nothing is sent yet.
    pub(super) fn prepare(self) -> Result<(DeviceClient, Question)> {
        let kept = self.kept()?;
        let url = self.url.unwrap_or(kept.base_url);
        let keys: Vec<String> = self.keys.iter().map(|key| text_or_file(key)).collect::<Result<_>>()?;
        let keys = if keys.is_empty() { vec![kept.device.signing_public_key] } else { keys };
        let token = match &self.token {
            Some(token) => Some(Secret::new(text_or_file(token)?)),
            None => kept.device.token,
        };
        let token = token.context("there is no token; give --token, or set COUNTERSIGN_DEVICE_TOKEN")?;
        let device = match self.id {
            Some(id) => Some(Identity { id, id_type: self.id_type, publisher_name: self.publisher }),
            None => Some(kept.device.id).filter(|id| !id.is_empty()).map(|id| Identity {
                id,
                id_type: kept.device.id_type,
                publisher_name: kept.device.publisher_name,
            }),
        };
        let question = Question {
            device,
            device_class: DeviceClass::Client,
            package: self.from.unwrap_or(kept.device.update_from_pkg_id),
            platform: self.platform.unwrap_or(kept.device.platform),
            language: self.language.unwrap_or(if kept.device.language == 0 {
                US_ENGLISH
            } else {
                kept.device.language
            }),
        };
        let client = DeviceClient::new(ClientConfig::new(url, token, keys))?;
        Ok((client, question))
    }

    fn kept(&self) -> Result<Credentials> {
        let Some(path) = &self.credentials else { return Ok(Credentials::default()) };
        let found = Credentials::find(path)?;
        ensure!(found.is_some(), "there is no file {}; `countersign demo` writes one", path.display());
        Ok(found.unwrap_or_default())
    }
}

const US_ENGLISH: u32 = 1033;
