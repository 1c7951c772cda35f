//! Events that nobody was told of yet: as if devices had changed while the server was down.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use countersign_domain::audit::{Actor, Channel};
use countersign_domain::device::DeviceIdentity;
use countersign_domain::event::Event;
use countersign_domain::ids::{DeviceId, SiteId};
use countersign_store::Store;

use super::PUBLISHER;
use super::fleet::{SPREAD, device_id};

/// Writes so many events of devices in no order.
pub(super) async fn add(store: &Store, site: SiteId, events: u32, devices: u32) -> Result<()> {
    let all = Arc::new(find_devices(store, site, devices).await?);
    let mut begin = 0;
    while begin < events {
        let (all, end) = (all.clone(), events.min(begin.saturating_add(UNIT)));
        let unit = store.write::<_, anyhow::Error, _>(move |tx| {
            Box::pin(async move {
                let (actor, now) = (Actor::of(Channel::System), tx.now().await?);
                for number in begin..end {
                    let place = number.wrapping_mul(SPREAD) as usize % all.len().max(1);
                    let device = *all.get(place).context("there are no devices")?;
                    tx.outbox().insert(site, Event::DeviceChanged(device), &actor, now).await?;
                }
                Ok(())
            })
        });
        unit.await?;
        begin = end;
    }
    Ok(())
}

async fn find_devices(store: &Store, site: SiteId, devices: u32) -> Result<Vec<DeviceId>> {
    store
        .read::<_, anyhow::Error, _>(move |tx| {
            Box::pin(async move {
                let mut all = Vec::new();
                for number in 0..devices {
                    let (id_type, publisher_name) = ("STRING".to_owned(), PUBLISHER.to_owned());
                    let identity = DeviceIdentity { id: device_id(number), id_type, publisher_name };
                    all.push(tx.devices().find(site, &identity).await?.context("a device is missing")?.id);
                }
                Ok(all)
            })
        })
        .await
}

/// Events in one unit of work.
const UNIT: u32 = 5000;
