//! `countersign policy`: what licenses of a product are made from.

use anyhow::Result;
use clap::{Args, Subcommand};
use countersign_app::licensing::policies;
use countersign_domain::ids::PolicyId;
use countersign_domain::licensing::{ActivationLimit, LicenseRules, Policy};
use countersign_domain::text::{FeatureCode, PolicyCode, ProductName};
use serde_json::{Value, json};

use crate::license::limit;
use crate::options::Options;
use crate::rules::{RuleOptions, document};
use crate::table::table;

/// Create and list policies.
#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// Create a policy of a product.
    Create(Box<CreatePolicy>),
    /// List the policies of a product.
    List(ListPolicies),
}

/// A new policy.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign policy create yearly --product 'Pump firmware' --type subscription --validity 1y --grace 72

Next: countersign license create --order SO-1 --product 'Pump firmware' --policy yearly")]
pub(crate) struct CreatePolicy {
    /// Code of the policy, unique in its product.
    code: PolicyCode,
    /// Product whose licenses are made from it.
    #[arg(long, value_name = "NAME")]
    product: ProductName,
    /// Name for people.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    name: String,
    /// Feature that its licenses include; repeat for more.
    #[arg(long = "feature", value_name = "CODE")]
    features: Vec<FeatureCode>,
    /// On how many devices its licenses can be activated at the same time: a number, or unlimited.
    #[arg(long, default_value = "1", value_name = "N", value_parser = limit)]
    limit: ActivationLimit,
    /// Trials for which no policy is named are made from it.
    #[arg(long)]
    default: bool,
    #[command(flatten)]
    rules: RuleOptions,
}

/// Which policies to list.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign policy list --product 'Pump firmware'")]
pub(crate) struct ListPolicies {
    /// Product whose policies are listed.
    #[arg(long, value_name = "NAME")]
    product: ProductName,
}

impl PolicyCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(policy) => policy.run(options).await,
            Self::List(list) => list.run(options).await,
        }
    }
}

impl CreatePolicy {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { code, product, name, features, limit, default: is_default, rules } = self;
        let mut laid = LicenseRules::default();
        rules.change()?(&mut laid);
        let policy = Policy { id: PolicyId(0), code: code.clone(), name, limit, rules: laid, features, is_default };
        options
            .on_site(async |ctx, site| Ok(policies::create(ctx, site.id, product.clone(), policy.clone()).await?))
            .await?;
        options.output().done(&policy_document(&policy), &format!("Created policy {code} of {product}."));
        Ok(())
    }
}

impl ListPolicies {
    async fn run(self, options: &Options) -> Result<()> {
        let product = self.product;
        let all = options.on_site(async |ctx, site| Ok(policies::list(ctx, site.id, product.clone()).await?)).await?;
        options.output().result(&Value::Array(all.iter().map(policy_document).collect()), || {
            let row = |policy: &Policy| {
                let default = if policy.is_default { "default" } else { "" };
                [
                    policy.code.to_string(),
                    policy.rules.license_type.to_string(),
                    default.to_owned(),
                    policy.name.clone(),
                ]
            };
            let rows: Vec<_> = all.iter().map(row).collect();
            let empty = "The product has no policy; create one: countersign policy create CODE --product NAME";
            table(["CODE", "TYPE", "", "NAME"], &rows, empty)
        });
        Ok(())
    }
}

fn policy_document(policy: &Policy) -> Value {
    let limit = match policy.limit {
        ActivationLimit::AtMost(limit) => Some(limit),
        ActivationLimit::Unlimited => None,
    };
    json!({
        "code": policy.code.as_str(),
        "name": policy.name,
        "limit": limit,
        "features": policy.features.iter().map(FeatureCode::as_str).collect::<Vec<_>>(),
        "default": policy.is_default,
        "rules": document(&policy.rules),
    })
}
