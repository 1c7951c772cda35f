//! Licenses on devices.

use async_trait::async_trait;
use countersign_domain::device::Device;
use countersign_domain::ids::{DeviceId, LicenseId, LicenseUserId, SiteId};
use countersign_domain::licensing::{Activation, LicenseUsage};
use countersign_domain::text::HardwareId;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Activations, Page};
use tokio_postgres::Row;

use super::devices::device;
use super::licenses::usage_values;
use crate::connection::Value;
use crate::rows::{column, time};
use crate::transaction::PgTx;

const INSERT: &str =
    "insert into activations (license, device, activated_at) values ($1, $2, $3) on conflict do nothing";
const INSERT_NEW: &str = "insert into activations (license, device, activated_at) values ($1, $2, $3)";
const FIND: &str = "select license, device, activated_at, license_user, offline, asked_at from activations where license = $1 and device = $2";
const LIST_ON_DEVICE: &str = "select license, device, activated_at, license_user, offline, asked_at from activations where device = $1 order by license";
const LIST_OF_LICENSE: &str = "select license, device, activated_at, license_user, offline, asked_at from activations
    where license = $1 and device > $2 order by device limit $3";
const DELETE: &str = "delete from activations where license = $1 and device = $2 returning license_user";
const LOCK: &str = "select id from licenses where id = $1 for no key update";
const COUNT: &str = "update licenses set activations = activations + $2, revision = revision + 1 where id = $1";

const COUNT_WITH_USAGE: &str =
    "update licenses set activations = activations + 1, revision = revision + 1, first_activated_at = $2,
    last_device = $3, vacancies = $4, transfers = $5, units = $6, units_since = $7 where id = $1";
const RELEASE: &str = "update licenses set activations = activations - 1, vacancies = vacancies + 1, revision = revision + 1 where id = $1";
const RELEASE_USER: &str = "update license_assignments set activations = activations - 1
    where license = $1 and license_user = $2";
const SET_USER: &str = "update activations set license_user = $3 where license = $1 and device = $2";
const SET_OFFLINE: &str = "update activations set offline = $3, asked_at = $4 where license = $1 and device = $2";
const FIND_BY_HARDWARE: &str =
    "select d.id, d.host_id, d.id_type, d.publisher, d.identity_name, d.class, d.status, d.registered_at,
    d.last_seen_at, c.id, c.account,
    a.license, a.device, a.activated_at, a.license_user, a.offline, a.asked_at
    from devices d join activations a on a.license = $3 and a.device = d.id left join customers c on c.id = d.customer
    where d.site = $1 and d.host_id = $2 order by d.id_type, d.publisher limit 1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    INSERT_NEW,
    FIND,
    LIST_ON_DEVICE,
    LIST_OF_LICENSE,
    DELETE,
    LOCK,
    COUNT,
    COUNT_WITH_USAGE,
    RELEASE,
    RELEASE_USER,
    SET_USER,
    SET_OFFLINE,
    FIND_BY_HARDWARE,
];

#[async_trait]
impl Activations for PgTx<'_> {
    async fn insert(&mut self, license: LicenseId, device: DeviceId, now: Timestamp) -> Result<bool, StoreError> {
        let inserted = self.changed(INSERT, &[&license.0, &device.0, &now.as_millis()]).await? == 1;
        if inserted {
            self.changed(COUNT, &[&license.0, &1_i64]).await?;
        }
        Ok(inserted)
    }

    async fn insert_with_usage(
        &mut self,
        (license, device): (LicenseId, DeviceId),
        usage: &LicenseUsage,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.later(INSERT_NEW, vec![Box::new(license.0), Box::new(device.0), Box::new(now.as_millis())]).await?;
        self.later(COUNT_WITH_USAGE, usage_values(license, usage)).await
    }

    async fn find(&mut self, license: LicenseId, device: DeviceId) -> Result<Option<Activation>, StoreError> {
        self.first(FIND, &[&license.0, &device.0], |row| activation(row, 0)).await
    }

    async fn list_on_device(&mut self, device: DeviceId) -> Result<Vec<Activation>, StoreError> {
        self.all(LIST_ON_DEVICE, &[&device.0], |row| activation(row, 0)).await
    }

    async fn list_of_license(&mut self, license: LicenseId, page: Page) -> Result<Vec<Activation>, StoreError> {
        self.all(LIST_OF_LICENSE, &[&license.0, &page.after, &i64::from(page.limit)], |row| activation(row, 0)).await
    }

    async fn delete(&mut self, license: LicenseId, device: DeviceId) -> Result<bool, StoreError> {
        // Seats are taken by units that have locked the license.
        self.changed(LOCK, &[&license.0]).await?;
        self.delete_seats(license, device).await?;
        // What is deleted says for whom it was active: two units never both see it.
        let deleted = self.first(DELETE, &[&license.0, &device.0], |row| column::<Option<i64>>(row, 0)).await?;
        let Some(user) = deleted else { return Ok(false) };
        self.changed(RELEASE, &[&license.0]).await?;
        if let Some(user) = user {
            self.changed(RELEASE_USER, &[&license.0, &user]).await?;
        }
        Ok(true)
    }

    async fn set_user(
        &mut self,
        license: LicenseId,
        device: DeviceId,
        user: Option<LicenseUserId>,
    ) -> Result<bool, StoreError> {
        Ok(self.changed(SET_USER, &[&license.0, &device.0, &user.map(|user| user.0)]).await? == 1)
    }

    async fn set_offline(
        &mut self,
        license: LicenseId,
        device: DeviceId,
        offline: bool,
        asked_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let asked_at = asked_at.map(Timestamp::as_millis);
        Ok(self.changed(SET_OFFLINE, &[&license.0, &device.0, &offline, &asked_at]).await? == 1)
    }

    async fn find_by_hardware(
        &mut self,
        site: SiteId,
        license: LicenseId,
        hardware: &HardwareId,
    ) -> Result<Option<(Device, Activation)>, StoreError> {
        let values: [Value<'_>; 3] = [&site.0, &hardware.as_str(), &license.0];
        self.first(FIND_BY_HARDWARE, &values, bound).await
    }
}

/// A device with its activation.
pub(super) fn bound(row: &Row) -> Result<(Device, Activation), StoreError> {
    Ok((device(row)?, activation(row, 11)?))
}

/// An activation from the five columns that start at `from`.
fn activation(row: &Row, from: usize) -> Result<Activation, StoreError> {
    Ok(Activation {
        license: LicenseId(column(row, from)?),
        device: DeviceId(column(row, from + 1)?),
        user: column::<Option<i64>>(row, from + 3)?.map(LicenseUserId),
        activated_at: time(column(row, from + 2)?),
        offline: column(row, from + 4)?,
        asked_at: column::<Option<i64>>(row, from + 5)?.map(time),
    })
}
