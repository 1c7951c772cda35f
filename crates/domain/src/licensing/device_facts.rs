//! What an application tells of the device that it runs on.

use crate::ids::{DeviceId, DeviceVariableId};
use crate::time::Timestamp;

/// Most variables of one license on one device.
pub const VARIABLES: u32 = 100;
/// Longest name of a variable, in bytes.
pub const VARIABLE_NAME_LIMIT: usize = 255;
/// Longest value of a variable, in bytes.
pub const VARIABLE_VALUE_LIMIT: usize = 4096;

/// What an application tells of its device when it activates a license. Nothing here is proved; all may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFacts {
    /// Host name.
    pub hostname: String,
    /// Operating system.
    pub os_version: String,
    /// Address that the device names.
    pub ip: String,
    /// Address that the request came from.
    pub seen_ip: String,
    /// Address of its network card.
    pub mac_address: String,
    /// Whether it is a virtual machine.
    pub is_vm: bool,
    /// Which kind of virtual machine.
    pub vm_info: String,
    /// Version of the client library.
    pub sdk_version: String,
    /// Version of the application.
    pub app_version: String,
}

impl DeviceFacts {
    /// Longest text among the facts, in bytes; the rest is cut off.
    pub const LIMIT: usize = 255;

    /// A text as it is kept: what cannot be shown is left out, and what is too long is cut off.
    #[must_use]
    pub fn text(told: &str) -> String {
        let shown = told.chars().filter(|sign| !sign.is_control());
        let mut kept = String::new();
        for sign in shown {
            if kept.len() + sign.len_utf8() > Self::LIMIT {
                break;
            }
            kept.push(sign);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_cut_between_signs() {
        assert_eq!(DeviceFacts::text("a\0b\n"), "ab");
        assert_eq!(DeviceFacts::text(&"ä".repeat(200)), "ä".repeat(127));
    }
}

/// A text that an application keeps for a license on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceVariable {
    /// Row id.
    pub id: DeviceVariableId,
    /// The device.
    pub device: DeviceId,
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
    /// When it was written last.
    pub written_at: Timestamp,
}
