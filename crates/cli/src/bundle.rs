//! `countersign bundle`: products that are sold together, under one key.

use anyhow::Result;
use clap::{Args, Subcommand};
use countersign_app::licensing::bundles;
use countersign_domain::licensing::{ActivationLimit, Bundle, LicenseRules, LicenseStatus, LicenseTerms};
use countersign_domain::text::{OrderNumber, ProductCode, ProductName};
use countersign_domain::time::Date;
use serde_json::{Value, json};

use crate::license::limit;
use crate::listing::Listed;
use crate::options::Options;
use crate::rules::RuleOptions;
use crate::table::table;

/// Create, list and sell bundles.
#[derive(Subcommand)]
pub(crate) enum BundleCommand {
    /// Create a bundle of products.
    Create(CreateBundle),
    /// List the bundles of the site.
    List,
    /// Create a license of each product of a bundle in an order, and print the key that works for all of them.
    License(Box<LicenseBundle>),
}

/// A new bundle.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign bundle create suite --product 'Pump firmware' --product 'Pump planner'")]
pub(crate) struct CreateBundle {
    /// Code that applications name it by.
    code: ProductCode,
    /// Product of the bundle; repeat for more.
    #[arg(long = "product", value_name = "NAME", required = true)]
    products: Vec<ProductName>,
    /// Name for people.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    name: String,
}

/// Licenses of a bundle.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign bundle license suite --order SO-1 --limit 5")]
pub(crate) struct LicenseBundle {
    /// Code of the bundle.
    code: ProductCode,
    /// Order that the licenses are bought with.
    #[arg(long, value_name = "NUMBER")]
    order: OrderNumber,
    /// On how many devices each can be activated at the same time: a number, or unlimited.
    #[arg(long, default_value = "1", value_name = "N", value_parser = limit)]
    limit: ActivationLimit,
    /// First day in UTC, as 2026-03-01 [default: from the beginning].
    #[arg(long, value_name = "DATE")]
    start: Option<Date>,
    /// Last day in UTC [default: none].
    #[arg(long, value_name = "DATE")]
    end: Option<Date>,
    #[command(flatten)]
    rules: RuleOptions,
}

impl BundleCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(bundle) => bundle.run(options).await,
            Self::List => list(options).await,
            Self::License(licenses) => licenses.run(options).await,
        }
    }
}

impl CreateBundle {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { code, products, name } = self;
        let id = options
            .on_site(async |ctx, site| {
                Ok(bundles::create(ctx, site.id, code.clone(), name.clone(), products.clone()).await?)
            })
            .await?;
        let products: Vec<_> = products.iter().map(ProductName::as_str).collect();
        let document = json!({ "id": id.0, "code": code.as_str(), "name": name, "products": products });
        options.output().done(&document, &format!("Created bundle {code} of {}.", products.join(", ")));
        Ok(())
    }
}

impl LicenseBundle {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { code, order, limit, start, end, rules } = self;
        let mut laid = LicenseRules::default();
        rules.change()?(&mut laid);
        let terms = LicenseTerms { status: LicenseStatus::Enabled, start_date: start, end_date: end, limit };
        let (key, licenses) = options
            .on_site(async |ctx, site| {
                let laid = (terms, laid.clone());
                Ok(bundles::license(ctx, site.id, order.clone(), code.clone(), laid).await?)
            })
            .await?;
        let all: Vec<_> = licenses.iter().map(|license| license.product.name.to_string()).collect();
        options.output().note(&format!("Created licenses of {} in order {order}.", all.join(", ")));
        let documents: Vec<_> = licenses.iter().map(Listed::document).collect();
        options.output().result(&json!({ "key": key.as_str(), "licenses": documents }), || key.as_str().to_owned());
        Ok(())
    }
}

async fn list(options: &Options) -> Result<()> {
    let all = options.on_site(async |ctx, site| Ok(bundles::list(ctx, site.id).await?)).await?;
    let products = |bundle: &Bundle| -> Vec<String> {
        bundle.products.iter().map(|product| product.product.name.to_string()).collect()
    };
    let document = |bundle: &Bundle| json!({ "id": bundle.id.0, "code": bundle.code.as_str(), "name": bundle.name, "products": products(bundle) });
    options.output().result(&Value::Array(all.iter().map(document).collect()), || {
        let row = |bundle: &Bundle| [bundle.code.to_string(), products(bundle).join(", "), bundle.name.clone()];
        let rows: Vec<_> = all.iter().map(row).collect();
        let empty = "There is no bundle; create one: countersign bundle create CODE --product NAME --product NAME";
        table(["CODE", "PRODUCTS", "NAME"], &rows, empty)
    });
    Ok(())
}
