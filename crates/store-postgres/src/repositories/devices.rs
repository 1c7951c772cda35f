//! Devices that a site knows.

use async_trait::async_trait;
use countersign_domain::device::{Device, DeviceClass, DeviceIdentity, DeviceStatus, KnownDevice};
use countersign_domain::ids::{CustomerId, DeviceId, SiteId};
use countersign_domain::text::HardwareId;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Devices, NewDevice, Page};
use tokio_postgres::Row;

use super::customers::holder;
use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::{PgTx, now};

/// Devices as [`device`] reads them, with more columns behind.
macro_rules! select_devices {
    ($which:literal) => {
        select_devices!("", $which)
    };
    ($more:expr, $which:literal) => {
        concat!(
            "select d.id, d.host_id, d.id_type, d.publisher, d.identity_name, d.class, d.status, d.registered_at,
                d.last_seen_at, c.id, c.account",
            $more,
            " from devices d left join customers c on c.id = d.customer ",
            $which
        )
    };
}

const INSERT: &str = concat!(
    "insert into devices (site, host_id, id_type, publisher, identity_name, class, status, customer, registered_at,
    last_seen_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) on conflict do nothing returning id, ",
    now!()
);
const FIND: &str = select_devices!("where d.site = $1 and d.host_id = $2 and d.id_type = $3 and d.publisher = $4");
const FIND_NOW: &str = select_devices!(
    concat!(", ", now!()),
    "where d.site = $1 and d.host_id = $2 and d.id_type = $3 and d.publisher = $4"
);
const FIND_KNOWN: &str = "select id, class, status, customer, last_seen_at from devices
    where site = $1 and host_id = $2 and id_type = $3 and publisher = $4";
const FIND_BY_ID: &str = select_devices!("where d.site = $1 and d.id = $2");
const FIND_EACH: &str = select_devices!("where d.site = $1 and d.id = any($2)");
/// Weaker than `for update`: it lets rows that refer to the device be written. A report waits for nobody then, and two
/// units that have each written one can lock the device one after the other; with `for update` each would wait for the
/// other.
const LOCK: &str = "select id from devices where site = $1 and host_id = $2 and id_type = $3 and publisher = $4
    for no key update";
const LOCK_KNOWN: &str = "select id, class, status, customer, last_seen_at from devices
    where site = $1 and host_id = $2 and id_type = $3 and publisher = $4 for no key update";
const LIST: &str = select_devices!("where d.site = $1 and d.id > $2 order by d.id limit $3");
const LIST_OF_CUSTOMER: &str =
    select_devices!("where d.site = $1 and d.id > $2 and d.customer = $4 order by d.id limit $3");
const LIST_BY_HARDWARE: &str =
    select_devices!("where d.site = $1 and d.host_id = $2 order by d.id_type, d.publisher limit $3");
const SET_CUSTOMER: &str = "update devices set customer = $2 where id = $1";
const SET_STATUS: &str = "update devices set status = $2 where id = $1";
const SET_LAST_SEEN: &str = "update devices set last_seen_at = $2 where id = $1";

/// Most devices of one host ID that are looked at: they differ in kind or publisher only.
const SAME_HARDWARE: i64 = 8;

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    FIND,
    FIND_NOW,
    FIND_KNOWN,
    FIND_BY_ID,
    FIND_EACH,
    LOCK,
    LOCK_KNOWN,
    LIST,
    LIST_OF_CUSTOMER,
    SET_CUSTOMER,
    SET_STATUS,
    SET_LAST_SEEN,
    LIST_BY_HARDWARE,
];

