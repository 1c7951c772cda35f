//! `countersign device set`, `return` and `retire`.

use anyhow::Result;
use clap::Args;
use countersign_app::licensing::devices;
use countersign_domain::device::{DeviceIdentity, DeviceStatus};
use countersign_domain::text::CustomerName;
use serde_json::{Value, json};

use super::NamedDevice;
use crate::amounts::count;
use crate::options::Options;

/// Whose a device is from now on.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign device set PUMP-0077 --publisher acme --customer Nordwind
  countersign device set PUMP-0077 --publisher acme --no-customer

Licenses of another account must be released first: countersign license release, or all at once countersign device return.")]
pub(crate) struct SetDevice {
    #[command(flatten)]
    device: NamedDevice,
    #[command(flatten)]
    owner: Owner,
}

/// Whose it is; one of these.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Owner {
    /// Customer that it belongs to.
    #[arg(long, value_name = "NAME")]
    customer: Option<CustomerName>,
    /// It belongs to nobody.
    #[arg(long)]
    no_customer: bool,
}

impl SetDevice {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let (identity, customer) = (self.device.identity(), self.owner.customer);
        options
            .on_site(async |ctx, site| {
                Ok(devices::set_customer(ctx, site.id, identity.clone(), customer.clone()).await?)
            })
            .await?;
        let customer = customer.as_ref().map(CustomerName::as_str);
        let sentence = format!("Device {} belongs to {}.", identity.id, customer.unwrap_or("nobody"));
        options.output().done(&document(&identity, "customer", customer.into()), &sentence);
        Ok(())
    }
}

pub(super) async fn give_back(identity: DeviceIdentity, options: &Options) -> Result<()> {
    let returned =
        options.on_site(async |ctx, site| Ok(devices::give_back(ctx, site.id, identity.clone()).await?)).await?;
    let mut document = document(&identity, "status", DeviceStatus::Returned.as_str().into());
    if let Some(members) = document.as_object_mut() {
        members.insert("released".to_owned(), returned.released.into());
    }
    let released = count(returned.released, "license");
    options.output().done(&document, &format!("Device {} is returned; {released} released.", identity.id));
    Ok(())
}

pub(super) async fn retire(identity: DeviceIdentity, options: &Options) -> Result<()> {
    options.on_site(async |ctx, site| Ok(devices::retire(ctx, site.id, identity.clone()).await?)).await?;
    let document = document(&identity, "status", DeviceStatus::Obsolete.as_str().into());
    let sentence = format!("Device {} is obsolete; what is activated on it stays activated.", identity.id);
    options.output().done(&document, &sentence);
    Ok(())
}

fn document(identity: &DeviceIdentity, member: &str, value: Value) -> Value {
    let DeviceIdentity { id, id_type, publisher_name } = identity;
    let mut document = json!({ "id": id, "id_type": id_type, "publisher": publisher_name });
    if let Some(members) = document.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
    document
}
