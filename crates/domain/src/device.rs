//! Devices and the questions they ask.

use crate::ids::{CustomerId, DeviceId, LicenseId};
use crate::licensing::Holder;
use crate::text::{PackageId, Platform};
use crate::time::Timestamp;

/// Longest accepted identity field of a device, in bytes: bounds the length of a polling ID.
pub const IDENTITY_LIMIT: usize = 255;

/// What kind of device asks (`deviceClass`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DeviceClass {
    /// A standalone device; also an anonymous one.
    #[default]
    Client,
    /// A device served by a license server.
    Served,
    /// A cloud or local license server.
    Server,
}

impl DeviceClass {
    /// The word for this class in commands, answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Served => "served",
            Self::Server => "server",
        }
    }

    /// Reads a class without regard to case; `SERVED_CLIENT` is another spelling of `served`; empty means `client`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "" | "client" => Some(Self::Client),
            "served" | "served_client" => Some(Self::Served),
            "server" => Some(Self::Server),
            _ => None,
        }
    }
}

/// Who a device says it is. The fields are what the device sent: nothing here is proved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceIdentity {
    /// Host ID (`id`).
    pub id: String,
    /// Kind of the host ID (`idType`), such as `STRING`.
    pub id_type: String,
    /// Publisher (`publisherName`).
    pub publisher_name: String,
}

impl DeviceIdentity {
    /// Kind of the host ID of a device that names nothing but its hardware, as licensed applications do.
    pub const HARDWARE: &str = "HARDWARE";

    /// The identity of a device that names nothing but hardware, which is this host ID.
    #[must_use]
    pub fn of_hardware(&self) -> Self {
        Self { id: self.id.clone(), id_type: Self::HARDWARE.to_owned(), publisher_name: String::new() }
    }
}

/// A device that the site knows: it has registered, or the producer has entered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Row id.
    pub id: DeviceId,
    /// Who it is; unique in the site.
    pub identity: DeviceIdentity,
    /// The publisher identity that it named (`identityName`); may be empty.
    pub identity_name: String,
    /// What kind of device it is. Only a standalone device registers itself.
    pub class: DeviceClass,
    /// Whether it is in use.
    pub status: DeviceStatus,
    /// The customer that it belongs to; `None` for an anonymous device.
    pub holder: Option<Holder>,
    /// When the site first heard of it.
    pub registered_at: Timestamp,
    /// When it last reported something; at most an hour behind.
    pub last_seen_at: Timestamp,
}

/// What there is to know of a device when it tells or asks something: less than a [`Device`], and found faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// Row id.
    pub id: DeviceId,
    /// What kind of device it is.
    pub class: DeviceClass,
    /// Whether it is in use.
    pub status: DeviceStatus,
    /// The customer that it belongs to; `None` for an anonymous device.
    pub customer: Option<CustomerId>,
    /// One of the licenses that are activated on it, where the store has that at hand. `None` says nothing.
    pub license: Option<LicenseId>,
    /// When it last reported something; at most an hour behind.
    pub last_seen_at: Timestamp,
}

/// Whether a device is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceStatus {
    /// In use.
    Active,
    /// Out of use for good; what it has activated stays activated.
    Obsolete,
    /// Given back; nothing is activated on it any more. It may register again.
    Returned,
}

impl DeviceStatus {
    /// The word for this status in commands and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Obsolete => "obsolete",
            Self::Returned => "returned",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Obsolete, Self::Returned].into_iter().find(|status| status.as_str() == word)
    }
}

impl Device {
    /// The part of this that is known of every device.
    #[must_use]
    pub fn known(&self) -> KnownDevice {
        let customer = self.holder.map(|holder| holder.customer);
        let Self { id, class, status, last_seen_at, .. } = *self;
        KnownDevice { id, class, status, customer, license: None, last_seen_at }
    }
}

/// "Which updates apply to me?"
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UpdateQuestion {
    /// What kind of device asks.
    pub device_class: DeviceClass,
    /// Who asks; `None` for an anonymous device.
    pub identity: Option<DeviceIdentity>,
    /// The package that is installed now (`updateFromPkgId`).
    pub installed: PackageId,
    /// The device's platform.
    pub platform: Platform,
    /// Windows language identifier (`language`); 0 when the device gave none.
    pub language: Language,
}

/// A Windows language identifier, such as 1033 for US English.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(pub u32);

impl Language {
    /// The low ten bits: the language without its region.
    #[must_use]
    pub fn primary(self) -> u32 {
        self.0 & 0x3ff
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_classes_are_read_tolerantly() {
        for (word, class) in [
            ("", Some(DeviceClass::Client)),
            ("client", Some(DeviceClass::Client)),
            ("SERVER", Some(DeviceClass::Server)),
            ("SERVED_CLIENT", Some(DeviceClass::Served)),
            ("Served", Some(DeviceClass::Served)),
            ("robot", None),
        ] {
            assert_eq!(DeviceClass::parse(word), class, "{word:?}");
        }
    }

    #[test]
    fn regions_share_a_primary_language() {
        assert_eq!(Language(1033).primary(), Language(2057).primary());
        assert_ne!(Language(1033).primary(), Language(1031).primary());
    }
}
