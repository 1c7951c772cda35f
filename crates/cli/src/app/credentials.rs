//! `countersign app secret` and `app key`: what applications prove themselves with.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand, value_parser};
use countersign_app::oauth::{self, RetiredTokens};
use countersign_domain::ids::CredentialId;
use countersign_domain::oauth::Credential;
use countersign_domain::text::{ClientId, CredentialLabel};
use countersign_domain::time::Timestamp;
use serde_json::{Value, json};

use super::describe::{credential_document, kind};
use crate::amounts::{MOST_DAYS, days};
use crate::options::Options;
use crate::table::table;
use crate::text_input;

/// Secrets of an application.
#[derive(Subcommand)]
pub(crate) enum SecretCommand {
    /// Make a secret beside those that the application has; it is printed once.
    Add(AddSecret),
    /// List the secrets of an application, without the secrets themselves.
    List(OfApp),
    /// End a secret, at once or in some days.
    Retire(Retire),
}

/// Public keys of an application.
#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Add a public key; assertions that its private half has signed prove the application.
    Add(AddKey),
    /// List the public keys of an application.
    List(OfApp),
    /// End a public key, at once or in some days.
    Retire(Retire),
}

/// A new secret.
#[derive(Args)]
#[command(after_help = "\
Example, replacing a secret without a pause:
  countersign app secret add app-3f0c… --label 2031
  (put the new secret in place, and watch LAST USED of the old one)
  countersign app secret retire app-3f0c… 7")]
pub(crate) struct AddSecret {
    /// Client ID of the application.
    client_id: ClientId,
    /// What to call it.
    #[arg(long, default_value = "secret", hide_default_value = true)]
    label: CredentialLabel,
    /// Days until it ends; without it, the secret has no end.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=MOST_DAYS))]
    days: Option<u32>,
}

/// A new public key.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign app key add app-3f0c… public.pem

A JWK, or PEM of RSA (2048 bits or more), P-256 or Ed25519.")]
pub(crate) struct AddKey {
    /// Client ID of the application.
    client_id: ClientId,
    /// File with the public key, or - for the standard input.
    file: PathBuf,
    /// What to call it.
    #[arg(long, default_value = "key", hide_default_value = true)]
    label: CredentialLabel,
    /// Days until it ends; without it, the key has no end.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=MOST_DAYS))]
    days: Option<u32>,
}

/// An application.
#[derive(Args)]
pub(crate) struct OfApp {
    /// Client ID of the application.
    client_id: ClientId,
}

/// A credential to end.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign app secret retire app-3f0c… 7 --revoke-tokens")]
pub(crate) struct Retire {
    /// Client ID of the application.
    client_id: ClientId,
    /// ID of the credential, as `countersign app show` shows it.
    id: i64,
    /// Days until it ends, instead of at once.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=MOST_DAYS))]
    days: Option<u32>,
    /// Refuse the tokens that it has given as well, now.
    #[arg(long, conflicts_with = "days")]
    revoke_tokens: bool,
}

impl SecretCommand {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Add(secret) => secret.run(options).await,
            Self::List(app) => app.list(options, "secret").await,
            Self::Retire(retire) => retire.run(options).await,
        }
    }
}

impl KeyCommand {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Add(key) => key.run(options).await,
            Self::List(app) => app.list(options, "key").await,
            Self::Retire(retire) => retire.run(options).await,
        }
    }
}

impl AddSecret {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { client_id, label, days: number } = self;
        let (issued, ends_at) = options
            .on_site(async |ctx, site| {
                let ends_at = number.map(|number| ctx.now().plus(days(number)));
                let added = oauth::add_secret(ctx, site.id, client_id.clone(), label.clone(), ends_at);
                Ok((added.await?, ends_at))
            })
            .await?;
        let secret = issued.secret.expose();
        options.output().note(&format!("Secret {} of {client_id} is shown only now.", issued.id));
        let document = json!({
            "id": issued.id.0,
            "client_id": client_id.as_str(),
            "client_secret": secret,
            "ends_at": ends_at.map(|end| end.to_string()),
        });
        options.output().result(&document, || secret.clone());
        Ok(())
    }
}

impl AddKey {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { client_id, file, label, days: number } = self;
        let text = text_input::read(&file)?;
        let id = options
            .on_site(async |ctx, site| {
                let ends_at = number.map(|number| ctx.now().plus(days(number)));
                Ok(oauth::add_key(ctx, site.id, client_id.clone(), label.clone(), &text, ends_at).await?)
            })
            .await?;
        let document = json!({ "id": id.0, "client_id": client_id.as_str() });
        options.output().done(&document, &format!("Assertions of {client_id} are now checked with key {id} as well."));
        Ok(())
    }
}

impl OfApp {
    async fn list(self, options: &Options, wanted: &str) -> Result<()> {
        let (mut all, now) = options
            .on_site(async |ctx, site| {
                Ok((oauth::list_credentials(ctx, site.id, self.client_id.clone()).await?, ctx.now()))
            })
            .await?;
        all.retain(|credential| kind(credential) == wanted);
        let document = Value::Array(all.iter().map(|credential| credential_document(credential, now)).collect());
        options.output().result(&document, || listing(&all.iter().collect::<Vec<_>>(), now));
        Ok(())
    }
}

impl Retire {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { client_id, id, days: number, revoke_tokens } = self;
        let id = CredentialId(id);
        let tokens = if revoke_tokens { RetiredTokens::Revoke } else { RetiredTokens::Keep };
        let ends_at = options
            .on_site(async |ctx, site| {
                let ends_at = number.map_or(ctx.now(), |number| ctx.now().plus(days(number)));
                oauth::retire(ctx, site.id, client_id.clone(), id, ends_at, tokens).await?;
                Ok(ends_at)
            })
            .await?;
        let document = json!({ "id": id.0, "client_id": client_id.as_str(), "ends_at": ends_at.to_string() });
        let sentence = match (number, tokens) {
            (Some(_), _) => format!("Credential {id} gives tokens until {ends_at}."),
            (None, RetiredTokens::Keep) => {
                format!("Credential {id} gives no tokens any more; those that it has given live until they expire.")
            }
            (None, RetiredTokens::Revoke) => format!("Credential {id} and the tokens that it has given are refused."),
        };
        options.output().done(&document, &sentence);
        Ok(())
    }
}

/// Credentials as a table.
pub(super) fn listing(all: &[&Credential], now: Timestamp) -> String {
    let row = |credential: &&Credential| {
        let state = match credential.ends_at {
            _ if credential.tokens_revoked => "revoked".to_owned(),
            None => "active".to_owned(),
            Some(end) if now < end => format!("active until {end}"),
            Some(end) => format!("ended {end}"),
        };
        let used = credential.last_used_at.map_or_else(|| "never".to_owned(), |used| used.to_string());
        [credential.id.to_string(), kind(credential).to_owned(), credential.label.to_string(), state, used]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    table(["ID", "KIND", "LABEL", "STATE", "LAST USED"], &rows, "There is none.")
}
