//! Registering a device, with or without the activation of a license (`docs/protocol/device.md`, "Registration").

use countersign_domain::changes::Changes;
use countersign_domain::device::{Device, DeviceClass, DeviceIdentity, DeviceStatus};
use countersign_domain::event::{Event, Happened};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::{ActivationRefusal, Holder};
use countersign_domain::text::LicenseKey;
use countersign_store::StoreError;
use countersign_store::repositories::{NewDevice, Tx};

use super::AuthenticatedDevice;
use super::told::{NotKept, heard_of};
use crate::licensing::{activate_on, note_change};
use crate::polling::Problem;
use crate::{Ctx, Fault};

/// What a device says when it registers.
#[derive(Clone, PartialEq, Eq)]
pub struct Registration {
    /// Who it is.
    pub identity: DeviceIdentity,
    /// The publisher identity (`identityName`); may be empty.
    pub identity_name: String,
    /// The license to activate (`activationId`); `None` for an anonymous device.
    pub activation_id: Option<LicenseKey>,
}

/// Registers a device; with an activation ID, activates that license on it, within the limit of the license.
///
/// Repeating a registration changes nothing. An anonymous device that comes with an activation ID belongs to the license's
/// customer from then on. A registration that is refused leaves nothing behind.
///
/// # Errors
/// [`NotKept::Problem`] says why the device was not registered.
pub async fn register(ctx: &Ctx, by: AuthenticatedDevice, registration: Registration) -> Result<(), NotKept> {
    let (site, actor) = (by.site(), ctx.actor());
    ctx.write(site, move |tx| {
        Box::pin(async move {
            // The license before the device, as everywhere: two registrations never wait for each other.
            let license = match &registration.activation_id {
                Some(key) => Some(tx.licenses().lock(site, key).await?.ok_or(Problem::UnknownActivation)?),
                None => None,
            };
            let mut events = Vec::new();
            let holder = license.as_ref().map(|license| license.holder);
            let device = find_or_insert(tx, site, &registration, holder, &mut events).await?;
            // Now that nobody is waited for any more: a time from before would be older than what others have written.
            let now = tx.now().await?;
            if device.class != DeviceClass::Client {
                return Err(Problem::NotRegistrable.into());
            }
            match license {
                Some(license) => {
                    let activated = activate_on(tx, &license, &device, now, &mut events).await?;
                    activated.map_err(Problem::Activation)?;
                }
                None if device.status == DeviceStatus::Obsolete => {
                    return Err(Problem::Activation(ActivationRefusal::Obsolete).into());
                }
                None => {}
            }
            if device.status == DeviceStatus::Returned {
                tx.devices().set_status(device.id, DeviceStatus::Active).await?;
                let status = Changes::of("status", device.status.as_str(), DeviceStatus::Active.as_str());
                note_change(&mut events, device.id, status);
            }
            heard_of(tx, device.known(), now).await?;
            for event in events {
                tx.outbox().insert_changed(site, &event, &actor, now).await?;
            }
            Ok(())
        })
    })
    .await
}

/// The device, locked: the one that is known, or a new one, which belongs to the holder of the license.
async fn find_or_insert(
    tx: &mut dyn Tx,
    site: SiteId,
    registration: &Registration,
    holder: Option<Holder>,
    events: &mut Vec<Happened>,
) -> Result<Device, NotKept> {
    if let Some(device) = tx.devices().lock(site, &registration.identity).await? {
        return Ok(device);
    }
    let new = NewDevice {
        identity: registration.identity.clone(),
        identity_name: registration.identity_name.clone(),
        class: DeviceClass::Client,
        customer: holder.map(|holder| holder.customer),
    };
    let now = tx.now().await?;
    if let Some(id) = tx.devices().insert(site, &new, now).await? {
        events.push(Event::DeviceRegistered(id).into());
        let NewDevice { identity, identity_name, class, .. } = new;
        let status = DeviceStatus::Active;
        let (registered_at, last_seen_at) = (now, now);
        return Ok(Device { id, identity, identity_name, class, status, holder, registered_at, last_seen_at });
    }
    // Another unit has inserted it in the meantime; inserting waited for that one.
    let device = tx.devices().lock(site, &registration.identity).await?;
    Ok(device.ok_or(Fault::Store(StoreError::OutcomeUnknown))?)
}
