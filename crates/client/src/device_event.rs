//! What a device says of its own accord.

use crate::question::{DeviceClass, Identity};

/// Something that happened on a device and that the producer wants to know: the use of a function, a self test, a failure.
/// Servers listen to registered devices only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceEvent {
    /// Who speaks.
    pub device: Identity,
    /// What kind of device speaks.
    pub device_class: DeviceClass,
    /// Name of the event, freely chosen, up to 255 characters.
    pub name: String,
    /// Category to search by across devices; may be empty.
    pub group: String,
    /// More about it; may be empty. No more than the first 4000 characters are sent.
    pub value: String,
    /// When it happened, such as `2026-03-04T09:15:00Z` (RFC 3339); `None`: when the server hears of it.
    pub happened_at: Option<String>,
    /// The package that it is about; may be empty.
    pub package: String,
    /// The ID of the update that it is about; may be empty.
    pub update_id: String,
    /// The name of that update; may be empty.
    pub update_name: String,
    /// The producer's code of the platform; may be empty.
    pub platform: String,
    /// The Windows language identifier; `None` when it does not matter.
    pub language: Option<u32>,
}

impl DeviceEvent {
    /// An event of a standalone device with nothing but a name.
    #[must_use]
    pub fn new(device: Identity, name: impl Into<String>) -> Self {
        Self {
            device,
            device_class: DeviceClass::Client,
            name: name.into(),
            group: String::new(),
            value: String::new(),
            happened_at: None,
            package: String::new(),
            update_id: String::new(),
            update_name: String::new(),
            platform: String::new(),
            language: None,
        }
    }
}
