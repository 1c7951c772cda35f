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
    let Device { id, holder, status, .. } = *device;
    let registrant = Registrant { device: Some(id), holder, status, activated, virtual_machine: false };
    match decide(license, registrant, now) {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(Step::Keep) => {}
        Ok(Step::Activate) => {
            write_activation(tx, license, device, now).await?;
            events.push(Event::LicenseActivated(license.id, device.id));
        }
    }
    if device.holder.is_none() {
        tx.devices().set_customer(device.id, Some(license.holder.customer)).await?;
        note_change(events, device.id);
    }
    Ok(Ok(()))
}

/// Writes an activation, with what it makes of the license: the first one sets its last days.
pub(crate) async fn write_activation(
    tx: &mut dyn Tx,
    license: &License,
    device: &Device,
    now: Timestamp,
) -> Result<License, StoreError> {
    let mut noted = license.clone();
    noted.note_activation(device.id, now);
    tx.activations().insert_with_usage((license.id, device.id), &noted.usage, now).await?;
    if noted.terms != license.terms {
        tx.licenses().set_terms(license.id, &noted.terms).await?;
    }
    if noted.rules != license.rules {
        tx.licenses().set_rules(license.id, &noted.rules).await?;
    }
    for (before, after) in license.features.iter().zip(&noted.features).filter(|(before, after)| before != after) {
        tx.licenses().set_feature(license.id, before.id, &after.rules, after.meter).await?;
    }
    noted.activations = noted.activations.saturating_add(1);
    Ok(noted)
}

/// Notes that a device has changed, unless that is told already or the device is new.
pub(crate) fn note_change(events: &mut Vec<Event>, device: DeviceId) {
    if ![Event::DeviceRegistered(device), Event::DeviceChanged(device)].iter().any(|told| events.contains(told)) {
        events.push(Event::DeviceChanged(device));
    }
}
