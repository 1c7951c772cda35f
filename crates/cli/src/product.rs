//! `countersign product`: what packages are releases of.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use countersign_app::{licensing, products};
use countersign_domain::licensing::{AuthorizationMethod, LicensedProduct, ProductStatus};
use countersign_domain::text::{ProductCode, ProductName};
use serde_json::{Value, json};

use crate::options::Options;
use crate::rules::{MetadataOption, metadata};
use crate::table::table;

/// Create and list products.
#[derive(Subcommand)]
pub(crate) enum ProductCommand {
    /// Create a product.
    Create(CreateProduct),
    /// Change what holds for the licenses of a product.
    Set(SetProduct),
    /// List the products of the site.
    List,
}

/// A new product.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign product create 'Pump firmware'")]
pub(crate) struct CreateProduct {
    /// Name of the product, unique in the site.
    name: ProductName,
}

/// What to change; what is not named stays as it is.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign product set 'Pump firmware' --code pump --trial-days 14
  countersign product set 'Pump planner' --authorization user --status disabled")]
pub(crate) struct SetProduct {
    /// Name of the product.
    name: ProductName,
    /// Short code that applications name it by.
    #[arg(long, value_name = "CODE")]
    code: Option<ProductCode>,
    /// Whether its licenses can be used: active, disabled or archived.
    #[arg(long, value_name = "STATUS")]
    status: Option<ProductStatus>,
    /// What its licenses are named by: license-key or user.
    #[arg(long, value_name = "METHOD")]
    authorization: Option<AuthorizationMethod>,
    /// Days of a trial; 0: there are no trials.
    #[arg(long, value_name = "DAYS")]
    trial_days: Option<u16>,
    /// Whether one device may have several trials.
    #[arg(long, value_name = "true|false")]
    several_trials: Option<bool>,
    /// Whether virtual machines are refused.
    #[arg(long, value_name = "true|false")]
    prevent_vm: Option<bool>,
    #[command(flatten)]
    metadata: MetadataOption,
}

impl ProductCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(product) => product.run(options).await,
            Self::Set(product) => product.run(options).await,
            Self::List => list(options).await,
        }
    }
}

impl CreateProduct {
    async fn run(self, options: &Options) -> Result<()> {
        let name = self.name;
        let created = options
            .on_site(async |ctx, site| {
                let id = products::create(ctx, site.id, name.clone()).await?;
                let all = licensing::products::list(ctx, site.id).await?;
                let created = all.into_iter().find(|product| product.product.id == id);
                created.context("the product was created and is not there")
            })
            .await?;
        options.output().done(&document(&created), &format!("Created product {name}."));
        Ok(())
    }
}

impl SetProduct {
    async fn run(self, options: &Options) -> Result<()> {
        let metadata = self.metadata.read()?;
        let name = self.name;
        let change = move |product: &mut LicensedProduct| {
            product.code = self.code.unwrap_or_else(|| product.code.clone());
            product.status = self.status.unwrap_or(product.status);
            let rules = &mut product.rules;
            rules.authorization = self.authorization.unwrap_or(rules.authorization);
            rules.trial_days = self.trial_days.or(rules.trial_days).filter(|days| *days > 0);
            rules.several_trials = self.several_trials.unwrap_or(rules.several_trials);
            rules.prevent_vm = self.prevent_vm.unwrap_or(rules.prevent_vm);
            if let Some(metadata) = metadata {
                rules.metadata = metadata;
            }
        };
        let changed = options
            .on_site(async |ctx, site| {
                Ok(licensing::products::change(ctx, site.id, name.clone(), change.clone()).await?)
            })
            .await?;
        options.output().done(&document(&changed), &format!("Changed product {}.", changed.product.name));
        Ok(())
    }
}

fn document(product: &LicensedProduct) -> Value {
    json!({
        "id": product.product.id.0,
        "name": product.product.name.as_str(),
        "code": product.code.as_str(),
        "status": product.status.as_str(),
        "authorization": product.rules.authorization.as_str(),
        "trial_days": product.rules.trial_days,
        "several_trials": product.rules.several_trials,
        "prevent_vm": product.rules.prevent_vm,
        "metadata": metadata(&product.rules.metadata),
    })
}

async fn list(options: &Options) -> Result<()> {
    let mut all = options.on_site(async |ctx, site| Ok(licensing::products::list(ctx, site.id).await?)).await?;
    all.sort_by(|one, other| one.product.name.cmp(&other.product.name));
    options.output().result(&Value::Array(all.iter().map(document).collect()), || {
        let row = |product: &LicensedProduct| {
            [product.product.name.to_string(), product.code.to_string(), product.status.to_string()]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        table(["NAME", "CODE", "STATUS"], &rows, "There is no product yet; create one: countersign product create NAME")
    });
    Ok(())
}
