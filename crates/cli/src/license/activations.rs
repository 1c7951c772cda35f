//! `countersign license activate`, `activations` and `release`: licenses on devices.

use anyhow::Result;
use clap::Args;
use countersign_app::licensing::activations::{self, ActivatedDevice};
use countersign_domain::device::DeviceIdentity;
use serde_json::{Value, json};

use super::NamedLicense;
use crate::device::NamedDevice;
use crate::listing::{self, Extent, Listed};
use crate::options::Options;

/// The license whose devices are listed.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign license activations @license-key.txt")]
pub(crate) struct ListActivations {
    #[command(flatten)]
    license: NamedLicense,
}

/// A license and the device that it is activated on.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign license activate @license-key.txt RACK-1 --publisher acme

Standalone devices do this themselves when they register with the key as activation ID.")]
pub(crate) struct Activate {
    #[command(flatten)]
    license: NamedLicense,
    #[command(flatten)]
    device: NamedDevice,
}

/// A license and the device that it is taken off.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign license release @license-key.txt PUMP-0077 --publisher acme
  countersign license release @license-key.txt HW-1 --id-type HARDWARE

All licenses of a device at once: countersign device return")]
pub(crate) struct Release {
    #[command(flatten)]
    license: NamedLicense,
    #[command(flatten)]
    device: NamedDevice,
}

impl ListActivations {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let key = self.license.key()?;
        options
            .on_site(async |ctx, site| {
                let read = async |page| Ok(activations::list(ctx, site.id, key.clone(), page).await?);
                listing::print(options.output(), Extent::ALL, read).await
            })
            .await
    }
}

impl Activate {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let (key, identity) = (self.license.key()?, self.device.identity());
        options
            .on_site(async |ctx, site| Ok(activations::activate(ctx, site.id, key.clone(), identity.clone()).await?))
            .await?;
        let document = json!({ "key": key.as_str(), "activated": named(&identity) });
        options.output().done(&document, &format!("The license is activated on {}.", identity.id));
        Ok(())
    }
}

fn named(identity: &DeviceIdentity) -> Value {
    json!({ "id": identity.id, "id_type": identity.id_type, "publisher": identity.publisher_name })
}

impl Release {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let (key, identity) = (self.license.key()?, self.device.identity());
        options
            .on_site(async |ctx, site| Ok(activations::release(ctx, site.id, key.clone(), identity.clone()).await?))
            .await?;
        let document = json!({ "key": key.as_str(), "released": named(&identity) });
        options.output().done(&document, &format!("The license is no longer activated on {}.", identity.id));
        Ok(())
    }
}

impl Listed<6> for ActivatedDevice {
    const TITLES: [&'static str; 6] = ["ROW", "DEVICE", "TYPE", "PUBLISHER", "STATUS", "ACTIVATED"];
    const EMPTY: &'static str = "The license is not activated on any device.";

    fn position(&self) -> i64 {
        self.device.id.0
    }

    fn document(&self) -> Value {
        let identity = &self.device.identity;
        json!({
            "row": self.device.id.0,
            "id": identity.id,
            "id_type": identity.id_type,
            "publisher": identity.publisher_name,
            "status": self.device.status.as_str(),
            "activated_at": self.activated_at.to_string(),
        })
    }

    fn row(&self) -> [String; 6] {
        let identity = &self.device.identity;
        [
            self.device.id.to_string(),
            identity.id.clone(),
            identity.id_type.clone(),
            identity.publisher_name.clone(),
            self.device.status.as_str().to_owned(),
            self.activated_at.to_string(),
        ]
    }
}
