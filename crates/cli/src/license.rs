//! `countersign license`: the right to use a product, on a number of devices.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use countersign_app::licensing::{license_users, licenses};
use countersign_domain::licensing::{ActivationLimit, Assignment, License, LicenseFeature};
use countersign_domain::text::{LicenseKey, UserEmail};
use serde_json::{Map, Value, json};

use self::activations::{Activate, ListActivations, Release};
use self::air_gap::AirGapCommand;
use self::create::CreateLicense;
use self::history::ShowHistory;
use self::list::ListLicenses;
use self::offline::OfflineCommand;
use self::rules::{Reset, SetFeature, SetRules};
use self::seats::{FreeSeat, ListDenials, ListSeats};
use self::set::SetTerms;
use crate::listing::Listed;
use crate::options::Options;
use crate::table::fields;
use crate::text_input::text_or_file;

mod activations;
mod air_gap;
mod create;
mod history;
mod list;
mod offline;
mod rules;
mod seats;
mod set;

/// Manage licenses.
#[derive(Subcommand)]
pub(crate) enum LicenseCommand {
    /// Create a license in an order, and print its key: the activation ID for devices.
    Create(Box<CreateLicense>),
    /// List licenses with their keys.
    List(ListLicenses),
    /// Show a license.
    Show(ShowLicense),
    /// Change when, and on how many devices, a license can be used.
    Set(SetTerms),
    /// Change what else holds for a license: how long it lasts, units, transfers, seats.
    Rules(Box<SetRules>),
    /// Include a feature in a license, or change what holds for it there.
    Feature(Box<SetFeature>),
    /// Set a license back: it is active on no device, and nothing is counted.
    Reset(Reset),
    /// Activate a license on a device that the site knows, such as a license server.
    Activate(Activate),
    /// List the devices on which a license is activated.
    Activations(ListActivations),
    /// Codes for devices behind an air gap, which people type.
    #[command(subcommand)]
    AirGap(AirGapCommand),
    /// Files for devices without a connection.
    #[command(subcommand)]
    Offline(OfflineCommand),
    /// List what has become of a license: activations, changes, and counted units.
    History(ShowHistory),
    /// Take a license off a device, which makes room for another one.
    Release(Release),
    /// List who holds seats of a floating license, and until when.
    Seats(ListSeats),
    /// Take a seat away from a device, borrowed or not.
    FreeSeat(FreeSeat),
    /// List who was refused a seat.
    Denials(ListDenials),
}

/// A license by its key.
#[derive(Args)]
struct NamedLicense {
    /// Key of the license, as `countersign license list` shows it, or @FILE.
    #[arg(value_name = "KEY|@FILE")]
    key: String,
}

/// The license to show.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign license show @license-key.txt")]
pub(crate) struct ShowLicense {
    #[command(flatten)]
    license: NamedLicense,
}

impl LicenseCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(license) => license.run(options).await,
            Self::List(list) => list.run(options).await,
            Self::Show(license) => license.run(options).await,
            Self::Set(set) => set.run(options).await,
            Self::Rules(rules) => rules.run(options).await,
            Self::Feature(feature) => feature.run(options).await,
            Self::Reset(reset) => reset.run(options).await,
            Self::Activate(activate) => activate.run(options).await,
            Self::Activations(list) => list.run(options).await,
            Self::AirGap(command) => command.run(options).await,
            Self::Offline(command) => command.run(options).await,
            Self::History(history) => history.run(options).await,
            Self::Release(release) => release.run(options).await,
            Self::Seats(list) => list.run(options).await,
            Self::FreeSeat(free) => free.run(options).await,
            Self::Denials(list) => list.run(options).await,
        }
    }
}

impl NamedLicense {
    /// The key itself.
    fn key(&self) -> Result<LicenseKey> {
        LicenseKey::new(text_or_file(&self.key)?).context("this cannot be a license key")
    }
}

impl ShowLicense {
    async fn run(self, options: &Options) -> Result<()> {
        let key = self.license.key()?;
        let (license, users) = options
            .on_site(async |ctx, site| {
                let found = licenses::find(ctx, site.id, key.clone()).await?;
                let license = found.context("this site has no license with this key; see: countersign license list")?;
                let users = license_users::assigned(ctx, site.id, license.id).await?;
                Ok((license, users))
            })
            .await?;
        let mut document = license.document();
        if let Some(members) = document.as_object_mut() {
            let users = users.iter().map(|(email, assignment)| {
                let most = number(assignment.limit);
                json!({ "email": email.as_str(), "activations": assignment.activations, "limit": most })
            });
            members.insert("users".to_owned(), users.collect());
        }
        options.output().result(&document, || describe(&license, &users));
        Ok(())
    }
}

