//! `countersign api-key`: keys with which applications call the license door.

use anyhow::Result;
use clap::{Args, Subcommand};
use countersign_app::license_api::{self, Access, NewApiKey};
use countersign_domain::ids::ApiKeyId;
use countersign_domain::text::ProductName;
use serde_json::{Value, json};

use crate::options::Options;
use crate::table::table;

/// Create, list and revoke API keys.
#[derive(Subcommand)]
pub(crate) enum ApiKeyCommand {
    /// Create an API key; its shared key is printed once.
    Create(CreateApiKey),
    /// List the API keys of the site, without their shared keys.
    List,
    /// End an API key at once.
    Revoke(RevokeApiKey),
}

/// A new API key.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign api-key create --label 'Pump app 2'
  countersign api-key create --product 'Pump firmware' --read-only

An application is built with both parts: the API key names it, the shared key signs its requests.")]
pub(crate) struct CreateApiKey {
    /// Text for people.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    label: String,
    /// Product that it is for; repeat for more [default: all].
    #[arg(long = "product", value_name = "NAME")]
    products: Vec<ProductName>,
    /// It may check licenses, and do nothing else.
    #[arg(long)]
    read_only: bool,
}

/// A key to revoke.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign api-key revoke 3")]
pub(crate) struct RevokeApiKey {
    /// ID of the key, as `countersign api-key list` shows it.
    id: i64,
}

impl ApiKeyCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(key) => key.run(options).await,
            Self::List => list(options).await,
            Self::Revoke(key) => key.run(options).await,
        }
    }
}

impl CreateApiKey {
    async fn run(self, options: &Options) -> Result<()> {
        let access = if self.read_only { Access::ReadOnly } else { Access::ReadWrite };
        let new = NewApiKey { label: self.label, products: self.products, access };
        let (record, shared) = options
            .on_site(async |ctx, site| Ok(license_api::create_api_key(ctx, site.id, new.clone()).await?))
            .await?;
        options.output().note("The shared key is shown only now.");
        let document = json!({
            "id": record.id.0,
            "api_key": record.key,
            "shared_key": shared.expose(),
            "label": record.label,
            "access": access.as_str(),
        });
        options.output().result(&document, || format!("API key     {}\nShared key  {}", record.key, shared.expose()));
        Ok(())
    }
}

impl RevokeApiKey {
    async fn run(self, options: &Options) -> Result<()> {
        let id = ApiKeyId(self.id);
        options.on_site(async |ctx, site| Ok(license_api::revoke_api_key(ctx, site.id, id).await?)).await?;
        options.output().done(&json!({ "id": self.id }), &format!("Revoked API key {id}."));
        Ok(())
    }
}

async fn list(options: &Options) -> Result<()> {
    let all = options.on_site(async |ctx, site| Ok(license_api::list_api_keys(ctx, site.id).await?)).await?;
    let access = |read_only: bool| if read_only { Access::ReadOnly } else { Access::ReadWrite }.as_str();
    let documents = all.iter().map(|key| {
        json!({
            "id": key.id.0,
            "api_key": key.key,
            "label": key.label,
            "access": access(key.read_only),
            "product_ids": key.products.iter().map(|product| product.0).collect::<Vec<_>>(),
            "created_at": key.created_at.to_string(),
            "revoked_at": key.revoked_at.map(|at| at.to_string()),
            "last_used_at": key.last_used_at.map(|at| at.to_string()),
        })
    });
    options.output().result(&Value::Array(documents.collect()), || {
        let rows = all.iter().map(|key| {
            let state = key.revoked_at.map_or_else(|| "in force".to_owned(), |at| format!("revoked {at}"));
            let used = key.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
            [key.id.to_string(), key.key.clone(), key.label.clone(), access(key.read_only).to_owned(), state, used]
        });
        let rows: Vec<_> = rows.collect();
        let empty = "There is no API key; create one: countersign api-key create";
        table(["ID", "API KEY", "LABEL", "ACCESS", "STATE", "LAST USED"], &rows, empty)
    });
    Ok(())
}
