//! Activating a license on a device: one way for every door.

use countersign_domain::changes::Changes;
use countersign_domain::device::Device;
use countersign_domain::event::{Event, Happened};
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
    events: &mut Vec<Happened>,
) -> Result<Result<(), ActivationRefusal>, StoreError> {
    let activated = tx.activations().find(license.id, device.id).await?.is_some();
    let Device { id, holder, status, .. } = *device;
    let registrant = Registrant { device: Some(id), holder, status, activated, virtual_machine: false };
    match decide(license, registrant, now) {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(Step::Keep) => {}
        Ok(Step::Activate) => {
            let noted = write_activation(tx, license, device, now).await?;
            events.push(activation_event(license, &noted, device.id));
        }
    }
    if device.holder.is_none() {
        tx.devices().set_customer(device.id, Some(license.holder.customer)).await?;
        note_change(events, device.id, Changes::of("customer", None::<&str>, license.customer.as_str()));
    }
    Ok(Ok(()))
}

/// That a license was activated on a device, with what this made of the license.
pub(crate) fn activation_event(before: &License, after: &License, device: DeviceId) -> Happened {
    let changes = Changes::between(&before.members(), &after.members());
    Happened { event: Event::LicenseActivated(before.id, device), changes }
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

/// Notes what has changed about a device, unless the device is new.
pub(crate) fn note_change(events: &mut Vec<Happened>, device: DeviceId, changes: Changes) {
    if events.iter().any(|told| told.event == Event::DeviceRegistered(device)) {
        return;
    }
    match events.iter_mut().find(|told| told.event == Event::DeviceChanged(device)) {
        Some(told) => told.changes.extend(changes),
        None => events.push(Happened { event: Event::DeviceChanged(device), changes }),
    }
}
