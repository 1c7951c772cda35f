//! `countersign license rules`, `license feature` and `license reset`: what holds for a license beside its terms.

use anyhow::Result;
use clap::Args;
use countersign_app::licensing::licenses;
use countersign_domain::text::FeatureCode;

use super::NamedLicense;
use crate::listing::Listed as _;
use crate::options::Options;
use crate::rules::{FeatureOptions, RuleOptions};

/// Other rules for a license.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign license rules @license-key.txt --units 1000 --reset monthly
  countersign license rules @license-key.txt --transfers 3 --field tier=gold

The type of a license never changes.")]
pub(crate) struct SetRules {
    #[command(flatten)]
    license: NamedLicense,
    #[command(flatten)]
    rules: RuleOptions,
}

/// A feature for a license, or other rules for it there.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign license feature @license-key.txt PAGES --type consumption --units 500")]
pub(crate) struct SetFeature {
    #[command(flatten)]
    license: NamedLicense,
    /// Code of the feature.
    feature: FeatureCode,
    #[command(flatten)]
    rules: FeatureOptions,
}

/// The license to set back.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign license reset @license-key.txt")]
pub(crate) struct Reset {
    #[command(flatten)]
    license: NamedLicense,
}

impl SetRules {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let (key, change) = (self.license.key()?, self.rules.change()?);
        let license = options
            .on_site(async |ctx, site| Ok(licenses::change_rules(ctx, site.id, key.clone(), change.clone()).await?))
            .await?;
        options.output().done(&license.document(), &format!("Changed the rules of license {}.", license.id));
        Ok(())
    }
}

impl SetFeature {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let (key, code, change) = (self.license.key()?, self.feature, self.rules.change()?);
        let license = options
            .on_site(async |ctx, site| {
                Ok(licenses::set_feature(ctx, site.id, key.clone(), code.clone(), change.clone()).await?)
            })
            .await?;
        options.output().done(&license.document(), &format!("License {} includes feature {code}.", license.id));
        Ok(())
    }
}

impl Reset {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let key = self.license.key()?;
        let license = options.on_site(async |ctx, site| Ok(licenses::reset(ctx, site.id, key.clone()).await?)).await?;
        let sentence = format!("License {} is active on no device, and nothing is counted.", license.id);
        options.output().done(&license.document(), &sentence);
        Ok(())
    }
}
