//! Devices that a site knows.

use async_trait::async_trait;
use countersign_domain::device::{Device, DeviceClass, DeviceIdentity, DeviceStatus, KnownDevice};
use countersign_domain::ids::{CustomerId, DeviceId, LicenseId, SiteId};
use countersign_domain::text::HardwareId;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Devices, NewDevice, Page};
use rusqlite::{Row, params};

use super::customers::holder;
use crate::rows::{Place, all, changed, column, first, new_row, text, time};
use crate::transaction::SqliteTx;

/// A statement that reads devices `d` with whose they are; the rest is its condition.
macro_rules! select_devices {
    ($rest:literal) => {
        concat!(
            "select d.id, d.host_id, d.id_type, d.publisher, d.identity_name, d.class, d.status, c.id, c.account,
            d.registered_at, d.last_seen_at from devices d left join customers c on c.id = d.customer ",
            $rest
        )
    };
}

const INSERT: &str = "insert into devices (site, host_id, id_type, publisher, identity_name, class, status, customer,
    registered_at, last_seen_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9) on conflict do nothing";
const FIND: &str = select_devices!("where d.site = ?1 and d.host_id = ?2 and d.id_type = ?3 and d.publisher = ?4");
const FIND_KNOWN: &str = "select id, class, status, customer, license, last_seen_at from devices
    where site = ?1 and host_id = ?2 and id_type = ?3 and publisher = ?4";
const FIND_BY_ID: &str = select_devices!("where d.site = ?1 and d.id = ?2");
const LIST: &str = select_devices!("where d.site = ?1 and d.id > ?2 order by d.id limit ?3");
// The plus keeps the index on the site, whose devices are many, out of the choice.
const LIST_OF_CUSTOMER: &str =
    select_devices!("where +d.site = ?1 and d.customer = ?4 and d.id > ?2 order by d.id limit ?3");
const LIST_BY_HARDWARE: &str =
    select_devices!("where d.site = ?1 and d.host_id = ?2 order by d.id_type, d.publisher limit ?3");
const SET_CUSTOMER: &str = "update devices set customer = ?2 where id = ?1";
const SET_STATUS: &str = "update devices set status = ?2 where id = ?1";
const SET_LAST_SEEN: &str = "update devices set last_seen_at = ?2 where id = ?1";

/// Most devices of one host ID that are looked at: they differ in kind or publisher only.
const SAME_HARDWARE: i64 = 8;

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    FIND,
    FIND_KNOWN,
    FIND_BY_ID,
    LIST,
    LIST_OF_CUSTOMER,
    SET_CUSTOMER,
    SET_STATUS,
    SET_LAST_SEEN,
    LIST_BY_HARDWARE,
];

