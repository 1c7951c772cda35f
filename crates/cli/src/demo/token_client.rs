//! The step of the walk in which an application gets a token, and everybody can verify it.

use anyhow::{Context as _, Result, ensure};
use countersign_crypto::jose::Compact;
use countersign_crypto::{Jwk, Secret};
use serde_json::Value;

use super::http::{Http, Proof};
use super::steps::Steps;

/// The application of the demonstration.
pub(super) struct TokenClient {
    /// Client ID.
    pub(super) client_id: String,
    /// Secret.
    pub(super) client_secret: Secret<String>,
}

impl TokenClient {
    /// Gets a token and verifies it with the published keys; a wrong secret gets none.
    pub(super) fn walk(&self, http: &Http, steps: &mut Steps) -> Result<()> {
        steps.take("Application, token", ADVICE, || {
            let form = self.form(self.client_secret.expose());
            let answer = http.send_form(TOKEN, &form)?.expect(200)?.json()?;
            let token = Secret::new(text(&answer, "access_token")?.to_owned());
            let metadata = http.fetch("/.well-known/openid-configuration", &Proof::None)?.expect(200)?.json()?;
            let keys = http.fetch(KEYS, &Proof::None)?.expect(200)?.json()?;
            ensure!(text(&metadata, "jwks_uri")?.ends_with(KEYS), "the metadata names other keys");
            let unverified = Compact::parse(token.expose()).context("the token is no JWT")?;
            let kid = unverified.kid().context("the token names no key")?.to_owned();
            let keys = keys.get("keys").and_then(Value::as_array).context("there is no list of keys")?;
            let key = keys.iter().find(|key| key.get("kid").and_then(Value::as_str) == Some(&kid));
            let key = Jwk::parse(key.context("the token's key is not published")?.to_string().as_bytes())?;
            let claims = unverified.verify(key.algorithm(), &key.verifying_key(key.algorithm())?)?;
            let claims: Value = serde_json::from_slice(claims.payload())?;
            ensure!(text(&claims, "client_id")? == self.client_id, "the token is somebody else's");
            ensure!(text(&claims, "iss")? == text(&metadata, "issuer")?, "the token comes from another issuer");
            let scope = text(&answer, "scope")?;
            Ok((format!("a token for {scope}, verified with the published key {kid}"), ()))
        })?;
        steps.take("Application, wrong secret", ADVICE, || {
            let form = self.form(&format!("{}x", self.client_secret.expose()));
            let answer = http.send_form(TOKEN, &form)?;
            // Who tries this often is told to wait.
            ensure!(matches!(answer.status, 400 | 429), "a wrong secret was answered with {}", answer.status);
            Ok((format!("refused with {}", answer.status), ()))
        })
    }

    fn form(&self, secret: &str) -> Secret<String> {
        // Neither needs escaping: the server makes both.
        Secret::new(format!("grant_type=client_credentials&client_id={}&client_secret={secret}", self.client_id))
    }
}

fn text<'a>(document: &'a Value, name: &str) -> Result<&'a str> {
    document.get(name).and_then(Value::as_str).with_context(|| format!("the answer has no {name}"))
}

const TOKEN: &str = "/connect/token";
const KEYS: &str = "/.well-known/openid-configuration/jwks";
const ADVICE: &str = "look at the application with: countersign app list";
