//! `countersign device token`: what a producer gives to devices, so that they may ask.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, value_parser};
use countersign_crypto::jose::sign_compact;
use countersign_crypto::{ProtectedHeader, RsaPrivateKey, Secret};
use countersign_domain::time::Timestamp;
use serde_json::json;

use crate::amounts::{MOST_DAYS, days};
use crate::clock::now;
use crate::output::Output;
use crate::text_input;

/// A token to make.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign device token --key device-key.pem --days 90 > device.jwt

The server accepts the token once the public half of the key is uploaded: countersign key upload")]
pub(crate) struct Token {
    /// The producer's private key: RSA in PEM, as `countersign device keygen` writes it.
    #[arg(long, value_name = "PRIVATE.pem")]
    key: PathBuf,
    /// Days until devices need a new token.
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = value_parser!(u32).range(1..=MOST_DAYS))]
    days: u32,
}

impl Token {
    pub(super) fn run(self, output: Output) -> Result<()> {
        let pem = Secret::new(text_input::read(&self.key)?);
        let key = RsaPrivateKey::from_pem(pem.expose())
            .with_context(|| format!("{} cannot be used to make tokens", self.key.display()))?;
        let expires_at = now().plus(days(self.days));
        let token = make(&key, expires_at)?;
        output
            .note(&format!("The token expires {expires_at}. Whoever has it can ask for updates: keep it as a secret."));
        let document = json!({ "token": token.expose(), "expires_at": expires_at.to_string() });
        output.result(&document, || token.expose().clone());
        Ok(())
    }
}

/// Makes a token that is good until a time. Nothing but the expiry is demanded of its claims.
pub(crate) fn make(key: &RsaPrivateKey, expires_at: Timestamp) -> Result<Secret<String>> {
    let claims = json!({ "exp": expires_at.as_seconds() }).to_string();
    Ok(Secret::new(sign_compact(key, &ProtectedHeader::jwt(), claims.as_bytes())?))
}
