//! What a device says about itself when it asks for updates.

/// The question of an update check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who asks. `None` for an anonymous device: it is offered only the updates that need no entitlement.
    pub device: Option<Identity>,
    /// What kind of device asks.
    pub device_class: DeviceClass,
    /// The package that is installed now: updates that start from it are offered.
    pub package: String,
    /// The producer's code of the platform, such as `LINUX64`.
    pub platform: String,
    /// The Windows language identifier, such as 1033 for American English.
    pub language: u32,
}

/// The three fields that together name a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The device's host ID.
    pub id: String,
    /// The kind of host ID, such as `STRING` or `ETHERNET`.
    pub id_type: String,
    /// The publisher that the ID belongs to.
    pub publisher_name: String,
}

/// What kind of device asks; it decides which entitlements count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceClass {
    /// A device on its own. Anonymous devices are of this class, too.
    #[default]
    Client,
    /// A device that gets its licenses from a license server.
    Served,
    /// A license server.
    Server,
}

impl DeviceClass {
    /// The word that stands for it on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Served => "served",
            Self::Server => "server",
        }
    }
}
