//! `countersign api-key`: keys with which applications call the license door.

use anyhow::Result;
use clap::{Args, Subcommand};
use countersign_app::license_api::{self, Access, ApiKeyRecord, NewApiKey};
use countersign_app::products;
use countersign_domain::catalog::package::Product;
use countersign_domain::ids::ApiKeyId;
use countersign_domain::licensing::Part;
use countersign_domain::text::ProductName;
use serde_json::{Value, json};

use crate::options::Options;
use crate::part::{PartArgs, sight};
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
  countersign api-key create --customer Nordwind --label 'Nordwind, plant 2'

An application is built with both parts: the API key names it, the shared key signs its requests.")]
pub(crate) struct CreateApiKey {
    /// Text for people.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    label: String,
    /// Product that it is for; repeat for more [default: all].
    #[arg(long = "product", value_name = "NAME")]
    products: Vec<ProductName>,
    #[command(flatten)]
    part: PartArgs,
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
        let new = NewApiKey { label: self.label, products: self.products, part: self.part.name()?, access };
        let (record, shared, products) = options
            .on_site(async |ctx, site| {
                let (record, shared) = license_api::create_api_key(ctx, site.id, new.clone()).await?;
                Ok((record, shared, products::list(ctx, site.id).await?))
            })
            .await?;
        options.output().note("The shared key is shown only now.");
        let mut document = document(&record, &products);
        if let Some(members) = document.as_object_mut() {
            members.insert("shared_key".to_owned(), shared.expose().as_str().into());
        }
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
    let (all, products, sights) = options
        .on_site(async |ctx, site| {
            let all = license_api::list_api_keys(ctx, site.id).await?;
            let products = products::list(ctx, site.id).await?;
            let mut sights = Vec::with_capacity(all.len());
            for key in &all {
                sights.push(sight(ctx, site.id, key.part).await?);
            }
            Ok((all, products, sights))
        })
        .await?;
    let documents = all.iter().map(|key| document(key, &products));
    options.output().result(&Value::Array(documents.collect()), || {
        let rows = all.iter().zip(sights).map(|(key, sight)| {
            let state = key.revoked_at.map_or_else(|| "in force".to_owned(), |at| format!("revoked {at}"));
            let used = key.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
            let access = access(key).to_owned();
            let products = if key.products.is_empty() { "all".to_owned() } else { names(key, &products).join(", ") };
            [key.id.to_string(), key.key.clone(), key.label.clone(), access, products, sight, state, used]
        });
        let rows: Vec<_> = rows.collect();
        let empty = "There is no API key; create one: countersign api-key create";
        table(["ID", "API KEY", "LABEL", "ACCESS", "PRODUCTS", "LICENSES", "STATE", "LAST USED"], &rows, empty)
    });
    Ok(())
}

/// An API key for programs, without its shared key.
fn document(key: &ApiKeyRecord, products: &[Product]) -> Value {
    let [account, customer, license] = Part::ids(key.part);
    json!({
        "id": key.id.0,
        "api_key": key.key,
        "label": key.label,
        "access": access(key),
        "products": names(key, products),
        "product_ids": key.products.iter().map(|product| product.0).collect::<Vec<_>>(),
        "account_id": account,
        "customer_id": customer,
        "license_id": license,
        "created_at": key.created_at.to_string(),
        "revoked_at": key.revoked_at.map(|at| at.to_string()),
        "last_used_at": key.last_used_at.map(|at| at.to_string()),
    })
}

fn access(key: &ApiKeyRecord) -> &'static str {
    if key.read_only { Access::ReadOnly } else { Access::ReadWrite }.as_str()
}

/// The products that it is for.
fn names(key: &ApiKeyRecord, products: &[Product]) -> Vec<String> {
    let named = products.iter().filter(|product| key.products.contains(&product.id));
    named.map(|product| product.name.to_string()).collect()
}