#[async_trait]
impl Devices for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        device: &NewDevice,
        now: Timestamp,
    ) -> Result<Option<DeviceId>, StoreError> {
        let values = params![
            site.0,
            device.identity.id,
            device.identity.id_type,
            device.identity.publisher_name,
            device.identity_name,
            device.class.as_str(),
            DeviceStatus::Active.as_str(),
            device.customer.map(|customer| customer.0),
            now.as_millis(),
        ];
        self.attempt(|c| Ok(new_row(c, INSERT, values)?.map(DeviceId)))
    }

    async fn find(&mut self, site: SiteId, identity: &DeviceIdentity) -> Result<Option<Device>, StoreError> {
        let values = (site.0, &identity.id, &identity.id_type, &identity.publisher_name);
        self.attempt(|c| first(c, FIND, values, device))
    }

    async fn find_by_id(&mut self, site: SiteId, id: DeviceId) -> Result<Option<Device>, StoreError> {
        self.attempt(|c| first(c, FIND_BY_ID, (site.0, id.0), device))
    }

    async fn find_each(&mut self, site: SiteId, ids: &[DeviceId]) -> Result<Vec<Device>, StoreError> {
        let find = |c: &_, id: &DeviceId| first(c, FIND_BY_ID, (site.0, id.0), device).transpose();
        self.attempt(|c| ids.iter().filter_map(|id| find(c, id)).collect())
    }

    async fn lock(&mut self, site: SiteId, identity: &DeviceIdentity) -> Result<Option<Device>, StoreError> {
        // There is one writer: whatever a unit reads stays true until it ends.
        Devices::find(self, site, identity).await
    }

    async fn list_by_hardware(&mut self, site: SiteId, hardware: &HardwareId) -> Result<Vec<Device>, StoreError> {
        self.attempt(|c| all(c, LIST_BY_HARDWARE, (site.0, hardware.as_str(), SAME_HARDWARE), device))
    }

    async fn find_known(&mut self, site: SiteId, identity: &DeviceIdentity) -> Result<Option<KnownDevice>, StoreError> {
        let values = (site.0, &identity.id, &identity.id_type, &identity.publisher_name);
        self.attempt(|c| first(c, FIND_KNOWN, values, known))
    }

    async fn lock_known(&mut self, site: SiteId, identity: &DeviceIdentity) -> Result<Option<KnownDevice>, StoreError> {
        self.find_known(site, identity).await
    }

    async fn list(
        &mut self,
        site: SiteId,
        customer: Option<CustomerId>,
        page: Page,
    ) -> Result<Vec<Device>, StoreError> {
        self.attempt(|c| match customer {
            Some(customer) => all(c, LIST_OF_CUSTOMER, (site.0, page.after, page.limit, customer.0), device),
            None => all(c, LIST, (site.0, page.after, page.limit), device),
        })
    }

    async fn set_customer(&mut self, device: DeviceId, customer: Option<CustomerId>) -> Result<bool, StoreError> {
        let values = (device.0, customer.map(|customer| customer.0));
        self.attempt(|c| Ok(changed(c, SET_CUSTOMER, values)? == 1))
    }

    async fn set_status(&mut self, device: DeviceId, status: DeviceStatus) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, SET_STATUS, (device.0, status.as_str()))? == 1))
    }

    async fn set_last_seen(&mut self, device: DeviceId, now: Timestamp) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, SET_LAST_SEEN, (device.0, now.as_millis()))? == 1))
    }
}

pub(super) fn device(row: &Row<'_>) -> Result<Device, StoreError> {
    let id: i64 = column(row, 0)?;
    let has_holder = column::<Option<i64>>(row, 7)?.is_some();
    Ok(Device {
        id: DeviceId(id),
        identity: identity(row, 1)?,
        identity_name: column(row, 4)?,
        class: class(id, row, 5)?,
        status: status(id, row, 6)?,
        holder: has_holder.then(|| holder(row, 7)).transpose()?,
        registered_at: time(column(row, 9)?),
        last_seen_at: time(column(row, 10)?),
    })
}

fn known(row: &Row<'_>) -> Result<KnownDevice, StoreError> {
    let id: i64 = column(row, 0)?;
    Ok(KnownDevice {
        id: DeviceId(id),
        class: class(id, row, 1)?,
        status: status(id, row, 2)?,
        customer: column::<Option<i64>>(row, 3)?.map(CustomerId),
        license: column::<Option<i64>>(row, 4)?.map(LicenseId),
        last_seen_at: time(column(row, 5)?),
    })
}

fn class(device: i64, row: &Row<'_>, index: usize) -> Result<DeviceClass, StoreError> {
    Place { table: "devices", row: device }.present("class", DeviceClass::parse(text(row, index)?))
}

fn status(device: i64, row: &Row<'_>, index: usize) -> Result<DeviceStatus, StoreError> {
    Place { table: "devices", row: device }.present("status", DeviceStatus::parse(text(row, index)?))
}

/// An identity from the three columns that start at `from`: host ID, its kind, publisher.
pub(super) fn identity(row: &Row<'_>, from: usize) -> Result<DeviceIdentity, StoreError> {
    Ok(DeviceIdentity {
        id: column(row, from)?,
        id_type: column(row, from + 1)?,
        publisher_name: column(row, from + 2)?,
    })
}