fn describe(license: &License, users: &[(UserEmail, Assignment)]) -> String {
    let users = users
        .iter()
        .map(|(email, assignment)| format!("{email} ({})", of_limit(assignment.activations, assignment.limit)));
    fields(&[
        ("License", license.id.to_string()),
        ("Key", license.key.as_str().to_owned()),
        ("Product", license.product.name.to_string()),
        ("Features", features(license).join(", ")),
        ("Order", license.order.to_string()),
        ("Customer", license.customer.to_string()),
        ("Status", license.terms.status.as_str().to_owned()),
        ("Type", license.rules.license_type.to_string()),
        ("Valid", validity(license)),
        ("Activated", activated(license)),
        ("Transfers", format!("{} of {}", license.usage.transfers, license.rules.transfers)),
        ("Units", format!("{} of {}", license.usage.meter.total, license.rules.metering.limit)),
        ("Users", users.collect::<Vec<_>>().join(", ")),
        ("Rules", crate::rules::in_words(&license.rules)),
        ("Created", license.created_at.to_string()),
    ])
}

impl Listed<8> for License {
    const TITLES: [&'static str; 8] = ["ID", "KEY", "PRODUCT", "ORDER", "CUSTOMER", "STATUS", "VALID", "ACTIVATED"];
    const EMPTY: &'static str =
        "There is no license; create one: countersign license create --order NUMBER --product NAME";

    fn position(&self) -> i64 {
        self.id.0
    }

    fn document(&self) -> Value {
        json!({
            "id": self.id.0,
            "key": self.key.as_str(),
            "product": self.product.name.as_str(),
            "features": features(self),
            "order": self.order.as_str(),
            "customer": self.customer.as_str(),
            "status": self.terms.status.as_str(),
            "start_date": self.terms.start_date.map(|date| date.to_string()),
            "end_date": self.terms.end_date.map(|date| date.to_string()),
            "limit": number(self.terms.limit),
            "activations": self.activations,
            "created_at": self.created_at.to_string(),
            "bundle_key": self.bundle_key.as_ref().map(LicenseKey::as_str),
            "rules": crate::rules::document(&self.rules),
            "feature_rules": self.features.iter().map(feature_entry).collect::<Map<_, _>>(),
            "first_activated_at": self.usage.first_activated_at.map(|at| at.to_string()),
            "transfers": self.usage.transfers,
            "units": self.usage.meter.total,
        })
    }

    fn row(&self) -> [String; 8] {
        [
            self.id.to_string(),
            self.key.as_str().to_owned(),
            self.product.name.to_string(),
            self.order.to_string(),
            self.customer.to_string(),
            self.terms.status.as_str().to_owned(),
            validity(self),
            activated(self),
        ]
    }
}

/// A feature for programs: its code, and what holds for it.
fn feature_entry(feature: &LicenseFeature) -> (String, Value) {
    let mut document = crate::rules::feature_document(&feature.rules);
    if let Some(members) = document.as_object_mut() {
        members.insert("counted".to_owned(), feature.meter.total.into());
    }
    (feature.code.to_string(), document)
}

fn features(license: &License) -> Vec<&str> {
    license.features.iter().map(|feature| feature.code.as_str()).collect()
}

fn validity(license: &License) -> String {
    match (license.terms.start_date, license.terms.end_date) {
        (None, None) => "always".to_owned(),
        (None, Some(end)) => format!("until {end}"),
        (Some(start), None) => format!("from {start}"),
        (Some(start), Some(end)) => format!("from {start} to {end}"),
    }
}

fn activated(license: &License) -> String {
    of_limit(license.activations, license.terms.limit)
}

fn of_limit(activations: u32, limit: ActivationLimit) -> String {
    match limit {
        ActivationLimit::AtMost(limit) => format!("{activations} of {limit}"),
        ActivationLimit::Unlimited => format!("{activations} of any number"),
    }
}

/// A limit for programs; `None`: there is none.
fn number(limit: ActivationLimit) -> Option<u32> {
    match limit {
        ActivationLimit::AtMost(limit) => Some(limit),
        ActivationLimit::Unlimited => None,
    }
}

/// An activation limit on the command line.
pub(crate) fn limit(text: &str) -> Result<ActivationLimit, String> {
    match text {
        "unlimited" => Ok(ActivationLimit::Unlimited),
        number => number.parse().map(ActivationLimit::AtMost).map_err(|_| "write a number, or `unlimited`".to_owned()),
    }
}
