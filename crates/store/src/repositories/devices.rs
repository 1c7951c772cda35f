//! Devices, and what they tell.

use async_trait::async_trait;
use countersign_domain::device::{Device, DeviceClass, DeviceIdentity, DeviceStatus, KnownDevice};
use countersign_domain::ids::{CustomerId, DeviceId, SiteId};
use countersign_domain::report::{DeviceEvent, KeptDeviceEvent, KeptStatusReport, StatusReport};
use countersign_domain::text::HardwareId;
use countersign_domain::time::Timestamp;

use super::Page;
use crate::StoreError;

/// A device that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDevice {
    /// Who it is.
    pub identity: DeviceIdentity,
    /// The publisher identity that it named; may be empty.
    pub identity_name: String,
    /// What kind of device it is.
    pub class: DeviceClass,
    /// The customer that it belongs to.
    pub customer: Option<CustomerId>,
}

/// Devices that a site knows.
#[async_trait]
pub trait Devices: Send {
    /// Writes an active device. `None`: the identity is taken in this site.
    async fn insert(
        &mut self,
        site: SiteId,
        device: &NewDevice,
        now: Timestamp,
    ) -> Result<Option<DeviceId>, StoreError>;

    /// A device by identity.
    async fn find(&mut self, site: SiteId, identity: &DeviceIdentity) -> Result<Option<Device>, StoreError>;

    /// A device by row id.
    async fn find_by_id(&mut self, site: SiteId, id: DeviceId) -> Result<Option<Device>, StoreError>;

    /// Those of many devices that are there, in any order.
    async fn find_each(&mut self, site: SiteId, ids: &[DeviceId]) -> Result<Vec<Device>, StoreError>;

    /// A device by identity, which no other unit can lock until this one ends. What it says stays true until then.
    async fn lock(&mut self, site: SiteId, identity: &DeviceIdentity) -> Result<Option<Device>, StoreError>;

    /// Devices whose host ID is that of some hardware, whatever its kind and publisher; at most a few.
    async fn list_by_hardware(&mut self, site: SiteId, hardware: &HardwareId) -> Result<Vec<Device>, StoreError>;

    /// What [`find`](Self::find) finds, in brief.
    async fn find_known(&mut self, site: SiteId, identity: &DeviceIdentity) -> Result<Option<KnownDevice>, StoreError>;

    /// What [`lock`](Self::lock) finds and locks, in brief.
    async fn lock_known(&mut self, site: SiteId, identity: &DeviceIdentity) -> Result<Option<KnownDevice>, StoreError>;

    /// Devices of a site, by row id; of one customer only, if one is given.
    async fn list(&mut self, site: SiteId, customer: Option<CustomerId>, page: Page)
    -> Result<Vec<Device>, StoreError>;

    /// Gives a device to a customer, or to nobody. `false`: no such device.
    async fn set_customer(&mut self, device: DeviceId, customer: Option<CustomerId>) -> Result<bool, StoreError>;

    /// Sets whether a device is in use. `false`: no such device.
    async fn set_status(&mut self, device: DeviceId, status: DeviceStatus) -> Result<bool, StoreError>;

    /// Notes that a device has been heard of. `false`: no such device.
    async fn set_last_seen(&mut self, device: DeviceId, now: Timestamp) -> Result<bool, StoreError>;
}

/// A status report that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStatusReport {
    /// The device, if the site knows it. Its identity is kept with the report only when it does not.
    pub device: Option<DeviceId>,
    /// What it said.
    pub report: StatusReport,
    /// Equal for reports that say the same of the same device at the same time; `None`: never folded.
    pub fold: Option<[u8; 16]>,
}

/// Which status reports are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusReportFilter {
    /// All of the site.
    All,
    /// Those of one device.
    Of(DeviceId),
    /// Those of devices that the site did not know, anonymous ones included.
    Unregistered,
}

/// How updates go on devices.
#[async_trait]
pub trait StatusReports: Send {
    /// Writes a report. `false`: one with the same fold is there already. If that one is of a device that the site did not
    /// know then and knows now, it becomes a report of that device.
    async fn insert(&mut self, site: SiteId, report: &NewStatusReport, now: Timestamp) -> Result<bool, StoreError>;

    /// Reports of a site, by row id.
    async fn list(
        &mut self,
        site: SiteId,
        filter: StatusReportFilter,
        page: Page,
    ) -> Result<Vec<KeptStatusReport>, StoreError>;

    /// Removes those of the `limit` first reports of a site that were received before a time, and gives their number. Times
    /// grow with row ids: fewer than `limit` means that none is left.
    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}

/// Events that devices have logged.
#[async_trait]
pub trait DeviceEvents: Send {
    /// Writes an event of a device of the site.
    async fn insert(
        &mut self,
        site: SiteId,
        device: DeviceId,
        event: &DeviceEvent,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// How many events of a device were received after a time.
    async fn count_after(&mut self, device: DeviceId, after: Timestamp) -> Result<u32, StoreError>;

    /// Events of a site, by row id; of one device only, if one is given.
    async fn list(
        &mut self,
        site: SiteId,
        device: Option<DeviceId>,
        page: Page,
    ) -> Result<Vec<KeptDeviceEvent>, StoreError>;

    /// Removes those of the `limit` first events of a site that were received before a time, and gives their number. Times
    /// grow with row ids: fewer than `limit` means that none is left.
    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
