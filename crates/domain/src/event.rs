//! Committed changes that others are told about. Which words a receiver hears is up to the form in which it is told.

use crate::audit::Actor;
use crate::changes::Changes;
use crate::ids::{DeviceId, EventId, FeatureId, LicenseId, OrderId, ProductId};
use crate::time::Timestamp;

/// What has happened, and to which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A device as it is, for a receiver that has asked for what there is.
    DeviceSnapshot(DeviceId),
    /// Something about a device changed: its customer, its status.
    DeviceChanged(DeviceId),
    /// A device is known from now on.
    DeviceRegistered(DeviceId),
    /// What licenses that include a feature start with changed.
    FeatureChanged(FeatureId),
    /// A product has a new feature.
    FeatureCreated(FeatureId),
    /// A license is activated on a device.
    LicenseActivated(LicenseId, DeviceId),
    /// The terms of a license changed.
    LicenseChanged(LicenseId),
    /// An order has a new license.
    LicenseCreated(LicenseId),
    /// The last day of a license has passed.
    LicenseExpired(LicenseId),
    /// The last day of a license is near.
    LicenseExpiring(LicenseId),
    /// A license is no longer activated on a device.
    LicenseReleased(LicenseId, DeviceId),
    /// A license as it is.
    LicenseSnapshot(LicenseId),
    /// An order as it is.
    OrderSnapshot(OrderId),
    /// A product as it is.
    ProductSnapshot(ProductId),
    /// There is a new order.
    OrderCreated(OrderId),
    /// Something about a product changed: its code, its status, what holds for its licenses.
    ProductChanged(ProductId),
    /// There is a new product.
    ProductCreated(ProductId),
    /// Units of a license, or of one of its features, were counted on a device.
    UnitsCounted(LicenseId, DeviceId, CountedUnits),
}

/// Units that were counted at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CountedUnits {
    /// The feature that they are units of; `None`: of the license itself.
    pub feature: Option<FeatureId>,
    /// How many; negative when some were given back.
    pub units: i64,
    /// What is counted with them.
    pub total: i64,
}

/// An event in parts, as a store keeps it: a word, the row that it is about, and for some a second one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventParts<'w> {
    /// The word for what has happened.
    pub kind: &'w str,
    /// The row that it is about.
    pub subject: i64,
    /// The device, where a license is activated or released, or units of it are counted.
    pub device: Option<i64>,
    /// The units, where some are counted.
    pub counted: Option<CountedUnits>,
}

