//! `countersign license seats`, `free-seat` and `denials`: who holds seats of a floating license, and who was refused one.

use anyhow::{Context as _, Result};
use clap::Args;
use countersign_app::licensing::seats::{self, HeldSeat, RefusedSeat};
use countersign_domain::device::DeviceIdentity;
use countersign_domain::text::{FeatureCode, LicenseKey};
use countersign_domain::time::Timestamp;
use serde_json::{Value, json};

use super::NamedLicense;
use crate::device::NamedDevice;
use crate::listing::{self, Extent, Listed};
use crate::options::Options;
use crate::text_input::text_or_file;

/// The license whose seats are listed.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign license seats @license-key.txt

To take one away: countersign license free-seat KEY DEVICE")]
pub(crate) struct ListSeats {
    #[command(flatten)]
    license: NamedLicense,
}

/// The seat to take away.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign license free-seat @license-key.txt LAPTOP-7 --id-type HARDWARE
  countersign license free-seat @license-key.txt LAPTOP-7 --id-type HARDWARE --feature PDF

The device may take another one with its next check; to keep it from that: countersign license release")]
pub(crate) struct FreeSeat {
    #[command(flatten)]
    license: NamedLicense,
    #[command(flatten)]
    device: NamedDevice,
    /// The seat of the feature with this code, instead of the license's own.
    #[arg(long, value_name = "CODE")]
    feature: Option<FeatureCode>,
}

/// Whose refusals are listed.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign license denials
  countersign license denials @license-key.txt --json

Refusals of one device are counted once a minute, in one row for each hour, and kept for 30 days.")]
pub(crate) struct ListDenials {
    /// Key of one license, or @FILE [default: all licenses of the site].
    #[arg(value_name = "KEY|@FILE")]
    key: Option<String>,
}

impl ListSeats {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let key = self.license.key()?;
        options
            .on_site(async |ctx, site| {
                let read = async |page| Ok(seats::list(ctx, site.id, key.clone(), page).await?);
                listing::print(options.output(), Extent::ALL, read).await
            })
            .await
    }
}

impl FreeSeat {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let (key, identity, feature) = (self.license.key()?, self.device.identity(), self.feature);
        options
            .on_site(async |ctx, site| {
                Ok(seats::free(ctx, site.id, key.clone(), identity.clone(), feature.clone()).await?)
            })
            .await?;
        let feature = feature.as_ref().map(FeatureCode::as_str);
        let document = json!({ "key": key.as_str(), "feature": feature, "freed": identity.id });
        options.output().done(&document, &format!("The seat of {} is free.", identity.id));
        Ok(())
    }
}

impl ListDenials {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let key = self.key.as_deref().map(text_or_file).transpose()?;
        let key = key.map(LicenseKey::new).transpose().context("this cannot be a license key")?;
        options
            .on_site(async |ctx, site| {
                let read = async |page| Ok(seats::list_denials(ctx, site.id, key.clone(), page).await?);
                listing::print(options.output(), Extent::ALL, read).await
            })
            .await
    }
}

impl Listed<7> for HeldSeat {
    const TITLES: [&'static str; 7] = ["ROW", "DEVICE", "TYPE", "FEATURE", "TAKEN", "LAST CHECK", "UNTIL"];
    const EMPTY: &'static str = "No device holds a seat.";

    fn position(&self) -> i64 {
        self.id.0
    }

    fn document(&self) -> Value {
        json!({
            "row": self.id.0,
            "device": named(&self.device.identity),
            "feature": self.feature.as_ref().map(FeatureCode::as_str),
            "taken_at": self.seat.taken_at.to_string(),
            "seen_at": self.seat.seen_at.to_string(),
            "ends_at": self.seat.ends_at.to_string(),
            "borrowed_until": self.seat.borrowed_until.map(|time| time.to_string()),
        })
    }

    fn row(&self) -> [String; 7] {
        let borrowed = if self.seat.borrowed_until.is_some() { " (borrowed)" } else { "" };
        [
            self.id.to_string(),
            self.device.identity.id.clone(),
            self.device.identity.id_type.clone(),
            code(self.feature.as_ref()),
            seconds(self.seat.taken_at),
            seconds(self.seat.seen_at),
            format!("{}{borrowed}", seconds(self.seat.ends_at)),
        ]
    }
}

impl Listed<8> for RefusedSeat {
    const TITLES: [&'static str; 8] = ["ROW", "LICENSE", "CUSTOMER", "DEVICE", "FEATURE", "REASON", "LAST", "TIMES"];
    const EMPTY: &'static str = "No device was refused a seat within the last 30 days.";

    fn position(&self) -> i64 {
        self.id.0
    }

    fn document(&self) -> Value {
        json!({
            "row": self.id.0,
            "license": self.license.id.0,
            "product": self.license.product.name.as_str(),
            "customer": self.license.customer.as_str(),
            "device": named(&self.device.identity),
            "feature": self.feature.as_ref().map(FeatureCode::as_str),
            "reason": self.denial.reason.as_str(),
            "first_at": self.denial.first_at.to_string(),
            "last_at": self.denial.last_at.to_string(),
            "times": self.denial.times,
        })
    }

    fn row(&self) -> [String; 8] {
        [
            self.id.to_string(),
            self.license.id.to_string(),
            self.license.customer.to_string(),
            self.device.identity.id.clone(),
            code(self.feature.as_ref()),
            self.denial.reason.as_str().to_owned(),
            seconds(self.denial.last_at),
            self.denial.times.to_string(),
        ]
    }
}

fn named(identity: &DeviceIdentity) -> Value {
    json!({ "id": identity.id, "id_type": identity.id_type, "publisher": identity.publisher_name })
}

fn code(feature: Option<&FeatureCode>) -> String {
    feature.map(ToString::to_string).unwrap_or_default()
}

/// A time for people.
fn seconds(time: Timestamp) -> String {
    Timestamp::from_seconds(time.as_seconds()).to_string()
}
