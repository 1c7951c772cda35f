//! Activating a license on a device: one way for every door.

use countersign_domain::device::Device;
use countersign_domain::event::Event;
use countersign_domain::ids::DeviceId;
use countersign_domain::licensing::{ActivationRefusal, License, Registrant, Step, decide};
use countersign_domain::time::Timestamp;
use countersign_store::{StoreError, Tx};

/// Activates a license on a device, both locked, if the rules let it. A device of nobody belongs to the license's customer
/// from then on. What happened is added to the events.
pub(crate) async fn activate_on(
    tx: &mut dyn Tx,
    license: &License,
    device: &Device,
    now: Timestamp,
    events: &mut Vec<Event>,
) -> Result<Result<(), ActivationRefusal>, StoreError> {
    let activated = tx.activations().find(license.id, device.id).await?.is_some();
    let registrant = Registrant { holder: device.holder, status: device.status, activated };
    match decide(license, registrant, now.date()) {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(Step::Keep) => {}
        Ok(Step::Activate) => {
            tx.activations().insert(license.id, device.id, now).await?;
            events.push(Event::LicenseActivated(license.id, device.id));
        }
    }
    if device.holder.is_none() {
        tx.devices().set_customer(device.id, Some(license.holder.customer)).await?;
        note_change(events, device.id);
    }
    Ok(Ok(()))
}

/// Notes that a device has changed, unless that is told already or the device is new.
pub(crate) fn note_change(events: &mut Vec<Event>, device: DeviceId) {
    if ![Event::DeviceRegistered(device), Event::DeviceChanged(device)].iter().any(|told| events.contains(told)) {
        events.push(Event::DeviceChanged(device));
    }
}
