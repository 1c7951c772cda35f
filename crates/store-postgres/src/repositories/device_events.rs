//! Events that devices have logged.

use async_trait::async_trait;
use countersign_domain::device::{DeviceIdentity, Language};
use countersign_domain::ids::{DeviceEventId, DeviceId, SiteId};
use countersign_domain::report::{DeviceEvent, KeptDeviceEvent};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{DeviceEvents, Page};
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const INSERT: &str = "insert into device_events (site, device, name, category, value, package_id, update_id,
    update_name, platform, language, reported_at, received_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const COUNT_AFTER: &str = "select count(*) from device_events where device = $1 and received_at > $2";
const LIST: &str =
    "select e.id, e.device, e.name, e.category, e.value, e.package_id, e.update_id, e.update_name, e.platform,
    e.language, e.reported_at, e.received_at, d.host_id, d.id_type, d.publisher
    from device_events e join devices d on d.id = e.device
    where e.site = $1 and e.id > $2 order by e.id limit $3";
const LIST_OF_DEVICE: &str =
    "select e.id, e.device, e.name, e.category, e.value, e.package_id, e.update_id, e.update_name, e.platform,
    e.language, e.reported_at, e.received_at, d.host_id, d.id_type, d.publisher
    from device_events e join devices d on d.id = e.device
    where e.site = $1 and e.id > $2 and e.device = $4 order by e.id limit $3";
/// As with status reports: what another node has in hand is skipped, and the rows are chosen once.
const DELETE_BEFORE: &str = "delete from device_events where received_at < $2 and id = any(array(
    select id from device_events where site = $1 order by id limit $3 for update skip locked))";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, COUNT_AFTER, LIST, LIST_OF_DEVICE, DELETE_BEFORE];

#[async_trait]
impl DeviceEvents for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        device: DeviceId,
        event: &DeviceEvent,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let values: [Value<'_>; 12] = [
            &site.0,
            &device.0,
            &event.name,
            &event.group,
            &event.value,
            &event.package,
            &event.update,
            &event.update_name,
            &event.platform,
            &i64::from(event.language.0),
            &event.reported_at.unwrap_or(now).as_millis(),
            &now.as_millis(),
        ];
        self.changed(INSERT, &values).await?;
        Ok(())
    }

    async fn count_after(&mut self, device: DeviceId, after: Timestamp) -> Result<u32, StoreError> {
        let count = self.first(COUNT_AFTER, &[&device.0, &after.as_millis()], |row| column::<i64>(row, 0)).await?;
        // More than fit are too many for any limit as well.
        Ok(count.map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX)))
    }

    async fn list(
        &mut self,
        site: SiteId,
        device: Option<DeviceId>,
        page: Page,
    ) -> Result<Vec<KeptDeviceEvent>, StoreError> {
        let limit = i64::from(page.limit);
        match device {
            Some(device) => self.all(LIST_OF_DEVICE, &[&site.0, &page.after, &limit, &device.0], device_event).await,
            None => self.all(LIST, &[&site.0, &page.after, &limit], device_event).await,
        }
    }

    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.changed(DELETE_BEFORE, &[&site.0, &before.as_millis(), &i64::from(limit)]).await
    }
}

fn device_event(row: &Row) -> Result<KeptDeviceEvent, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "device_events", row: id };
    Ok(KeptDeviceEvent {
        id: DeviceEventId(id),
        device: DeviceId(column(row, 1)?),
        identity: DeviceIdentity { id: column(row, 12)?, id_type: column(row, 13)?, publisher_name: column(row, 14)? },
        event: DeviceEvent {
            name: column(row, 2)?,
            group: column(row, 3)?,
            value: column(row, 4)?,
            package: column(row, 5)?,
            update: column(row, 6)?,
            update_name: column(row, 7)?,
            platform: column(row, 8)?,
            language: Language(place.check("language", u32::try_from(column::<i64>(row, 9)?))?),
            reported_at: Some(time(column(row, 10)?)),
        },
        received_at: time(column(row, 11)?),
    })
}
