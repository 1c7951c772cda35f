//! `countersign license history`: what has become of a license.

use anyhow::Result;
use clap::{Args, value_parser};
use countersign_app::licensing::history::{self, Happened};
use countersign_domain::event::EventParts;
use serde_json::{Value, json};

use super::NamedLicense;
use crate::listing::{self, Extent, Listed};
use crate::options::Options;

/// The license, and which part of its history.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign license history @license-key.txt
  countersign license history @license-key.txt --after 1200 --json

It goes back as far as the site keeps events: countersign site set NAME --keep-events DAYS")]
pub(crate) struct ShowHistory {
    #[command(flatten)]
    license: NamedLicense,
    /// Row after which the list begins: the last one that you have read.
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "ROW", value_parser = value_parser!(i64).range(0..))]
    after: i64,
    /// Most rows [default: all].
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

impl ShowHistory {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let (key, extent) = (self.license.key()?, Extent { after: self.after, limit: self.limit });
        options
            .on_site(async |ctx, site| {
                let read = async |page| Ok(history::list(ctx, site.id, key.clone(), page).await?);
                listing::print(options.output(), extent, read).await
            })
            .await
    }
}

impl Listed<8> for Happened {
    const TITLES: [&'static str; 8] = ["ROW", "TIME", "EVENT", "DEVICE", "FEATURE", "UNITS", "TOTAL", "CHANNEL"];
    const EMPTY: &'static str = "Nothing is known of this license; see: countersign site set NAME --keep-events DAYS";

    fn position(&self) -> i64 {
        self.event.id.0
    }

    fn document(&self) -> Value {
        let device = self.device.as_ref().map(
            |identity| json!({ "id": identity.id, "id_type": identity.id_type, "publisher": identity.publisher_name }),
        );
        let EventParts { kind, counted, .. } = self.event.event.parts();
        json!({
            "row": self.event.id.0,
            "at": self.event.at.to_string(),
            "event": kind,
            "device": device,
            "feature_id": counted.and_then(|counted| counted.feature).map(|feature| feature.0),
            "feature": self.feature.as_ref().map(ToString::to_string),
            "units": counted.map(|counted| counted.units),
            "total": counted.map(|counted| counted.total),
            "channel": self.event.actor.channel.as_str(),
            "user": self.event.actor.name,
        })
    }

    fn row(&self) -> [String; 8] {
        let EventParts { kind, counted, .. } = self.event.event.parts();
        let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
        let feature = counted.and_then(|counted| counted.feature).map(|feature| format!("feature {feature}"));
        [
            self.event.id.to_string(),
            self.event.at.to_string(),
            kind.trim_start_matches("license.").to_owned(),
            self.device.as_ref().map(|identity| identity.id.clone()).unwrap_or_default(),
            self.feature.as_ref().map(ToString::to_string).or(feature).unwrap_or_default(),
            number(counted.map(|counted| counted.units)),
            number(counted.map(|counted| counted.total)),
            self.event.actor.channel.as_str().to_owned(),
        ]
    }
}
