//! An application of an installation: a client with an ID and a secret, which gets access tokens for them.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use ureq::Agent;

use crate::{Installation, Serving};

/// A client with a secret.
#[derive(Clone, Debug)]
pub struct Application {
    id: String,
    secret: String,
}

impl Application {
    /// Creates one whose default storage is the named one.
    ///
    /// # Errors
    /// When the command fails, or prints something else.
    pub fn create(installation: &Installation, storage: &str) -> Result<Self> {
        let made = installation.json(&["app", "create", "pipeline", "--default-storage", storage])?;
        let member = |name: &str| made[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
        Ok(Self { id: member("client_id")?, secret: member("client_secret")? })
    }

    /// An access token of a running server.
    ///
    /// # Errors
    /// When the server gives none.
    pub fn token(&self, server: &Serving) -> Result<String> {
        let agent: Agent = Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
        let form = [("grant_type", "client_credentials"), ("client_id", &*self.id), ("client_secret", &*self.secret)];
        let mut answer = agent.post(format!("{}/connect/token", server.base_url())).send_form(form)?;
        let text = answer.body_mut().read_to_string()?;
        ensure!(answer.status() == 200, "no token: {text}");
        let document: Value = serde_json::from_str(&text)?;
        document["access_token"].as_str().map(str::to_owned).context("no token in the answer")
    }
}
