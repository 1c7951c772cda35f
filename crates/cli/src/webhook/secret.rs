//! Secrets that webhooks are signed with.

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use countersign_app::webhooks::secrets::{self, OpenedSecret};
use countersign_crypto::webhook::WebhookSecret;
use countersign_domain::text::EndpointName;
use countersign_domain::webhook::SignatureKind;
use serde_json::{Value, json};

use super::find;
use crate::options::Options;
use crate::table::table;

/// Show and replace secrets.
#[derive(Subcommand)]
pub(crate) enum SecretCommand {
    /// Show the secrets that sign now.
    Show(ShowSecret),
    /// Replace the secret; the old one goes on signing beside it for a while.
    Rotate(RotateSecret),
}

/// Whose secrets.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign webhook secret show crm")]
pub(crate) struct ShowSecret {
    /// Name of the receiver.
    name: EndpointName,
}

/// A secret to replace.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign webhook secret rotate crm --kind ed25519 --overlap 48")]
pub(crate) struct RotateSecret {
    /// Name of the receiver.
    name: EndpointName,
    /// What the new one is: hmac, or ed25519 of which the receiver holds only the public half.
    #[arg(long, default_value = "hmac")]
    kind: SignatureKind,
    /// For how many hours the old one goes on signing, 0 to 168.
    #[arg(long, default_value_t = 24, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(0..=168))]
    overlap: u16,
}

impl SecretCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Show(show) => show.run(options).await,
            Self::Rotate(rotate) => rotate.run(options).await,
        }
    }
}

impl ShowSecret {
    async fn run(self, options: &Options) -> Result<()> {
        let name = self.name;
        let all = options.on_site(async |ctx, site| {
            let endpoint = find(ctx, site.id, &name).await?;
            Ok(secrets::list(ctx, site.id, endpoint.id).await?)
        });
        let all = all.await?;
        let documents: Vec<Value> = all.iter().map(document).collect::<Result<_>>()?;
        options.output().result(&Value::Array(documents.clone()), || {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let rows: Vec<_> = documents
                .iter()
                .map(|one| [text(&one["kind"]), text(&one["secret"]), text(&one["public_key"]), text(&one["ends_at"])])
                .collect();
            table(["KIND", "SECRET", "PUBLIC KEY", "ENDS"], &rows, "The receiver has no secret.")
        });
        Ok(())
    }
}

impl RotateSecret {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { name, kind, overlap } = self;
        let overlap = Duration::from_secs(u64::from(overlap) * 3600);
        let made = options.on_site(async |ctx, site| {
            let endpoint = find(ctx, site.id, &name).await?;
            Ok(secrets::rotate(ctx, site.id, endpoint.id, kind, overlap).await?)
        });
        let document = document(&made.await?)?;
        let public = document["public_key"].as_str().map(|key| format!("\nIts public half: {key}")).unwrap_or_default();
        let secret = document["secret"].as_str().unwrap_or_default().to_owned();
        options.output().done(&document, &format!("{name} has a new secret:\n{secret}{public}"));
        Ok(())
    }
}

/// What signs and verifies with it.
pub(crate) fn prepare(secret: &OpenedSecret) -> Result<WebhookSecret> {
    Ok(match secret.kind {
        SignatureKind::Ed25519 => WebhookSecret::from_ed25519_seed(secret.bytes.expose())?,
        SignatureKind::Hmac => WebhookSecret::from_hmac_key(secret.bytes.expose())?,
    })
}

fn document(secret: &OpenedSecret) -> Result<Value> {
    let text = prepare(secret)?;
    Ok(json!({
        "kind": secret.kind.as_str(),
        "secret": text.text().expose(),
        "public_key": text.public_text(),
        "created_at": secret.created_at.to_string(),
        "ends_at": secret.ends_at.map(|end| end.to_string()),
    }))
}
