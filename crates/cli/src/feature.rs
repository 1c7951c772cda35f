//! `countersign feature`: parts of products that licenses can include.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use countersign_app::licensing::features;
use countersign_domain::licensing::Feature;
use countersign_domain::text::{FeatureCode, ProductName};
use serde_json::{Value, json};

use crate::options::Options;
use crate::rules::{FeatureOptions, feature_document};
use crate::table::table;

/// Create and list features.
#[derive(Subcommand)]
pub(crate) enum FeatureCommand {
    /// Create a feature of a product.
    Create(CreateFeature),
    /// Change what licenses that include a feature from now on start with.
    Set(Box<SetFeature>),
    /// List the features of a product.
    List(ListFeatures),
}

/// A new feature.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign feature create PRO --product 'Pump firmware' --name Professional")]
pub(crate) struct CreateFeature {
    /// Code of the feature, unique in its product.
    code: FeatureCode,
    /// Product that it is a part of.
    #[arg(long, value_name = "NAME")]
    product: ProductName,
    /// Name for people.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    name: String,
}

/// Other rules for a feature.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign feature set PAGES --product 'Pump firmware' --type consumption --units 500 --reset monthly

Licenses that include it already keep what they have: countersign license feature")]
pub(crate) struct SetFeature {
    /// Code of the feature.
    code: FeatureCode,
    /// Product that it is a part of.
    #[arg(long, value_name = "NAME")]
    product: ProductName,
    #[command(flatten)]
    rules: FeatureOptions,
}

/// Which features to list.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign feature list --product 'Pump firmware'")]
pub(crate) struct ListFeatures {
    /// Product whose features are listed.
    #[arg(long, value_name = "NAME")]
    product: ProductName,
}

impl FeatureCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(feature) => feature.run(options).await,
            Self::Set(feature) => feature.run(options).await,
            Self::List(list) => list.run(options).await,
        }
    }
}

impl CreateFeature {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { code, product, name } = self;
        let feature = options
            .on_site(async |ctx, site| {
                let id = features::create(ctx, site.id, product.clone(), code.clone(), name.clone()).await?;
                let found = features::list(ctx, site.id, product.clone()).await?.into_iter().find(|one| one.id == id);
                found.context("the feature was created and is not there")
            })
            .await?;
        options.output().done(&document(&feature, &product), &format!("Created feature {code} of {product}."));
        Ok(())
    }
}

impl SetFeature {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { code, product, rules } = self;
        let change = rules.change()?;
        let feature = options
            .on_site(async |ctx, site| {
                Ok(features::change(ctx, site.id, product.clone(), code.clone(), change.clone()).await?)
            })
            .await?;
        options.output().done(&document(&feature, &product), &format!("Changed feature {code} of {product}."));
        Ok(())
    }
}

fn document(feature: &Feature, product: &ProductName) -> Value {
    json!({
        "id": feature.id.0,
        "code": feature.code.as_str(),
        "name": feature.name,
        "product": product.as_str(),
        "rules": feature_document(&feature.rules),
    })
}

impl ListFeatures {
    async fn run(self, options: &Options) -> Result<()> {
        let product = self.product;
        let all = options.on_site(async |ctx, site| Ok(features::list(ctx, site.id, product.clone()).await?)).await?;
        options.output().result(&Value::Array(all.iter().map(|feature| document(feature, &product)).collect()), || {
            let rows: Vec<_> = all.iter().map(|feature| [feature.code.to_string(), feature.name.clone()]).collect();
            let empty = "The product has no feature; create one: countersign feature create CODE --product NAME";
            table(["CODE", "NAME"], &rows, empty)
        });
        Ok(())
    }
}
