//! What an event is about, in real numbers and times: the `data` of Standard Webhooks and CloudEvents.

use countersign_domain::event::Event;
use countersign_domain::licensing::{ActivationLimit, Units};
use countersign_domain::webhook::{DeviceStory, EventFacts, LineItem, OrderStory, ProductStory, Story};
use serde::Serialize;

use super::changes::Changed;
use super::time::instant;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// All that is known.
    Full {
        /// Custom attributes of licenses among it.
        with_attributes: bool,
    },
    /// What happened, to which row.
    Thin,
}

/// What happened, to which row, by whom; and, unless it is thin, the row.
#[derive(Serialize)]
pub(super) struct Data<'a> {
    /// Number of the event in the site, without gaps.
    sequence: i64,
    tenant: &'a str,
    /// Such as `ENT:90211`.
    entity: String,
    /// Row id of the entity.
    id: i64,
    actor: Who<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Device<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entitlement: Option<Entitlement<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_item: Option<Item<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<Product<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature: Option<Feature<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Changed>,
    /// Days until the last day of a license that expires soon.
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<i64>,
}

#[derive(Serialize)]
struct Who<'a> {
    channel: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct Device<'a> {
    id: i64,
    device_id: &'a str,
    id_type: &'a str,
    publisher: &'a str,
    identity: &'a str,
    class: &'static str,
    status: &'static str,
    hostname: Option<&'a str>,
    is_virtual: Option<bool>,
    customer: Option<&'a str>,
    account: Option<&'a str>,
    registered_at: String,
}

#[derive(Serialize)]
struct Entitlement<'a> {
    id: i64,
    number: &'a str,
    customer: &'a str,
    account: Option<&'a str>,
    created_at: String,
}

#[derive(Serialize)]
struct Item<'a> {
    id: i64,
    activation_id: &'a str,
    product: &'a str,
    license_type: &'static str,
    status: &'static str,
    /// Null: any number.
    activation_limit: Option<u32>,
    activations: u32,
    /// First and last day; null: no such limit.
    start_date: Option<String>,
    end_date: Option<String>,
    trial_days: Option<u16>,
    maintenance_end_date: Option<String>,
    units_used: i64,
    /// Null: any number.
    units_limit: Option<i64>,
    features: Vec<&'a str>,
    /// The device that it was activated on, released from, or used on.
    device_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Product<'a> {
    id: i64,
    name: &'a str,
    code: &'a str,
    status: &'static str,
    features: Vec<Feature<'a>>,
}

#[derive(Serialize)]
struct Feature<'a> {
    id: i64,
    code: &'a str,
    name: &'a str,
    feature_type: &'static str,
}

impl<'a> Data<'a> {
    /// What there is to tell.
    pub(super) fn of(facts: &'a EventFacts, detail: Detail) -> Self {
        let entity = facts.entity();
        let who = Who { channel: facts.actor.channel.as_str(), name: &facts.actor.name };
        let mut data = Self {
            sequence: facts.sequence,
            tenant: facts.site.as_str(),
            entity: entity.to_string(),
            id: entity.id,
            actor: who,
            device: None,
            entitlement: None,
            line_item: None,
            product: None,
            feature: None,
            changes: None,
            days_left: days_left(facts),
        };
        let Detail::Full { with_attributes } = detail else { return data };
        data.changes = Changed::of(facts, with_attributes);
        match &facts.story {
            Story::Device(story) => data.device = Some(device(story)),
            Story::Missing(_) => {}
            Story::Order(story) => {
                data.entitlement = Some(entitlement(story));
                data.line_item = story.line_item.as_ref().map(line_item);
            }
            Story::Product(story) => {
                data.product = Some(product(story));
                data.feature = story.changed.as_ref().map(feature);
            }
        }
        data
    }
}

fn days_left(facts: &EventFacts) -> Option<i64> {
    let (Event::LicenseExpiring(_), Story::Order(story)) = (facts.event, &facts.story) else { return None };
    let last = story.line_item.as_ref()?.license.terms.end_date?.end();
    Some(last.as_millis().saturating_sub(facts.at.date().end().as_millis()).div_euclid(DAY))
}

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

fn device(story: &DeviceStory) -> Device<'_> {
    let customer = story.customer.as_ref();
    Device {
        id: story.device.id.0,
        device_id: &story.device.identity.id,
        id_type: &story.device.identity.id_type,
        publisher: &story.device.identity.publisher_name,
        identity: &story.device.identity_name,
        class: story.device.class.as_str(),
        status: story.device.status.as_str(),
        hostname: story.facts.as_ref().map(|told| told.hostname.as_str()),
        is_virtual: story.facts.as_ref().map(|told| told.is_vm),
        customer: customer.map(|customer| customer.name.as_str()),
        account: customer.and_then(|customer| customer.account.as_ref()).map(|account| account.name.as_str()),
        registered_at: instant(story.device.registered_at),
    }
}

fn entitlement(story: &OrderStory) -> Entitlement<'_> {
    Entitlement {
        id: story.order.id.0,
        number: story.order.number.as_str(),
        customer: story.customer.name.as_str(),
        account: story.customer.account.as_ref().map(|account| account.name.as_str()),
        created_at: instant(story.order.created_at),
    }
}

fn line_item(item: &LineItem) -> Item<'_> {
    let license = &item.license;
    Item {
        id: license.id.0,
        activation_id: license.key.as_str(),
        product: license.product.name.as_str(),
        license_type: license.rules.license_type.as_str(),
        status: license.terms.status.as_str(),
        activation_limit: match license.terms.limit {
            ActivationLimit::AtMost(limit) => Some(limit),
            ActivationLimit::Unlimited => None,
        },
        activations: license.activations,
        start_date: license.terms.start_date.map(|day| day.to_string()),
        end_date: license.terms.end_date.map(|day| day.to_string()),
        trial_days: license.rules.trial_days,
        maintenance_end_date: license.rules.maintenance_end.map(|day| day.to_string()),
        units_used: license.usage.meter.total,
        units_limit: match license.rules.metering.limit {
            Units::AtMost(limit) => Some(limit),
            Units::Unlimited => None,
        },
        features: license.features.iter().map(|feature| feature.code.as_str()).collect(),
        device_id: item.device.as_ref().map(|device| device.identity.id.as_str()),
    }
}

fn product(story: &ProductStory) -> Product<'_> {
    Product {
        id: story.product.product.id.0,
        name: story.product.product.name.as_str(),
        code: story.product.code.as_str(),
        status: story.product.status.as_str(),
        features: story.features.iter().map(feature).collect(),
    }
}

fn feature(feature: &countersign_domain::licensing::Feature) -> Feature<'_> {
    Feature {
        id: feature.id.0,
        code: feature.code.as_str(),
        name: &feature.name,
        feature_type: feature.rules.feature_type.as_str(),
    }
}
