//! Licenses on devices.

use async_trait::async_trait;
use countersign_domain::device::Device;
use countersign_domain::ids::{DeviceId, LicenseId, LicenseUserId, SiteId};
use countersign_domain::licensing::{Activation, LicenseUsage};
use countersign_domain::text::HardwareId;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Activations, Page};
use rusqlite::Row;

use super::devices::device;
use super::licenses::usage_values;
use super::seats;
use crate::rows::{all, changed, column, first, time};
use crate::transaction::SqliteTx;

const INSERT: &str =
    "insert into activations (license, device, activated_at) values (?1, ?2, ?3) on conflict do nothing";
const INSERT_NEW: &str = "insert into activations (license, device, activated_at) values (?1, ?2, ?3)";
const FIND: &str = "select license, device, activated_at, license_user, offline, asked_at from activations where license = ?1 and device = ?2";
const LIST_ON_DEVICE: &str = "select license, device, activated_at, license_user, offline, asked_at from activations where device = ?1 order by license";
const LIST_OF_LICENSE: &str = "select license, device, activated_at, license_user, offline, asked_at from activations
    where license = ?1 and device > ?2 order by device limit ?3";
const DELETE: &str = "delete from activations where license = ?1 and device = ?2";
const COUNT: &str = "update licenses set activations = activations + ?2, revision = revision + 1 where id = ?1";

const COUNT_WITH_USAGE: &str =
    "update licenses set activations = activations + 1, revision = revision + 1, first_activated_at = ?2,
    last_device = ?3, vacancies = ?4, transfers = ?5, units = ?6, units_since = ?7 where id = ?1";
const RELEASE: &str = "update licenses set activations = activations - 1, vacancies = vacancies + 1, revision = revision + 1 where id = ?1";
const RELEASE_USER: &str = "update license_assignments set activations = activations - 1
    where license = ?1 and license_user = ?2";
const SET_USER: &str = "update activations set license_user = ?3 where license = ?1 and device = ?2";
const SET_OFFLINE: &str = "update activations set offline = ?3, asked_at = ?4 where license = ?1 and device = ?2";
const FIND_BY_HARDWARE: &str = "select d.id, d.host_id, d.id_type, d.publisher, d.identity_name, d.class, d.status, c.id, c.account,
    d.registered_at, d.last_seen_at,
    a.license, a.device, a.activated_at, a.license_user, a.offline, a.asked_at
    from devices d cross join activations a on a.license = ?3 and a.device = d.id left join customers c on c.id = d.customer
    where d.site = ?1 and d.host_id = ?2 order by d.id_type, d.publisher limit 1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    INSERT_NEW,
    FIND,
    LIST_ON_DEVICE,
    LIST_OF_LICENSE,
    DELETE,
    COUNT,
    COUNT_WITH_USAGE,
    RELEASE,
    RELEASE_USER,
    SET_USER,
    SET_OFFLINE,
    FIND_BY_HARDWARE,
];

#[async_trait]
impl Activations for SqliteTx<'_> {
    async fn insert(&mut self, license: LicenseId, device: DeviceId, now: Timestamp) -> Result<bool, StoreError> {
        self.attempt(|c| {
            let inserted = changed(c, INSERT, (license.0, device.0, now.as_millis()))? == 1;
            if inserted {
                changed(c, COUNT, (license.0, 1))?;
            }
            Ok(inserted)
        })
    }

    async fn insert_with_usage(
        &mut self,
        (license, device): (LicenseId, DeviceId),
        usage: &LicenseUsage,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.attempt(|c| {
            changed(c, INSERT_NEW, (license.0, device.0, now.as_millis()))?;
            changed(c, COUNT_WITH_USAGE, usage_values(license, usage)).map(drop)
        })
    }

    async fn find(&mut self, license: LicenseId, device: DeviceId) -> Result<Option<Activation>, StoreError> {
        self.attempt(|c| first(c, FIND, (license.0, device.0), |row| activation(row, 0)))
    }

    async fn list_on_device(&mut self, device: DeviceId) -> Result<Vec<Activation>, StoreError> {
        self.attempt(|c| all(c, LIST_ON_DEVICE, [device.0], |row| activation(row, 0)))
    }

    async fn list_of_license(&mut self, license: LicenseId, page: Page) -> Result<Vec<Activation>, StoreError> {
        self.attempt(|c| all(c, LIST_OF_LICENSE, (license.0, page.after, page.limit), |row| activation(row, 0)))
    }

    async fn delete(&mut self, license: LicenseId, device: DeviceId) -> Result<bool, StoreError> {
        self.attempt(|c| {
            let found = first(c, FIND, (license.0, device.0), |row| activation(row, 0))?;
            let Some(found) = found else { return Ok(false) };
            seats::delete_all(c, license, device)?;
            changed(c, DELETE, (license.0, device.0))?;
            changed(c, RELEASE, [license.0])?;
            if let Some(user) = found.user {
                changed(c, RELEASE_USER, (license.0, user.0))?;
            }
            Ok(true)
        })
    }

    async fn set_user(
        &mut self,
        license: LicenseId,
        device: DeviceId,
        user: Option<LicenseUserId>,
    ) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, SET_USER, (license.0, device.0, user.map(|user| user.0)))? == 1))
    }

    async fn set_offline(
        &mut self,
        license: LicenseId,
        device: DeviceId,
        offline: bool,
        asked_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.attempt(|c| {
            Ok(changed(c, SET_OFFLINE, (license.0, device.0, offline, asked_at.map(Timestamp::as_millis)))? == 1)
        })
    }

    async fn find_by_hardware(
        &mut self,
        site: SiteId,
        license: LicenseId,
        hardware: &HardwareId,
    ) -> Result<Option<(Device, Activation)>, StoreError> {
        let values = (site.0, hardware.as_str(), license.0);
        self.attempt(|c| first(c, FIND_BY_HARDWARE, values, |row| Ok((device(row)?, activation(row, 11)?))))
    }
}

/// An activation from the five columns that start at `from`.
pub(super) fn activation(row: &Row<'_>, from: usize) -> Result<Activation, StoreError> {
    Ok(Activation {
        license: LicenseId(column(row, from)?),
        device: DeviceId(column(row, from + 1)?),
        user: column::<Option<i64>>(row, from + 3)?.map(LicenseUserId),
        activated_at: time(column(row, from + 2)?),
        offline: column(row, from + 4)?,
        asked_at: column::<Option<i64>>(row, from + 5)?.map(time),
    })
}
