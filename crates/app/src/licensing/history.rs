//! What has become of a license: activations, changes, and the units that were counted.

use std::collections::HashMap;

use countersign_domain::device::DeviceIdentity;
use countersign_domain::event::{CommittedEvent, EventParts};
use countersign_domain::ids::{DeviceId, SiteId};
use countersign_domain::text::{FeatureCode, LicenseKey};
use countersign_store::StoreError;
use countersign_store::repositories::Page;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Something that has happened to a license.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// What, when, and who did it.
    pub event: CommittedEvent,
    /// The device that had to do with it.
    pub device: Option<DeviceIdentity>,
    /// The feature whose units were counted, if the license still includes it.
    pub feature: Option<FeatureCode>,
}

/// Why there is no history. None of these carries a license key.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No such license.
    #[error("this site has no license with this key; see: countersign license list")]
    UnknownLicense,
}

takes_store_errors!(HistoryError);

/// The history of a license, by row id of its events, for as long as the site keeps events.
///
/// # Errors
/// [`HistoryError::UnknownLicense`] when there is no license with this key.
pub async fn list(ctx: &Ctx, site: SiteId, key: LicenseKey, page: Page) -> Result<Vec<Happened>, HistoryError> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let license = tx.licenses().find(site, &key).await?.ok_or(HistoryError::UnknownLicense)?;
                let (mut history, mut known) = (Vec::new(), HashMap::new());
                for event in tx.outbox().list_of_license(site, license.id, page).await? {
                    let EventParts { device, counted, .. } = event.event.parts();
                    let (device, feature) = (device.map(DeviceId), counted.and_then(|counted| counted.feature));
                    if let Some(id) = device
                        && !known.contains_key(&id)
                    {
                        let device = tx.devices().find_by_id(site, id).await?;
                        let row = event.id.0;
                        let broken = StoreError::BrokenRow { table: "outbox", column: "device", row };
                        known.insert(id, device.ok_or(broken)?.identity);
                    }
                    let feature = license.features.iter().find(|included| Some(included.id) == feature);
                    history.push(Happened {
                        event,
                        device: device.and_then(|id| known.get(&id).cloned()),
                        feature: feature.map(|included| included.code.clone()),
                    });
                }
                Ok(history)
            })
        })
        .await
}
