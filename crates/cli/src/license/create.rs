//! `countersign license create`.

use anyhow::Result;
use clap::Args;
use countersign_app::licensing::licenses::{self, NewLicense};
use countersign_domain::licensing::{ActivationLimit, LicenseRules, LicenseStatus, LicenseTerms};
use countersign_domain::text::{FeatureCode, LicenseKey, OrderNumber, PolicyCode, ProductName};
use countersign_domain::time::Date;

use super::{limit, validity};
use crate::amounts::grouped;
use crate::listing::Listed as _;
use crate::options::Options;
use crate::rules::RuleOptions;
use crate::text_input::text_or_file;

/// A new license.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign license create --order SO-1 --product 'Pump firmware' --limit 5
  countersign license create --order SO-1 --product 'Pump firmware' \\
      --feature PRO --start 2026-04-01 --end 2027-03-31

The key is the activation ID with which devices register. Whoever knows it can activate the license.")]
pub(crate) struct CreateLicense {
    /// Order that the license is bought with.
    #[arg(long, value_name = "NUMBER")]
    order: OrderNumber,
    /// Product that it entitles to.
    #[arg(long, value_name = "NAME")]
    product: ProductName,
    /// Key of the license, or @FILE, if it must be a certain one [default: a new one that nobody can guess].
    #[arg(long, value_name = "KEY|@FILE")]
    key: Option<String>,
    /// Feature of the product that it includes; repeat for more.
    #[arg(long = "feature", value_name = "CODE")]
    features: Vec<FeatureCode>,
    /// On how many devices it can be activated at the same time: a number, or unlimited.
    #[arg(long, default_value = "1", value_name = "N", value_parser = limit)]
    limit: ActivationLimit,
    /// First day in UTC, as 2026-03-01 [default: from the beginning].
    #[arg(long, value_name = "DATE")]
    start: Option<Date>,
    /// Last day in UTC [default: none].
    #[arg(long, value_name = "DATE")]
    end: Option<Date>,
    /// Policy of the product that it is made from; limit and features come from there.
    #[arg(long, value_name = "CODE", conflicts_with = "limit")]
    policy: Option<PolicyCode>,
    #[command(flatten)]
    rules: RuleOptions,
    /// It cannot be used yet; `countersign license set` enables it.
    #[arg(long)]
    disabled: bool,
}

impl CreateLicense {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let key = self.key.map(|key| anyhow::Ok(LicenseKey::new(text_or_file(&key)?)?)).transpose()?;
        let status = if self.disabled { LicenseStatus::Disabled } else { LicenseStatus::Enabled };
        let terms = LicenseTerms { status, start_date: self.start, end_date: self.end, limit: self.limit };
        let new = NewLicense { order: self.order, product: self.product, key, features: self.features, terms };
        let (policy, change) = (self.policy, self.rules.change()?);
        let license = options
            .on_site(async |ctx, site| {
                let change = change.clone();
                let change = move |_: &mut LicenseTerms, rules: &mut LicenseRules| change(rules);
                Ok(licenses::create_from(ctx, site.id, new.clone(), policy.clone(), change).await?)
            })
            .await?;
        options.output().note(&format!(
            "Created license {} of {} for {}: valid {}, on {}.",
            license.id,
            license.customer,
            license.product.name,
            validity(&license),
            devices(license.terms.limit)
        ));
        options.output().result(&license.document(), || license.key.as_str().to_owned());
        Ok(())
    }
}

fn devices(limit: ActivationLimit) -> String {
    match limit {
        ActivationLimit::AtMost(1) => "1 device".to_owned(),
        ActivationLimit::AtMost(limit) => format!("{} devices", grouped(u64::from(limit))),
        ActivationLimit::Unlimited => "any number of devices".to_owned(),
    }
}
