//! The walk of a registered device: what its activation ID opens, and what it tells the producer.

use anyhow::{Context as _, Result, bail, ensure};
use countersign_client::{
    ClientError, DeviceClient, DeviceEvent, Identity, Registration, StatusReport, UpdateItem, UpdateStage,
};
use countersign_crypto::Secret;

use super::steps::Steps;
use super::tour::{SIGNATURE, Tour};
use super::updating::{fetch_manifest, find};
use crate::amounts::bytes;
use crate::output::Output;

impl Tour {
    /// Registers the device, takes the update that this opens, and reports about it. Returns the size of its files in
    /// bytes.
    pub(super) fn walk_registration(&self, client: &DeviceClient, steps: &mut Steps) -> Result<u64> {
        let device = self.question.device.as_ref().context("the device has no name")?;
        steps.take("Registration, unknown activation ID", REGISTRATION, || {
            let made_up = Secret::new(format!("{}X", self.activation_id.expose()));
            match client.register(&Registration::new(device.clone(), Some(made_up))) {
                Err(ClientError::Declined { message, .. }) if message.key == "activation.unknown" => {
                    Ok((format!("refused with {}", message.key), ()))
                }
                Err(error) => Err(error.into()),
                Ok(()) => bail!("a device was registered with an activation ID that nobody has issued"),
            }
        })?;
        steps.take("Registration", REGISTRATION, || {
            let activation_id = Secret::new(self.activation_id.expose().clone());
            client.register(&Registration::new(device.clone(), Some(activation_id)))?;
            Ok((format!("{} of {} registered with its activation ID", device.id, device.publisher_name), ()))
        })?;
        let list = steps.take("Registered device, signed list", SIGNATURE, || {
            let list = client.check(&self.question)?;
            ensure!(list.notice.is_none(), "the device is registered, but the list has a notice");
            find(&list, &self.open)?;
            let item = find(&list, &self.licensed)?;
            let said = format!(
                "signature verified; offered besides, because of the license: {} -> {}",
                item.from_package, item.to_package
            );
            Ok((said, list))
        })?;
        let item = find(&list, &self.licensed)?;
        let output = steps.output();
        let size = steps.take("Licensed update and status log", REPORT, || {
            let size = self.take_reporting(client, item, output)?;
            let said = "reported: download started, download completed, install completed";
            Ok((format!("{}, SHA-256 as published; {said}", bytes(size)), size))
        })?;
        steps.take("Event", REPORT, || {
            log_event(client, device, item)?;
            Ok(("selfTest logged".to_owned(), ()))
        })?;
        Ok(size)
    }

    /// Downloads an update, and reports before and after. Returns the size of its files in bytes.
    fn take_reporting(&self, client: &DeviceClient, item: &UpdateItem, output: Output) -> Result<u64> {
        let report = |stage| client.report(&StatusReport::about(&self.question, item, stage));
        let manifest = fetch_manifest(client, item, &self.licensed)?;
        report(UpdateStage::DownloadStarted)?;
        let mut total = 0_u64;
        for (position, published) in self.licensed.files.iter().enumerate() {
            total = total.saturating_add(self.download(client, (&manifest, position), published, output)?);
        }
        report(UpdateStage::DownloadCompleted)?;
        // Nothing is installed here; that a device would say so now is what is shown.
        report(UpdateStage::InstallCompleted)?;
        Ok(total)
    }
}

fn log_event(client: &DeviceClient, device: &Identity, item: &UpdateItem) -> Result<(), ClientError> {
    client.log_event(&DeviceEvent {
        group: "afterUpdate".to_owned(),
        value: "pass 14/14".to_owned(),
        update_id: item.update_id.clone(),
        package: item.to_package.clone(),
        ..DeviceEvent::new(device.clone(), "selfTest")
    })
}

const REGISTRATION: &str =
    "see the cause below; begin anew with another --data directory if licenses or devices were changed by hand";
const REPORT: &str = "see the cause below, and the log above";
