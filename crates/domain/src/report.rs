//! What devices tell: how an update goes, and events of their own.

use crate::device::{DeviceClass, DeviceIdentity, Language};
use crate::ids::{DeviceEventId, DeviceId, StatusReportId};
use crate::text::UpdateId;
use crate::time::Timestamp;

/// Longest reason of a status report, in characters; what is longer is cut.
pub const REASON_LIMIT: usize = 100;
/// Longest name and group of a device's event, in characters; what is longer is refused.
pub const EVENT_NAME_LIMIT: usize = 255;
/// Longest value of a device's event, in characters; what is longer is cut.
pub const EVENT_VALUE_LIMIT: usize = 4000;
/// Most events that a device may log in a minute, unless the operator says otherwise.
pub const EVENTS_PER_MINUTE: u32 = 60;

/// The first characters of a text.
#[must_use]
pub fn cut(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

/// How an update goes on a device (`statusLog`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// What kind of device reports.
    pub class: DeviceClass,
    /// Who reports; `None` for an anonymous device.
    pub identity: Option<DeviceIdentity>,
    /// The update.
    pub update: UpdateId,
    /// The name of the update, as the device knows it; may be empty.
    pub update_name: String,
    /// The package, delivered or installed; may be empty.
    pub package: String,
    /// The platform; may be empty.
    pub platform: String,
    /// The language; 0 when the device gave none.
    pub language: Language,
    /// How far it is. Any number is kept.
    pub code: i64,
    /// Why; may be empty.
    pub reason: String,
    /// When it happened, as the device said it. `None`: it did not say; a store keeps the time of receipt instead, and
    /// gives that back.
    pub reported_at: Option<Timestamp>,
}

/// The published meaning of a status code; `None` where nothing is published.
#[must_use]
pub fn status_meaning(code: i64) -> Option<&'static str> {
    match code {
        0 => Some("download started"),
        1 => Some("download completed"),
        2 => Some("download failed"),
        3 => Some("install started"),
        4 => Some("install completed"),
        8 => Some("message delivered"),
        _ => None,
    }
}

/// A status report that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptStatusReport {
    /// Row id.
    pub id: StatusReportId,
    /// The device; `None` when it was not known, or is anonymous.
    pub device: Option<DeviceId>,
    /// What it said.
    pub report: StatusReport,
    /// When it was received.
    pub received_at: Timestamp,
}

/// An event of a device's own (`events`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceEvent {
    /// Name, freely chosen.
    pub name: String,
    /// Category; may be empty.
    pub group: String,
    /// More about it; may be empty.
    pub value: String,
    /// The package that it is about; may be empty.
    pub package: String,
    /// The update that it is about; may be empty.
    pub update: String,
    /// The name of that update; may be empty.
    pub update_name: String,
    /// The platform; may be empty.
    pub platform: String,
    /// The language; 0 when the device gave none.
    pub language: Language,
    /// When it happened, as the device said it. `None`: it did not say; a store keeps the time of receipt instead, and
    /// gives that back.
    pub reported_at: Option<Timestamp>,
}

/// An event of a device that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptDeviceEvent {
    /// Row id.
    pub id: DeviceEventId,
    /// The device.
    pub device: DeviceId,
    /// Who it is.
    pub identity: DeviceIdentity,
    /// What it said.
    pub event: DeviceEvent,
    /// When it was received.
    pub received_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_characters() {
        assert_eq!(cut("äöü", 2), "äö");
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("", 3), "");
        assert_eq!(cut(&"x".repeat(150), REASON_LIMIT).len(), 100);
    }

    #[test]
    fn unpublished_codes_have_no_meaning() {
        assert_eq!(status_meaning(4), Some("install completed"));
        for code in [5, 6, 7, 9, -1] {
            assert_eq!(status_meaning(code), None, "{code}");
        }
    }
}