#[async_trait]
impl Devices for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        device: &NewDevice,
        now: Timestamp,
    ) -> Result<Option<DeviceId>, StoreError> {
        let (class, status) = (device.class.as_str(), DeviceStatus::Active.as_str());
        let values: [Value<'_>; 9] = [
            &site.0,
            &device.identity.id,
            &device.identity.id_type,
            &device.identity.publisher_name,
            &device.identity_name,
            &class,
            &status,
            &device.customer.map(|customer| customer.0),
            &now.as_millis(),
        ];
        // Whoever inserts a device goes on with it, and needs the time after what may have been waited for.
        let inserted = self.run_all_and_now(&[(INSERT, &values)]).await?.into_iter().next();
        let row = inserted.and_then(|answer| answer.rows.into_iter().next());
        self.check(row.map(|row| column(&row, 0).map(DeviceId)).transpose())
    }

    async fn find(&mut self, site: SiteId, identity: &DeviceIdentity) -> Result<Option<Device>, StoreError> {
        let values: [Value<'_>; 4] = [&site.0, &identity.id, &identity.id_type, &identity.publisher_name];
        self.first(FIND, &values, device).await
    }

    async fn find_by_id(&mut self, site: SiteId, id: DeviceId) -> Result<Option<Device>, StoreError> {
        self.first(FIND_BY_ID, &[&site.0, &id.0], device).await
    }

    async fn find_each(&mut self, site: SiteId, ids: &[DeviceId]) -> Result<Vec<Device>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        self.all(FIND_EACH, &[&site.0, &ids], device).await
    }

    /// Two statements, for the same reason as with `Licenses::lock`: the customer's row is not the one that was locked.
    async fn lock(&mut self, site: SiteId, identity: &DeviceIdentity) -> Result<Option<Device>, StoreError> {
        let values: [Value<'_>; 4] = [&site.0, &identity.id, &identity.id_type, &identity.publisher_name];
        let answers = self.run_all_and_now(&[(LOCK, &values), (FIND_NOW, &values)]).await?;
        let [locked, found] = &answers[..] else { return Err(StoreError::OutcomeUnknown) };
        // What came to be between the two is not locked.
        let found = found.rows.first().filter(|_| !locked.rows.is_empty());
        self.check(found.map(device).transpose())
    }

    async fn list_by_hardware(&mut self, site: SiteId, hardware: &HardwareId) -> Result<Vec<Device>, StoreError> {
        self.all(LIST_BY_HARDWARE, &[&site.0, &hardware.as_str(), &SAME_HARDWARE], device).await
    }

    async fn find_known(&mut self, site: SiteId, identity: &DeviceIdentity) -> Result<Option<KnownDevice>, StoreError> {
        let values: [Value<'_>; 4] = [&site.0, &identity.id, &identity.id_type, &identity.publisher_name];
        self.first(FIND_KNOWN, &values, known).await
    }

    async fn lock_known(&mut self, site: SiteId, identity: &DeviceIdentity) -> Result<Option<KnownDevice>, StoreError> {
        let values: [Value<'_>; 4] = [&site.0, &identity.id, &identity.id_type, &identity.publisher_name];
        self.first(LOCK_KNOWN, &values, known).await
    }

    async fn list(
        &mut self,
        site: SiteId,
        customer: Option<CustomerId>,
        page: Page,
    ) -> Result<Vec<Device>, StoreError> {
        let limit = i64::from(page.limit);
        match customer {
            Some(customer) => self.all(LIST_OF_CUSTOMER, &[&site.0, &page.after, &limit, &customer.0], device).await,
            None => self.all(LIST, &[&site.0, &page.after, &limit], device).await,
        }
    }

    async fn set_customer(&mut self, device: DeviceId, customer: Option<CustomerId>) -> Result<bool, StoreError> {
        let customer = customer.map(|customer| customer.0);
        Ok(self.changed(SET_CUSTOMER, &[&device.0, &customer]).await? == 1)
    }

    async fn set_status(&mut self, device: DeviceId, status: DeviceStatus) -> Result<bool, StoreError> {
        Ok(self.changed(SET_STATUS, &[&device.0, &status.as_str()]).await? == 1)
    }

    async fn set_last_seen(&mut self, device: DeviceId, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.changed(SET_LAST_SEEN, &[&device.0, &now.as_millis()]).await? == 1)
    }
}

pub(super) fn device(row: &Row) -> Result<Device, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "devices", row: id };
    Ok(Device {
        id: DeviceId(id),
        identity: DeviceIdentity { id: column(row, 1)?, id_type: column(row, 2)?, publisher_name: column(row, 3)? },
        identity_name: column(row, 4)?,
        class: place.present("class", DeviceClass::parse(&column::<String>(row, 5)?))?,
        status: place.present("status", DeviceStatus::parse(&column::<String>(row, 6)?))?,
        holder: holder(row, 9)?,
        registered_at: time(column(row, 7)?),
        last_seen_at: time(column(row, 8)?),
    })
}

fn known(row: &Row) -> Result<KnownDevice, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "devices", row: id };
    Ok(KnownDevice {
        id: DeviceId(id),
        class: place.present("class", DeviceClass::parse(&column::<String>(row, 1)?))?,
        status: place.present("status", DeviceStatus::parse(&column::<String>(row, 2)?))?,
        customer: column::<Option<i64>>(row, 3)?.map(CustomerId),
        license: None,
        last_seen_at: time(column(row, 4)?),
    })
}
