//! Which events a receiver wants to hear, and the words for events that receivers know.

use std::fmt::Display;
use std::str::FromStr;

use crate::event::Event;
use crate::licensing::lines::words;

words! {
    /// What an event is about. Part of the names of event types, and of what receivers subscribe to.
    Family {
        /// Devices.
        Device = "device",
        /// Orders and their licenses.
        Entitlement = "entitlement",
        /// Products and their features.
        Product = "product",
    }

    /// What has happened to it.
    Change {
        /// It is new.
        Created = "created",
        /// It is gone.
        Deleted = "deleted",
        /// Something about it changed.
        Updated = "updated",
    }
}

impl Event {
    /// What the event is about.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Self::DeviceChanged(_) | Self::DeviceRegistered(_) | Self::DeviceSnapshot(_) => Family::Device,
            Self::LicenseActivated(..)
            | Self::LicenseChanged(_)
            | Self::LicenseCreated(_)
            | Self::LicenseExpired(_)
            | Self::LicenseExpiring(_)
            | Self::LicenseReleased(..)
            | Self::LicenseSnapshot(_)
            | Self::OrderCreated(_)
            | Self::OrderSnapshot(_)
            | Self::UnitsCounted(..) => Family::Entitlement,
            Self::FeatureChanged(_)
            | Self::FeatureCreated(_)
            | Self::ProductChanged(_)
            | Self::ProductCreated(_)
            | Self::ProductSnapshot(_) => Family::Product,
        }
    }

    /// What has happened to the order, product or device that it belongs to. A new license is a change of its order; what is
    /// told as it is may be new to its receiver.
    #[must_use]
    pub fn change(self) -> Change {
        match self {
            Self::DeviceRegistered(_)
            | Self::DeviceSnapshot(_)
            | Self::OrderCreated(_)
            | Self::OrderSnapshot(_)
            | Self::ProductCreated(_)
            | Self::ProductSnapshot(_) => Change::Created,
            Self::DeviceChanged(_)
            | Self::FeatureChanged(_)
            | Self::FeatureCreated(_)
            | Self::LicenseActivated(..)
            | Self::LicenseChanged(_)
            | Self::LicenseCreated(_)
            | Self::LicenseExpired(_)
            | Self::LicenseExpiring(_)
            | Self::LicenseReleased(..)
            | Self::LicenseSnapshot(_)
            | Self::ProductChanged(_)
            | Self::UnitsCounted(..) => Change::Updated,
        }
    }

    /// The name of its type: dotted, as Standard Webhooks advises, with the words of the event service.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        match self {
            Self::DeviceChanged(_) => "device.updated",
            Self::DeviceRegistered(_) => "device.created",
            Self::DeviceSnapshot(_) => "device.snapshot",
            Self::LicenseSnapshot(_) => "lineitem.snapshot",
            Self::OrderSnapshot(_) => "entitlement.snapshot",
            Self::ProductSnapshot(_) => "product.snapshot",
            Self::FeatureChanged(_) => "feature.updated",
            Self::FeatureCreated(_) => "feature.created",
            Self::LicenseActivated(..) => "lineitem.activated",
            Self::LicenseChanged(_) => "lineitem.updated",
            Self::LicenseCreated(_) => "lineitem.created",
            Self::LicenseExpired(_) => "lineitem.expired",
            Self::LicenseExpiring(_) => "lineitem.expiring",
            Self::LicenseReleased(..) => "lineitem.released",
            Self::OrderCreated(_) => "entitlement.created",
            Self::ProductChanged(_) => "product.updated",
            Self::ProductCreated(_) => "product.created",
            Self::UnitsCounted(..) => "lineitem.count_changed",
        }
    }
}

/// The families that a receiver hears of; none: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilySet(pub Vec<Family>);

impl FamilySet {
    /// Whether a family is among them.
    #[must_use]
    pub fn has(&self, family: Family) -> bool {
        self.0.is_empty() || self.0.contains(&family)
    }
}

/// Names of event types, or the first parts of names followed by `.*`; none: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventTypes(pub Vec<String>);

impl EventTypes {
    /// All names of types, in order of the alphabet.
    pub const KNOWN: &'static [&'static str] = &[
        "device.created",
        "device.snapshot",
        "device.updated",
        "entitlement.created",
        "entitlement.snapshot",
        "feature.created",
        "feature.updated",
        "lineitem.activated",
        "lineitem.count_changed",
        "lineitem.created",
        "lineitem.expired",
        "lineitem.expiring",
        "lineitem.released",
        "lineitem.snapshot",
        "lineitem.updated",
        "product.created",
        "product.snapshot",
        "product.updated",
    ];

    /// Whether a type is among them.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| covers(pattern, name))
    }

    /// The first pattern that no type fits, such as a name with a mistake in it.
    #[must_use]
    pub fn unknown(&self) -> Option<&str> {
        self.0.iter().map(String::as_str).find(|pattern| !Self::KNOWN.iter().any(|name| covers(pattern, name)))
    }
}

fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix(".*") {
        Some(first) => name.split('.').next() == Some(first),
        None => pattern == name,
    }
}

/// Writes words with commas between them.
pub(super) fn join<T: Display>(words: &[T]) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Reads words with commas between them; `None` when one of them is not known.
pub(super) fn split<T: FromStr>(text: &str) -> Option<Vec<T>> {
    text.split(',').filter(|word| !word.is_empty()).map(|word| word.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{DeviceId, LicenseId, OrderId};

    #[test]
    fn types_are_named_or_covered() {
        let types = |patterns: &[&str]| EventTypes(patterns.iter().map(ToString::to_string).collect());
        assert!(types(&[]).has("device.created"));
        assert!(types(&["device.*"]).has("device.created"));
        assert!(types(&["lineitem.expired"]).has("lineitem.expired"));
        assert!(!types(&["lineitem.expired", "device.*"]).has("lineitem.created"));
        assert_eq!(types(&["device.*", "device.crated"]).unknown(), Some("device.crated"));
        assert_eq!(types(&["*"]).unknown(), Some("*"));
        assert_eq!(types(EventTypes::KNOWN).unknown(), None);
    }

    #[test]
    fn every_event_has_a_known_type() {
        let (license, device) = (LicenseId(1), DeviceId(1));
        for event in [
            Event::DeviceChanged(device),
            Event::LicenseActivated(license, device),
            Event::LicenseExpired(license),
            Event::OrderCreated(OrderId(1)),
        ] {
            assert!(EventTypes::KNOWN.contains(&event.type_name()), "{event:?}");
        }
        assert!(EventTypes::KNOWN.is_sorted());
    }

    #[test]
    fn families_without_a_word_are_all() {
        assert!(FamilySet::default().has(Family::Device));
        assert!(!FamilySet(vec![Family::Product]).has(Family::Device));
        assert_eq!(split::<Family>("device,product"), Some(vec![Family::Device, Family::Product]));
        assert_eq!(split::<Family>("device,car"), None);
        assert_eq!(join(&[Family::Device, Family::Product]), "device,product");
    }
}