impl Event {
    /// The event in parts.
    #[must_use]
    pub fn parts(self) -> EventParts<'static> {
        let (kind, subject, device) = match self {
            Self::DeviceSnapshot(device) => ("device.snapshot", device.0, None),
            Self::LicenseSnapshot(license) => ("license.snapshot", license.0, None),
            Self::OrderSnapshot(order) => ("order.snapshot", order.0, None),
            Self::ProductSnapshot(product) => ("product.snapshot", product.0, None),
            Self::DeviceChanged(device) => ("device.changed", device.0, None),
            Self::DeviceRegistered(device) => ("device.registered", device.0, None),
            Self::FeatureChanged(feature) => ("feature.changed", feature.0, None),
            Self::FeatureCreated(feature) => ("feature.created", feature.0, None),
            Self::LicenseActivated(license, device) => ("license.activated", license.0, Some(device.0)),
            Self::LicenseChanged(license) => ("license.changed", license.0, None),
            Self::LicenseCreated(license) => ("license.created", license.0, None),
            Self::LicenseExpired(license) => ("license.expired", license.0, None),
            Self::LicenseExpiring(license) => ("license.expiring", license.0, None),
            Self::LicenseReleased(license, device) => ("license.released", license.0, Some(device.0)),
            Self::OrderCreated(order) => ("order.created", order.0, None),
            Self::ProductChanged(product) => ("product.changed", product.0, None),
            Self::ProductCreated(product) => ("product.created", product.0, None),
            Self::UnitsCounted(license, device, _) => ("license.units-counted", license.0, Some(device.0)),
        };
        let counted = if let Self::UnitsCounted(_, _, counted) = self { Some(counted) } else { None };
        EventParts { kind, subject, device, counted }
    }

    /// The event of its parts; `None` when they do not make one.
    #[must_use]
    pub fn from_parts(parts: EventParts<'_>) -> Option<Self> {
        let EventParts { kind, subject, device, counted } = parts;
        let event = match (kind, device.map(DeviceId)) {
            ("license.units-counted", Some(device)) => {
                return counted.map(|counted| Self::UnitsCounted(LicenseId(subject), device, counted));
            }
            _ if counted.is_some() => return None,
            ("device.snapshot", None) => Self::DeviceSnapshot(DeviceId(subject)),
            ("license.snapshot", None) => Self::LicenseSnapshot(LicenseId(subject)),
            ("order.snapshot", None) => Self::OrderSnapshot(OrderId(subject)),
            ("product.snapshot", None) => Self::ProductSnapshot(ProductId(subject)),
            ("device.changed", None) => Self::DeviceChanged(DeviceId(subject)),
            ("device.registered", None) => Self::DeviceRegistered(DeviceId(subject)),
            ("feature.changed", None) => Self::FeatureChanged(FeatureId(subject)),
            ("feature.created", None) => Self::FeatureCreated(FeatureId(subject)),
            ("license.activated", Some(device)) => Self::LicenseActivated(LicenseId(subject), device),
            ("license.changed", None) => Self::LicenseChanged(LicenseId(subject)),
            ("license.created", None) => Self::LicenseCreated(LicenseId(subject)),
            ("license.expired", None) => Self::LicenseExpired(LicenseId(subject)),
            ("license.expiring", None) => Self::LicenseExpiring(LicenseId(subject)),
            ("license.released", Some(device)) => Self::LicenseReleased(LicenseId(subject), device),
            ("order.created", None) => Self::OrderCreated(OrderId(subject)),
            ("product.changed", None) => Self::ProductChanged(ProductId(subject)),
            ("product.created", None) => Self::ProductCreated(ProductId(subject)),
            _ => return None,
        };
        Some(event)
    }
}

/// Something that has happened, before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// What.
    pub event: Event,
    /// What it has changed.
    pub changes: Changes,
}

impl From<Event> for Happened {
    fn from(event: Event) -> Self {
        Self { event, changes: Changes::default() }
    }
}

/// An event that was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedEvent {
    /// Row id. Rows may become visible in another order.
    pub id: EventId,
    /// What has happened.
    pub event: Event,
    /// What it has changed.
    pub changes: Changes,
    /// Who did it.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_back_from_their_parts() {
        for event in [
            Event::DeviceChanged(DeviceId(1)),
            Event::DeviceRegistered(DeviceId(2)),
            Event::FeatureCreated(FeatureId(3)),
            Event::LicenseActivated(LicenseId(4), DeviceId(5)),
            Event::LicenseChanged(LicenseId(6)),
            Event::LicenseCreated(LicenseId(7)),
            Event::LicenseReleased(LicenseId(8), DeviceId(9)),
            Event::OrderCreated(OrderId(10)),
            Event::ProductCreated(ProductId(11)),
            Event::UnitsCounted(LicenseId(12), DeviceId(13), COUNTED),
            Event::FeatureChanged(FeatureId(14)),
            Event::LicenseExpired(LicenseId(15)),
            Event::DeviceSnapshot(DeviceId(18)),
            Event::LicenseSnapshot(LicenseId(19)),
            Event::OrderSnapshot(OrderId(20)),
            Event::ProductSnapshot(ProductId(21)),
            Event::LicenseExpiring(LicenseId(17)),
            Event::ProductChanged(ProductId(16)),
        ] {
            assert_eq!(Event::from_parts(event.parts()), Some(event));
        }
        for (kind, device, counted) in [
            ("license.activated", None, None),
            ("order.created", Some(1), None),
            ("order.moved", None, None),
            ("license.units-counted", Some(1), None),
            ("license.units-counted", None, Some(COUNTED)),
            ("license.activated", Some(1), Some(COUNTED)),
        ] {
            assert_eq!(Event::from_parts(EventParts { kind, subject: 1, device, counted }), None, "{kind}");
        }
    }

    const COUNTED: CountedUnits = CountedUnits { feature: Some(FeatureId(14)), units: -15, total: 16 };
}
