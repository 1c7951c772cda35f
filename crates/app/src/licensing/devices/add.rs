//! Entering a device.

use countersign_domain::audit::Action;
use countersign_domain::device::{DeviceClass, DeviceIdentity, IDENTITY_LIMIT};
use countersign_domain::event::Event;
use countersign_domain::ids::{DeviceId, SiteId};
use countersign_domain::text::{self, CustomerName, TextError};
use countersign_store::repositories;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// A device to enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDevice {
    /// Who it is; unique in the site.
    pub identity: DeviceIdentity,
    /// The publisher identity that it will name; may be empty.
    pub identity_name: String,
    /// What kind of device it is.
    pub class: DeviceClass,
    /// The customer that it belongs to; `None`: it is anonymous until it activates a license.
    pub customer: Option<CustomerName>,
}

/// Why a device was not entered.
#[derive(Debug, thiserror::Error)]
pub enum AddDeviceError {
    /// A part of the identity cannot be kept.
    #[error(transparent)]
    Broken(#[from] TextError),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The identity is taken.
    #[error("the site knows a device with this identity already; see: countersign device list")]
    Taken,
    /// No such customer.
    #[error("this site has no customer {0:?}; create it first: countersign customer create {0:?}")]
    UnknownCustomer(String),
}

takes_store_errors!(AddDeviceError);

/// Enters a device, which is in use from then on.
///
/// # Errors
/// [`AddDeviceError`] says what is missing or in the way.
pub async fn add(ctx: &Ctx, site: SiteId, device: NewDevice) -> Result<DeviceId, AddDeviceError> {
    let NewDevice { identity, identity_name, class, customer } = device;
    text::check("a host ID", &identity.id, IDENTITY_LIMIT)?;
    text::check("a host ID type", &identity.id_type, IDENTITY_LIMIT)?;
    for (what, text) in [("a publisher", &identity.publisher_name), ("an identity name", &identity_name)] {
        if !text.is_empty() {
            text::check(what, text, IDENTITY_LIMIT)?;
        }
    }
    let actor = ctx.actor();
    ctx.record(site, Action::new("device.add", &identity.id), move |tx| {
        Box::pin(async move {
            let now = tx.now().await?;
            let customer = match customer {
                Some(name) => {
                    let found = tx.customers().find(site, &name).await?;
                    Some(found.ok_or_else(|| AddDeviceError::UnknownCustomer(name.to_string()))?.id)
                }
                None => None,
            };
            let row = repositories::NewDevice { identity, identity_name, class, customer };
            let id = tx.devices().insert(site, &row, now).await?.ok_or(AddDeviceError::Taken)?;
            tx.outbox().insert(site, Event::DeviceRegistered(id), &actor, now).await?;
            Ok(id)
        })
    })
    .await
}
