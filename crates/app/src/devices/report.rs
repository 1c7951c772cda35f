//! Reports of devices: how an update goes, and events of their own.

use std::sync::Arc;
use std::time::Duration;

use countersign_crypto::sha256;
use countersign_domain::device::{DeviceIdentity, DeviceStatus};
use countersign_domain::report::{DeviceEvent, StatusReport};
use countersign_domain::time::Timestamp;
use countersign_store::repositories::NewStatusReport;

use super::AuthenticatedDevice;
use super::told::{NotKept, heard_of};
use crate::Ctx;
use crate::polling::Problem;
use crate::sites::SiteSnapshot;

/// The time over which events of a device are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// Keeps a report about an update. The time of the report is when it is received, if the device gave none.
///
/// A report that says the same as one before it is taken and not kept twice. A report of a device that the site does not
/// know is kept, too, and answered with [`Problem::UnknownDevice`].
///
/// # Errors
/// [`NotKept::Problem`] says what is wrong.
pub async fn report_status(
    ctx: &Ctx,
    by: AuthenticatedDevice,
    snapshot: &Arc<SiteSnapshot>,
    report: StatusReport,
) -> Result<(), NotKept> {
    let known = |snapshot: &Arc<SiteSnapshot>| snapshot.catalog().update(&report.update).map(|_| ()).ok_or(());
    let (_, known) = ctx.certainly(snapshot, known).await?;
    known.map_err(|()| Problem::UnknownUpdate(report.update.to_string()))?;
    let site = by.site();
    let unknown = ctx
        .write::<_, NotKept, _>(site, move |tx| {
            Box::pin(async move {
                let now = tx.now().await?;
                let Some(identity) = report.identity.clone() else {
                    let new = NewStatusReport { device: None, report, fold: None };
                    tx.status_reports().insert(site, &new, now).await?;
                    return Ok(None);
                };
                let fold = Some(fold(&identity, &report, now));
                let device = tx.devices().find_known(site, &identity).await?;
                let new = NewStatusReport { device: device.map(|device| device.id), report, fold };
                tx.status_reports().insert(site, &new, now).await?;
                match device {
                    Some(device) => {
                        heard_of(tx, device, now).await?;
                        Ok(None)
                    }
                    None => Ok(Some(Problem::UnknownDevice(identity.id))),
                }
            })
        })
        .await?;
    unknown.map_or(Ok(()), |problem| Err(problem.into()))
}

/// Keeps an event that a registered device has logged. The time of the event is when it is received, if the device gave
/// none.
///
/// # Errors
/// [`NotKept::Problem`] when the device is not known or not in use, [`NotKept::TooMany`] when it has logged too many in a minute.
pub async fn log_event(
    ctx: &Ctx,
    by: AuthenticatedDevice,
    identity: DeviceIdentity,
    event: DeviceEvent,
) -> Result<(), NotKept> {
    let (site, clock, most) = (by.site(), ctx.now(), ctx.rates.device_events());
    ctx.write(site, move |tx| {
        Box::pin(async move {
            // Locked, so that the count stays what it is until this event is kept.
            let device = tx.devices().lock_known(site, &identity).await?;
            let in_use = device.filter(|device| device.status == DeviceStatus::Active);
            let device = in_use.ok_or(Problem::UnknownDevice(identity.id))?;
            let now = tx.now().await?;
            // A store whose time stands still, after a clock was far ahead, would count all events for ever.
            let stands_still = now > clock.plus(MINUTE);
            if !stands_still && tx.device_events().count_after(device.id, now.minus(MINUTE)).await? >= most {
                return Err(NotKept::TooMany { seconds: 60 });
            }
            tx.device_events().insert(site, device.id, &event, now).await?;
            Ok(heard_of(tx, device, now).await?)
        })
    })
    .await
}

/// Equal for reports of one device about one update with the same code and time.
///
/// The time comes first: reports arrive in about its order, so that a store writes neighbors and not all over an index.
fn fold(identity: &DeviceIdentity, report: &StatusReport, now: Timestamp) -> [u8; 16] {
    let time = report.reported_at.unwrap_or(now).as_millis().to_be_bytes();
    let mut bytes = Vec::new();
    for text in [&identity.id, &identity.id_type, &identity.publisher_name, &report.update.to_string()] {
        // The length first, so that no two lists of texts read alike.
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes.extend(report.code.to_be_bytes());
    bytes.extend(time);
    let digest = sha256(&bytes);
    let mut fold = [0; 16];
    let parts = time.iter().skip(TIME_ABOVE).chain(&digest);
    fold.iter_mut().zip(parts).for_each(|(place, byte)| *place = *byte);
    fold
}

/// Bytes of a time that say nothing for some thousand years; the digest has all of them.
const TIME_ABOVE: usize = 2;
