//! What every command of a device is told: where to ask, what to believe, and who the device is.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use countersign_client::{ClientConfig, DeviceClient, Identity};
use countersign_crypto::Secret;

use crate::credentials::{Credentials, DeviceCredentials};
use crate::text_input::text_or_file;

/// The server, and the device itself.
#[derive(Args)]
pub(super) struct ConnectionOptions {
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
    /// Kind of the host ID [default: STRING].
    #[arg(long, value_name = "TYPE")]
    id_type: Option<String>,
    /// Publisher that the host ID belongs to.
    #[arg(long, value_name = "NAME")]
    publisher: Option<String>,
    /// Take from this file, as `countersign demo` writes it, everything that is not given as an option.
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
}

/// A device that can speak to its server.
pub(super) struct Connection {
    /// The client; nothing has been sent with it yet.
    pub(super) client: DeviceClient,
    /// Who the device is; `None` when it is anonymous.
    pub(super) identity: Option<Identity>,
    /// What else the credentials file says about a device.
    pub(super) kept: DeviceCredentials,
}

impl ConnectionOptions {
    /// A client and an identity, from the options and the credentials file.
    pub(super) fn connect(self) -> Result<Connection> {
        let Credentials { base_url, device: mut kept, .. } = self.kept()?;
        let url = self.url.unwrap_or(base_url);
        let keys: Vec<String> = self.keys.iter().map(|key| text_or_file(key)).collect::<Result<_>>()?;
        let keys = if keys.is_empty() { vec![kept.signing_public_key.clone()] } else { keys };
        let token = match &self.token {
            Some(token) => Some(Secret::new(text_or_file(token)?)),
            None => kept.token.take(),
        };
        let token = token.context("there is no token; give --token, or set COUNTERSIGN_DEVICE_TOKEN")?;
        let identity = self.id.or(Some(kept.id.clone()).filter(|id| !id.is_empty())).map(|id| Identity {
            id,
            id_type: self.id_type.unwrap_or_else(|| kept.id_type()),
            publisher_name: self.publisher.unwrap_or_else(|| kept.publisher_name.clone()),
        });
        let client = DeviceClient::new(ClientConfig::new(url, token, keys))?;
        Ok(Connection { client, identity, kept })
    }

    fn kept(&self) -> Result<Credentials> {
        let Some(path) = &self.credentials else { return Ok(Credentials::default()) };
        let found = Credentials::find(path)?;
        ensure!(found.is_some(), "there is no file {}; `countersign demo` writes one", path.display());
        Ok(found.unwrap_or_default())
    }
}

impl Connection {
    /// Who the device is, where it must be somebody.
    pub(super) fn named(&self) -> Result<Identity> {
        self.identity.clone().context("the device must say who it is; give --id and --publisher")
    }
}
