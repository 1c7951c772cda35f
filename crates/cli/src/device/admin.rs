//! `countersign device list` and its like: devices as the site knows them.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use countersign_app::licensing::devices::{self, DeviceDetails, DeviceLicense, KnownDevice};
use countersign_domain::device::DeviceIdentity;
use countersign_domain::text::CustomerName;
use serde_json::{Value, json};

use self::add::AddDevice;
use self::change::SetDevice;
use self::history::{ListEvents, ListReports};
use crate::listing::{self, Extent, Listed};
use crate::options::Options;
use crate::table::{fields, table};

mod add;
mod change;
mod history;

/// Administer devices.
#[derive(Subcommand)]
pub(crate) enum AdminCommand {
    /// List the devices that the site knows.
    List(ListDevices),
    /// Show a device with what is activated on it.
    Show(ShowDevice),
    /// Enter a device: a license server, a device behind one, or any other before it registers.
    Add(AddDevice),
    /// Give a device to a customer, or to nobody.
    Set(SetDevice),
    /// List what devices have reported about updates.
    Reports(ListReports),
    /// List the events that devices have logged.
    Events(ListEvents),
    /// Take a device back: everything on it is released. It may register again.
    #[command(after_help = "Example:\n  countersign device return PUMP-0077 --publisher acme")]
    Return(NamedDevice),
    /// Take a device out of use; what is activated on it stays. To release that, too, and to let the device register again:
    /// `countersign device return`.
    #[command(after_help = "Example:\n  countersign device retire PUMP-0077 --publisher acme")]
    Retire(NamedDevice),
}

/// A device by its identity.
#[derive(Args)]
pub(crate) struct NamedDevice {
    /// Host ID of the device, as `countersign device list` shows it.
    device: String,
    /// Kind of the host ID.
    #[arg(long, default_value = "STRING", value_name = "TYPE")]
    id_type: String,
    /// Publisher that the host ID belongs to.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    publisher: String,
}

/// Which devices to list.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign device list --customer Nordwind")]
pub(crate) struct ListDevices {
    /// Only the devices of this customer.
    #[arg(long, value_name = "NAME")]
    customer: Option<CustomerName>,
}

/// The device to show.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign device show PUMP-0077 --publisher acme")]
pub(crate) struct ShowDevice {
    #[command(flatten)]
    device: NamedDevice,
}

impl AdminCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::List(list) => list.run(options).await,
            Self::Show(show) => show.run(options).await,
            Self::Add(device) => device.run(options).await,
            Self::Set(set) => set.run(options).await,
            Self::Reports(list) => list.run(options).await,
            Self::Events(list) => list.run(options).await,
            Self::Return(device) => change::give_back(device.identity(), options).await,
            Self::Retire(device) => change::retire(device.identity(), options).await,
        }
    }
}

impl NamedDevice {
    /// The identity that is meant.
    pub(crate) fn identity(&self) -> DeviceIdentity {
        let (id, id_type, publisher_name) = (self.device.clone(), self.id_type.clone(), self.publisher.clone());
        DeviceIdentity { id, id_type, publisher_name }
    }
}

impl ListDevices {
    async fn run(self, options: &Options) -> Result<()> {
        options
            .on_site(async |ctx, site| {
                let read = async |page| Ok(devices::list(ctx, site.id, self.customer.clone(), page).await?);
                listing::print(options.output(), Extent::ALL, read).await
            })
            .await
    }
}

impl ShowDevice {
    async fn run(self, options: &Options) -> Result<()> {
        let identity = self.device.identity();
        let found = options.on_site(async |ctx, site| Ok(devices::find(ctx, site.id, identity.clone()).await?)).await?;
        let details = found.with_context(|| {
            let DeviceIdentity { id, id_type, publisher_name } = &identity;
            format!(
                "this site has no device {id} of type {id_type} and publisher {publisher_name:?}; see: countersign device list"
            )
        })?;
        options.output().result(&document(&details), || describe(&details));
        Ok(())
    }
}

/// A device with what is activated on it, for programs.
fn document(details: &DeviceDetails) -> Value {
    let license = |on: &DeviceLicense| {
        json!({
            "id": on.license.id.0,
            "key": on.license.key.as_str(),
            "product": on.license.product.name.as_str(),
            "activated_at": on.activated_at.to_string(),
        })
    };
    let mut document = details.known.document();
    if let Some(members) = document.as_object_mut() {
        members.insert("licenses".to_owned(), details.licenses.iter().map(license).collect());
    }
    document
}

fn describe(details: &DeviceDetails) -> String {
    let KnownDevice { device, .. } = &details.known;
    let head = fields(&[
        ("Device", device.identity.id.clone()),
        ("Type", device.identity.id_type.clone()),
        ("Publisher", device.identity.publisher_name.clone()),
        ("Identity name", device.identity_name.clone()),
        ("Class", device.class.as_str().to_owned()),
        ("Status", device.status.as_str().to_owned()),
        ("Customer", customer(&details.known).unwrap_or("none").to_owned()),
        ("Registered", device.registered_at.to_string()),
        ("Last seen", device.last_seen_at.to_string()),
    ]);
    let row = |on: &DeviceLicense| {
        let license = &on.license;
        [
            license.id.to_string(),
            license.key.as_str().to_owned(),
            license.product.name.to_string(),
            on.activated_at.to_string(),
        ]
    };
    let rows: Vec<_> = details.licenses.iter().map(row).collect();
    let licenses = table(["LICENSE", "KEY", "PRODUCT", "ACTIVATED"], &rows, "No license is activated on the device.");
    format!("{head}\n\n{licenses}")
}

impl Listed<7> for KnownDevice {
    const TITLES: [&'static str; 7] = ["ROW", "DEVICE", "TYPE", "PUBLISHER", "CLASS", "STATUS", "CUSTOMER"];
    const EMPTY: &'static str =
        "There is no device; devices register by themselves, or are entered: countersign device add ID";

    fn position(&self) -> i64 {
        self.device.id.0
    }

    fn document(&self) -> Value {
        let device = &self.device;
        json!({
            "row": device.id.0,
            "id": device.identity.id,
            "id_type": device.identity.id_type,
            "publisher": device.identity.publisher_name,
            "identity_name": device.identity_name,
            "class": device.class.as_str(),
            "status": device.status.as_str(),
            "customer": customer(self),
            "registered_at": device.registered_at.to_string(),
            "last_seen_at": device.last_seen_at.to_string(),
        })
    }

    fn row(&self) -> [String; 7] {
        let device = &self.device;
        [
            device.id.to_string(),
            device.identity.id.clone(),
            device.identity.id_type.clone(),
            device.identity.publisher_name.clone(),
            device.class.as_str().to_owned(),
            device.status.as_str().to_owned(),
            customer(self).unwrap_or_default().to_owned(),
        ]
    }
}

fn customer(known: &KnownDevice) -> Option<&str> {
    known.customer.as_ref().map(CustomerName::as_str)
}
