//! What an event is told with: the rows that it is about, as they were when it was given its number.

use super::matching::Family;
use super::settings::PayloadFormat;
use crate::audit::Actor;
use crate::changes::Changes;
use crate::device::Device;
use crate::event::Event;
use crate::ids::{EventId, SiteId};
use crate::licensing::{Customer, DeviceFacts, Feature, License, LicensedProduct, Order};
use crate::site::SiteName;
use crate::time::Timestamp;

/// What deliveries of one thing are kept in order by: the order, product or device that an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entity {
    /// What it is.
    pub family: Family,
    /// Its row id; 0 where nobody can tell it any more.
    pub id: i64,
}

impl Entity {
    /// Whatever an item belonged to that is gone: a license, a feature.
    #[must_use]
    pub fn unknown(family: Family) -> Self {
        Self { family, id: 0 }
    }

    /// Whether nobody can tell which it is.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        self.id == 0
    }
}

impl std::fmt::Display for Entity {
    /// The form of the header `x-event-entity`, such as `ENT:90211`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let family = match self.family {
            Family::Device => "DEVICE",
            Family::Entitlement => "ENT",
            Family::Product => "PROD",
        };
        write!(f, "{family}:{}", self.id)
    }
}

/// All that can be told of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFacts {
    /// Row id of the event.
    pub id: EventId,
    /// Its number in the site, from 1 and without gaps; 0 in a sample.
    pub sequence: i64,
    /// What has happened.
    pub event: Event,
    /// What it has changed.
    pub changes: Changes,
    /// Whether it stands for earlier ones as well, which were not sent: then nobody can tell what was before.
    pub coalesced: bool,
    /// Who did it, and on which way.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// Row id of the site.
    pub site_id: SiteId,
    /// Name of the site.
    pub site: SiteName,
    /// What it is about.
    pub story: Story,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Story {
    /// A device.
    Device(Box<DeviceStory>),
    /// A row that is no longer there. Where it was an item, what it belonged to is unknown, and may well be there.
    Missing(Entity),
    /// An order.
    Order(Box<OrderStory>),
    /// A product.
    Product(Box<ProductStory>),
}

/// A device and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceStory {
    /// The device.
    pub device: Device,
    /// The customer that it belongs to.
    pub customer: Option<Customer>,
    /// What an application has told of it.
    pub facts: Option<DeviceFacts>,
}

/// An order, and the license that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderStory {
    /// The order.
    pub order: Order,
    /// Who has bought.
    pub customer: Customer,
    /// The license that changed; `None`: the order itself.
    pub line_item: Option<LineItem>,
}

/// A license that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineItem {
    /// The license.
    pub license: License,
    /// Its product.
    pub product: LicensedProduct,
    /// The device, where the license was activated, released or used on one.
    pub device: Option<Device>,
}

/// A product with its features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductStory {
    /// The product.
    pub product: LicensedProduct,
    /// Its features.
    pub features: Vec<Feature>,
    /// The feature that changed; `None`: the product itself.
    pub changed: Option<Feature>,
}

impl EventFacts {
    /// What deliveries of the event are kept in order by.
    #[must_use]
    pub fn entity(&self) -> Entity {
        match &self.story {
            Story::Device(story) => Entity { family: Family::Device, id: story.device.id.0 },
            Story::Missing(entity) => *entity,
            Story::Order(story) => Entity { family: Family::Entitlement, id: story.order.id.0 },
            Story::Product(story) => Entity { family: Family::Product, id: story.product.product.id.0 },
        }
    }

    /// What events have in common of which a receiver needs only the last one: they say the same of the same thing. The form
    /// of the event service has no types: there, all that changes a license or a product says how it is.
    #[must_use]
    pub fn topic(&self, format: PayloadFormat) -> String {
        let (entity, parts) = (self.entity(), self.event.parts());
        match (format, &self.story) {
            (PayloadFormat::Fno, Story::Order(story)) => {
                let item = story.line_item.as_ref().map_or(0, |item| item.license.id.0);
                format!("{entity} {} {item}", self.event.change())
            }
            (PayloadFormat::Fno, _) => format!("{entity} {}", self.event.change()),
            (PayloadFormat::CloudEvents | PayloadFormat::License | PayloadFormat::Standard, _) => {
                let feature = parts.counted.and_then(|counted| counted.feature).map_or(0, |feature| feature.0);
                format!("{entity} {} {} {} {feature}", parts.kind, parts.subject, parts.device.unwrap_or(0))
            }
        }
    }

    /// The products that it is about.
    pub fn products(&self) -> impl Iterator<Item = &str> {
        let product = match &self.story {
            Story::Order(story) => story.line_item.as_ref().map(|item| &item.product),
            Story::Product(story) => Some(&story.product),
            Story::Device(_) | Story::Missing(_) => None,
        };
        product.map(|product| product.product.name.as_str()).into_iter()
    }
}
