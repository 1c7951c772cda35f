//! `countersign device add`.

use anyhow::{Context as _, Result};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use countersign_app::licensing::devices::{self, NewDevice};
use countersign_domain::device::DeviceClass;
use countersign_domain::text::CustomerName;

use super::{NamedDevice, document};
use crate::options::Options;

/// A device to enter.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign device add SRV-1 --publisher acme --class server --customer Nordwind
  countersign device add PUMP-0078 --publisher acme --class served --customer Nordwind

Standalone devices (class client) also register by themselves, with an activation ID or without; servers and the devices \
behind them never do.")]
pub(crate) struct AddDevice {
    #[command(flatten)]
    device: NamedDevice,
    /// What kind of device it is: standalone, behind a license server, or a license server itself.
    #[arg(long, default_value = "client", value_parser = PossibleValuesParser::new(CLASSES).try_map(class))]
    class: DeviceClass,
    /// Publisher's identity on the device, as embedded licensing has it; rarely needed.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    identity_name: String,
    /// Customer that it belongs to [default: none, until it activates a license].
    #[arg(long, value_name = "NAME")]
    customer: Option<CustomerName>,
}

impl AddDevice {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let Self { device, class, identity_name, customer } = self;
        let new = NewDevice { identity: device.identity(), identity_name, class, customer };
        let added = options
            .on_site(async |ctx, site| {
                devices::add(ctx, site.id, new.clone()).await?;
                let found = devices::find(ctx, site.id, new.identity.clone()).await?;
                found.context("the device was entered and is not there")
            })
            .await?;
        options.output().done(&document(&added), &format!("Entered device {} as {}.", new.identity.id, class.as_str()));
        Ok(())
    }
}

fn class(word: String) -> Result<DeviceClass, String> {
    DeviceClass::parse(&word).ok_or(word)
}

const CLASSES: [&str; 3] = ["client", "served", "server"];
