//! What applications tell of devices, and keep for them.

use async_trait::async_trait;
use countersign_domain::ids::{DeviceId, DeviceVariableId, LicenseId};
use countersign_domain::licensing::{DeviceFacts, DeviceVariable};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::DeviceDetails;
use tokio_postgres::Row;

use crate::connection::Owned;
use crate::rows::{column, time};
use crate::transaction::PgTx;

const SET_FACTS: &str =
    "insert into device_facts (device, hostname, os_version, ip, seen_ip, mac_address, is_vm, vm_info,
    sdk_version, app_version, told_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    on conflict (device) do update set hostname = excluded.hostname, os_version = excluded.os_version,
    ip = excluded.ip, seen_ip = excluded.seen_ip, mac_address = excluded.mac_address, is_vm = excluded.is_vm,
    vm_info = excluded.vm_info, sdk_version = excluded.sdk_version, app_version = excluded.app_version,
    told_at = excluded.told_at";
const FACTS: &str =
    "select hostname, os_version, ip, seen_ip, mac_address, is_vm, vm_info, sdk_version, app_version, told_at
    from device_facts where device = $1";
const FACTS_OF_EACH: &str =
    "select hostname, os_version, ip, seen_ip, mac_address, is_vm, vm_info, sdk_version, app_version, told_at, device
    from device_facts where device = any($1)";
const SET_VARIABLE: &str =
    "insert into device_variables (license, device, name, value, written_at) values ($1, $2, $3, $4, $5)
    on conflict (license, device, name) do update set value = excluded.value, written_at = excluded.written_at";
const VARIABLES: &str = "select id, device, name, value, written_at from device_variables
    where license = $1 and device = $2 order by name";
const DELETE_VARIABLES: &str = "delete from device_variables where license = $1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[SET_FACTS, FACTS, FACTS_OF_EACH, SET_VARIABLE, VARIABLES, DELETE_VARIABLES];

#[async_trait]
impl DeviceDetails for PgTx<'_> {
    async fn set_facts(&mut self, device: DeviceId, facts: &DeviceFacts, now: Timestamp) -> Result<(), StoreError> {
        let values: Vec<Owned> = vec![
            Box::new(device.0),
            Box::new(facts.hostname.clone()),
            Box::new(facts.os_version.clone()),
            Box::new(facts.ip.clone()),
            Box::new(facts.seen_ip.clone()),
            Box::new(facts.mac_address.clone()),
            Box::new(facts.is_vm),
            Box::new(facts.vm_info.clone()),
            Box::new(facts.sdk_version.clone()),
            Box::new(facts.app_version.clone()),
            Box::new(now.as_millis()),
        ];
        self.later(SET_FACTS, values).await
    }

    async fn facts(&mut self, device: DeviceId) -> Result<Option<(DeviceFacts, Timestamp)>, StoreError> {
        self.first(FACTS, &[&device.0], facts).await
    }

    async fn facts_of_each(&mut self, devices: &[DeviceId]) -> Result<Vec<(DeviceId, DeviceFacts)>, StoreError> {
        let devices: Vec<i64> = devices.iter().map(|device| device.0).collect();
        self.all(FACTS_OF_EACH, &[&devices], |row| Ok((DeviceId(column(row, 10)?), facts(row)?.0))).await
    }

    async fn set_variable(
        &mut self,
        license: LicenseId,
        device: DeviceId,
        name: &str,
        value: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.changed(SET_VARIABLE, &[&license.0, &device.0, &name, &value, &now.as_millis()]).await?;
        Ok(())
    }

    async fn variables(&mut self, license: LicenseId, device: DeviceId) -> Result<Vec<DeviceVariable>, StoreError> {
        self.all(VARIABLES, &[&license.0, &device.0], variable).await
    }

    async fn delete_variables(&mut self, license: LicenseId) -> Result<u64, StoreError> {
        let deleted = self.changed(DELETE_VARIABLES, &[&license.0]).await?;
        Ok(deleted)
    }
}

fn facts(row: &Row) -> Result<(DeviceFacts, Timestamp), StoreError> {
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

fn variable(row: &Row) -> Result<DeviceVariable, StoreError> {
    Ok(DeviceVariable {
        id: DeviceVariableId(column(row, 0)?),
        device: DeviceId(column(row, 1)?),
        name: column(row, 2)?,
        value: column(row, 3)?,
        written_at: time(column(row, 4)?),
    })
}
