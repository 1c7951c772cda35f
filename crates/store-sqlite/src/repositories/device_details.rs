//! What applications tell of devices, and keep for them.

use async_trait::async_trait;
use countersign_domain::ids::{DeviceId, DeviceVariableId, LicenseId};
use countersign_domain::licensing::{DeviceFacts, DeviceVariable};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::DeviceDetails;
use rusqlite::{Row, params};

use crate::rows::{all, changed, column, first, time};
use crate::transaction::SqliteTx;

const SET_FACTS: &str =
    "insert into device_facts (device, hostname, os_version, ip, seen_ip, mac_address, is_vm, vm_info,
    sdk_version, app_version, told_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
    on conflict (device) do update set hostname = excluded.hostname, os_version = excluded.os_version,
    ip = excluded.ip, seen_ip = excluded.seen_ip, mac_address = excluded.mac_address, is_vm = excluded.is_vm,
    vm_info = excluded.vm_info, sdk_version = excluded.sdk_version, app_version = excluded.app_version,
    told_at = excluded.told_at";
const FACTS: &str =
    "select hostname, os_version, ip, seen_ip, mac_address, is_vm, vm_info, sdk_version, app_version, told_at
    from device_facts where device = ?1";
const SET_VARIABLE: &str =
    "insert into device_variables (license, device, name, value, written_at) values (?1, ?2, ?3, ?4, ?5)
    on conflict (license, device, name) do update set value = excluded.value, written_at = excluded.written_at";
const VARIABLES: &str = "select id, device, name, value, written_at from device_variables
    where license = ?1 and device = ?2 order by name";
const DELETE_VARIABLES: &str = "delete from device_variables where license = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[SET_FACTS, FACTS, SET_VARIABLE, VARIABLES, DELETE_VARIABLES];

#[async_trait]
impl DeviceDetails for SqliteTx<'_> {
    async fn set_facts(&mut self, device: DeviceId, facts: &DeviceFacts, now: Timestamp) -> Result<(), StoreError> {
        self.attempt(|c| {
            changed(
                c,
                SET_FACTS,
                params![
                    device.0,
                    facts.hostname.as_str(),
                    facts.os_version.as_str(),
                    facts.ip.as_str(),
                    facts.seen_ip.as_str(),
                    facts.mac_address.as_str(),
                    facts.is_vm,
                    facts.vm_info.as_str(),
                    facts.sdk_version.as_str(),
                    facts.app_version.as_str(),
                    now.as_millis()
                ],
            )
        })?;
        Ok(())
    }

    async fn facts(&mut self, device: DeviceId) -> Result<Option<(DeviceFacts, Timestamp)>, StoreError> {
        self.attempt(|c| first(c, FACTS, params![device.0], facts))
    }

    async fn facts_of_each(&mut self, devices: &[DeviceId]) -> Result<Vec<(DeviceId, DeviceFacts)>, StoreError> {
        let find = |c: &_, device: &DeviceId| {
            let found = first(c, FACTS, params![device.0], facts);
            found.map(|found| found.map(|(facts, _)| (*device, facts))).transpose()
        };
        self.attempt(|c| devices.iter().filter_map(|device| find(c, device)).collect())
    }

    async fn set_variable(
        &mut self,
        license: LicenseId,
        device: DeviceId,
        name: &str,
        value: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.attempt(|c| changed(c, SET_VARIABLE, params![license.0, device.0, name, value, now.as_millis()]))?;
        Ok(())
    }

    async fn variables(&mut self, license: LicenseId, device: DeviceId) -> Result<Vec<DeviceVariable>, StoreError> {
        self.attempt(|c| all(c, VARIABLES, params![license.0, device.0], variable))
    }

    async fn delete_variables(&mut self, license: LicenseId) -> Result<u64, StoreError> {
        let deleted = self.attempt(|c| changed(c, DELETE_VARIABLES, params![license.0]))?;
        Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
    }
}

fn facts(row: &Row<'_>) -> Result<(DeviceFacts, Timestamp), StoreError> {
    let facts = DeviceFacts {
        hostname: column(row, 0)?,
        os_version: column(row, 1)?,
        ip: column(row, 2)?,
        seen_ip: column(row, 3)?,
        mac_address: column(row, 4)?,
        is_vm: column(row, 5)?,
        vm_info: column(row, 6)?,
        sdk_version: column(row, 7)?,
        app_version: column(row, 8)?,
    };
    Ok((facts, time(column(row, 9)?)))
}

fn variable(row: &Row<'_>) -> Result<DeviceVariable, StoreError> {
    Ok(DeviceVariable {
        id: DeviceVariableId(column(row, 0)?),
        device: DeviceId(column(row, 1)?),
        name: column(row, 2)?,
        value: column(row, 3)?,
        written_at: time(column(row, 4)?),
    })
}
