//! Events that devices have logged.

use async_trait::async_trait;
use countersign_domain::device::Language;
use countersign_domain::ids::{DeviceEventId, DeviceId, SiteId};
use countersign_domain::report::{DeviceEvent, KeptDeviceEvent};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{DeviceEvents, Page};
use rusqlite::{Row, params};

use super::devices::identity;
use crate::rows::{Place, all, changed, column, first, removed, time};
use crate::transaction::SqliteTx;

const INSERT: &str =
    "insert into device_events (site, device, name, category, value, package_id, update_id, update_name,
    platform, language, reported_at, received_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const COUNT_AFTER: &str = "select count(*) from device_events where device = ?1 and received_at > ?2";
const LIST: &str =
    "select e.id, e.device, e.name, e.category, e.value, e.package_id, e.update_id, e.update_name, e.platform,
    e.language, e.reported_at, e.received_at, d.host_id, d.id_type, d.publisher
    from device_events e join devices d on d.id = e.device
    where e.site = ?1 and e.id > ?2 order by e.id limit ?3";
// The plus keeps the index on the site, whose events are many, out of the choice.
const LIST_OF_DEVICE: &str =
    "select e.id, e.device, e.name, e.category, e.value, e.package_id, e.update_id, e.update_name, e.platform,
    e.language, e.reported_at, e.received_at, d.host_id, d.id_type, d.publisher
    from device_events e join devices d on d.id = e.device
    where +e.site = ?1 and e.device = ?4 and e.id > ?2 order by e.id limit ?3";
const DELETE_BEFORE: &str = "delete from device_events where received_at < ?2 and id in
    (select id from device_events where site = ?1 order by id limit ?3)";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, COUNT_AFTER, LIST, LIST_OF_DEVICE, DELETE_BEFORE];

#[async_trait]
impl DeviceEvents for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        device: DeviceId,
        event: &DeviceEvent,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let values = params![
            site.0,
            device.0,
            event.name,
            event.group,
            event.value,
            event.package,
            event.update,
            event.update_name,
            event.platform,
            event.language.0,
            event.reported_at.unwrap_or(now).as_millis(),
            now.as_millis(),
        ];
        self.attempt(|c| changed(c, INSERT, values).map(|_| ()))
    }

    async fn count_after(&mut self, device: DeviceId, after: Timestamp) -> Result<u32, StoreError> {
        self.attempt(|c| {
            let count = first(c, COUNT_AFTER, (device.0, after.as_millis()), |row| column::<i64>(row, 0))?;
            let place = Place { table: "device_events", row: 0 };
            place.check("count", u32::try_from(place.present("count", count)?))
        })
    }

    async fn list(
        &mut self,
        site: SiteId,
        device: Option<DeviceId>,
        page: Page,
    ) -> Result<Vec<KeptDeviceEvent>, StoreError> {
        self.attempt(|c| match device {
            Some(device) => all(c, LIST_OF_DEVICE, (site.0, page.after, page.limit, device.0), kept),
            None => all(c, LIST, (site.0, page.after, page.limit), kept),
        })
    }

    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.attempt(|c| removed(c, DELETE_BEFORE, (site.0, before.as_millis(), limit)))
    }
}

fn kept(row: &Row<'_>) -> Result<KeptDeviceEvent, StoreError> {
    let event = DeviceEvent {
        name: column(row, 2)?,
        group: column(row, 3)?,
        value: column(row, 4)?,
        package: column(row, 5)?,
        update: column(row, 6)?,
        update_name: column(row, 7)?,
        platform: column(row, 8)?,
        language: Language(column(row, 9)?),
        reported_at: Some(time(column(row, 10)?)),
    };
    Ok(KeptDeviceEvent {
        id: DeviceEventId(column(row, 0)?),
        device: DeviceId(column(row, 1)?),
        identity: identity(row, 12)?,
        event,
        received_at: time(column(row, 11)?),
    })
}
