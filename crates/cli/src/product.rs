//! `countersign product`: what packages are releases of.

use anyhow::Result;
use clap::{Args, Subcommand};
use countersign_app::products;
use countersign_domain::text::ProductName;
use serde_json::{Value, json};

use crate::options::Options;
use crate::table::table;

/// Create and list products.
#[derive(Subcommand)]
pub(crate) enum ProductCommand {
    /// Create a product.
    Create(CreateProduct),
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

impl ProductCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(product) => product.run(options).await,
            Self::List => list(options).await,
        }
    }
}

impl CreateProduct {
    async fn run(self, options: &Options) -> Result<()> {
        let name = self.name;
        let id = options.on_site(async |ctx, site| Ok(products::create(ctx, site.id, name.clone()).await?)).await?;
        options.output().done(&json!({ "id": id.0, "name": name.as_str() }), &format!("Created product {name}."));
        Ok(())
    }
}

async fn list(options: &Options) -> Result<()> {
    let all = options.on_site(async |ctx, site| Ok(products::list(ctx, site.id).await?)).await?;
    let documents = all.iter().map(|product| json!({ "id": product.id.0, "name": product.name.as_str() })).collect();
    options.output().result(&Value::Array(documents), || {
        let rows: Vec<_> = all.iter().map(|product| [product.name.to_string()]).collect();
        table(["NAME"], &rows, "There is no product yet; create one: countersign product create NAME")
    });
    Ok(())
}
