//! The bodies of license webhooks. An object stands under its name in `data`.

use countersign_crypto::encoding::hex_encode;
use countersign_crypto::sha256;
use countersign_domain::event::Event;
use countersign_domain::licensing::ActivationLimit;
use countersign_domain::webhook::{EventFacts, LineItem, OrderStory, ProductStory, Story};
use serde::Serialize;

use super::time::instant;

#[derive(Serialize)]
pub(super) struct Body<'a> {
    /// The same for each attempt: receivers know repeated events by it.
    id: String,
    event: &'static str,
    company_id: i64,
    user_id: Option<i64>,
    ts: i64,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<License<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Order<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<Product<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Device<'a>>,
}

#[derive(Serialize)]
struct License<'a> {
    id: i64,
    license_key: &'a str,
    activations_type: &'static str,
    times_activated: u32,
    max_activations: u32,
    allow_unlimited_activations: bool,
    enabled: bool,
    active: bool,
    is_trial: bool,
    validity_period: Option<String>,
    enable_maintenance_period: bool,
    maintenance_period: Option<String>,
    max_license_users: u32,
    total_consumptions: i64,
    license_type: &'static str,
    product: Product<'a>,
    order_store_id: &'a str,
    hardware_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Order<'a> {
    id: i64,
    store_id: &'a str,
    customer: Customer<'a>,
    created_at: String,
}

#[derive(Serialize)]
struct Customer<'a> {
    id: i64,
    email: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    company_name: &'a str,
    reference: &'a str,
}

#[derive(Serialize)]
struct Product<'a> {
    id: i64,
    name: &'a str,
    short_code: &'a str,
}

#[derive(Serialize)]
struct Device<'a> {
    id: i64,
    hardware_id: &'a str,
}

/// The body of an event.
pub(super) fn body(facts: &EventFacts) -> Body<'_> {
    let mut data = Data { license: None, order: None, product: None, device: None };
    match &facts.story {
        Story::Device(story) => {
            data.device = Some(Device { id: story.device.id.0, hardware_id: &story.device.identity.id });
        }
        Story::Missing(_) => {}
        Story::Order(story) => match &story.line_item {
            Some(item) => data.license = Some(license(facts, item)),
            None => data.order = Some(order(story)),
        },
        Story::Product(story) => data.product = Some(product(story)),
    }
    Body {
        id: uuid(facts),
        event: name(facts.event),
        company_id: facts.site_id.0,
        user_id: None,
        ts: facts.at.as_seconds(),
        data,
    }
}

/// Names are those of the license service, where it has one.
fn name(event: Event) -> &'static str {
    match event {
        Event::DeviceChanged(_) | Event::DeviceSnapshot(_) => "device.updated",
        Event::DeviceRegistered(_) => "device.created",
        Event::FeatureChanged(_) | Event::FeatureCreated(_) | Event::ProductChanged(_) | Event::ProductSnapshot(_) => {
            "product.updated"
        }
        Event::OrderSnapshot(_) => "order.updated",
        Event::LicenseActivated(..) => "license.activated",
        Event::LicenseChanged(_) | Event::LicenseSnapshot(_) | Event::UnitsCounted(..) => "license.updated",
        Event::LicenseCreated(_) => "license.created",
        Event::LicenseExpired(_) => "license.expired",
        Event::LicenseExpiring(_) => "license.expiring",
        Event::LicenseReleased(..) => "license.deactivated",
        Event::OrderCreated(_) => "order.created",
        Event::ProductCreated(_) => "product.created",
    }
}

fn uuid(facts: &EventFacts) -> String {
    uuid_of(&format!("event {} of {}", facts.id, facts.site))
}

/// A UUID that is made of a name (RFC 9562 section 5.8).
pub(super) fn uuid_of(name: &str) -> String {
    let mut bytes = sha256(name.as_bytes());
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex_encode(&bytes);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

fn license<'a>(facts: &EventFacts, item: &'a LineItem) -> License<'a> {
    let license = &item.license;
    let (max_activations, allow_unlimited_activations) = match license.terms.limit {
        ActivationLimit::AtMost(limit) => (limit, false),
        ActivationLimit::Unlimited => (0, true),
    };
    let maintenance = license.rules.maintenance_end;
    License {
        id: license.id.0,
        license_key: license.key.as_str(),
        activations_type: "online",
        times_activated: license.activations,
        max_activations,
        allow_unlimited_activations,
        enabled: license.terms.status == countersign_domain::licensing::LicenseStatus::Enabled,
        active: license.activations > 0 && !license.is_expired(facts.at),
        is_trial: license.rules.trial_days.is_some(),
        validity_period: license.terms.end_date.map(|day| instant(day.end())),
        enable_maintenance_period: maintenance.is_some(),
        maintenance_period: maintenance.map(|day| instant(day.end())),
        max_license_users: license.rules.users.unwrap_or(0),
        total_consumptions: license.usage.meter.total,
        license_type: license.rules.license_type.as_str(),
        product: Product {
            id: license.product.id.0,
            name: license.product.name.as_str(),
            short_code: item.product.code.as_str(),
        },
        order_store_id: license.order.as_str(),
        hardware_id: item.device.as_ref().map(|device| device.identity.id.as_str()),
    }
}

fn order(story: &OrderStory) -> Order<'_> {
    let customer = &story.customer;
    Order {
        id: story.order.id.0,
        store_id: story.order.number.as_str(),
        customer: Customer {
            id: customer.id.0,
            email: &customer.email,
            first_name: &customer.contact.first_name,
            last_name: &customer.contact.last_name,
            company_name: &customer.contact.company_name,
            reference: &customer.contact.reference,
        },
        created_at: instant(story.order.created_at),
    }
}

fn product(story: &ProductStory) -> Product<'_> {
    Product {
        id: story.product.product.id.0,
        name: story.product.product.name.as_str(),
        short_code: story.product.code.as_str(),
    }
}
