//! `countersign license set`: other terms.

use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use countersign_app::licensing::licenses;
use countersign_domain::licensing::{ActivationLimit, License, LicenseStatus, LicenseTerms};
use countersign_domain::time::Date;

use super::{NamedLicense, limit, validity};
use crate::amounts::count;
use crate::listing::Listed as _;
use crate::options::Options;

/// New terms; what is not named stays as it is.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign license set @license-key.txt --limit 10
  countersign license set @license-key.txt --end 2027-12-31
  countersign license set @license-key.txt --status disabled

Nothing is released: with a lower limit, devices that have the license keep it, and new ones are refused until there is \
room.")]
pub(crate) struct SetTerms {
    #[command(flatten)]
    license: NamedLicense,
    #[command(flatten)]
    terms: NewTerms,
}

/// What to change; at least one of these.
#[derive(Args, Clone, Copy)]
#[group(required = true, multiple = true)]
struct NewTerms {
    /// Whether it can be used at all.
    #[arg(long, value_parser = PossibleValuesParser::new(STATUSES).try_map(status))]
    status: Option<LicenseStatus>,
    /// On how many devices it can be activated at the same time: a number, or unlimited.
    #[arg(long, value_name = "N", value_parser = limit)]
    limit: Option<ActivationLimit>,
    /// First day in UTC, as 2026-03-01.
    #[arg(long, value_name = "DATE")]
    start: Option<Date>,
    /// It is valid from the beginning.
    #[arg(long, conflicts_with = "start")]
    no_start: bool,
    /// Last day in UTC.
    #[arg(long, value_name = "DATE")]
    end: Option<Date>,
    /// It is valid without end.
    #[arg(long, conflicts_with = "end")]
    no_end: bool,
}

impl SetTerms {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let (key, new) = (self.license.key()?, self.terms);
        let changed = options
            .on_site(async |ctx, site| {
                Ok(licenses::change_terms(ctx, site.id, key.clone(), move |terms| new.apply(terms)).await?)
            })
            .await?;
        let license = changed.license;
        let mut document = license.document();
        if let Some(members) = document.as_object_mut() {
            members.insert("excess".to_owned(), changed.excess.into());
        }
        let sentence = format!(
            "License {} is {}, valid {}, activated on {}.",
            license.id,
            license.terms.status.as_str(),
            validity(&license),
            on_devices(&license)
        );
        options.output().done(&document, &sentence);
        if changed.excess > 0 {
            options.output().note(&format!(
                "It stays activated on {} more than it allows; release some: countersign license release KEY DEVICE",
                count(usize::try_from(changed.excess)?, "device")
            ));
        }
        Ok(())
    }
}

impl NewTerms {
    fn apply(self, terms: &mut LicenseTerms) {
        terms.status = self.status.unwrap_or(terms.status);
        terms.limit = self.limit.unwrap_or(terms.limit);
        if self.no_start || self.start.is_some() {
            terms.start_date = self.start;
        }
        if self.no_end || self.end.is_some() {
            terms.end_date = self.end;
        }
    }
}

/// On how many devices it is activated, and on how many it may be.
fn on_devices(license: &License) -> String {
    let activations = license.activations;
    match license.terms.limit {
        ActivationLimit::AtMost(1) => format!("{activations} of 1 device"),
        ActivationLimit::AtMost(limit) => format!("{activations} of {limit} devices"),
        ActivationLimit::Unlimited if activations == 1 => "1 device, of any number".to_owned(),
        ActivationLimit::Unlimited => format!("{activations} devices, of any number"),
    }
}

fn status(word: String) -> Result<LicenseStatus, String> {
    LicenseStatus::parse(&word).ok_or(word)
}

const STATUSES: [&str; 2] = ["enabled", "disabled"];
