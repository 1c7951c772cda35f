//! Invented events of each type: for tests of receivers, and as examples.

use countersign_domain::audit::{Actor, Channel};
use countersign_domain::catalog::package::Product;
use countersign_domain::changes::{Changes, MemberValue};
use countersign_domain::device::{Device, DeviceClass, DeviceIdentity, DeviceStatus};
use countersign_domain::event::{CountedUnits, Event};
use countersign_domain::ids::{
    AccountId, CustomerId, DeviceId, EventId, FeatureId, LicenseId, OrderId, ProductId, SiteId,
};
use countersign_domain::licensing::{
    Account, ActivationLimit, Contact, CustomField, Customer, DeviceFacts, Feature, FeatureRules, FieldType, Floating,
    License, LicenseRules, LicenseStatus, LicenseTerms, LicenseUsage, LicensedProduct, Order, ProductRules,
    ProductStatus, Seats,
};
use countersign_domain::site::SiteName;
use countersign_domain::text::{
    AccountName, CustomerName, FeatureCode, LicenseKey, OrderNumber, ProductCode, ProductName,
};
use countersign_domain::time::{Date, Timestamp};
use countersign_domain::webhook::{DeviceStory, EventFacts, LineItem, OrderStory, ProductStory, Story};

/// An invented event of a type; `None`: no event has such a type.
pub(crate) fn sample_facts(event_type: &str) -> Option<EventFacts> {
    let (license, device) = (LicenseId(70_118), DeviceId(60_442));
    let event = [
        Event::DeviceChanged(device),
        Event::DeviceRegistered(device),
        Event::FeatureChanged(FeatureId(301)),
        Event::FeatureCreated(FeatureId(301)),
        Event::LicenseActivated(license, device),
        Event::LicenseChanged(license),
        Event::LicenseCreated(license),
        Event::LicenseExpired(license),
        Event::LicenseExpiring(license),
        Event::LicenseReleased(license, device),
        Event::DeviceSnapshot(device),
        Event::LicenseSnapshot(license),
        Event::OrderSnapshot(OrderId(90_211)),
        Event::ProductSnapshot(ProductId(88)),
        Event::OrderCreated(OrderId(90_211)),
        Event::ProductChanged(ProductId(88)),
        Event::ProductCreated(ProductId(88)),
        Event::UnitsCounted(license, device, CountedUnits { feature: None, units: 3, total: 12 }),
    ];
    let event = event.into_iter().find(|event| event.type_name() == event_type)?;
    Some(EventFacts {
        id: EventId(1207),
        sequence: 0,
        event,
        changes: changes(event),
        coalesced: false,
        actor: Actor { channel: Channel::ProducerDoor, name: "ops-anna".to_owned() },
        at: when(),
        site_id: SiteId(1),
        site: SiteName::new("lumen").ok()?,
        story: story(event)?,
    })
}

fn changes(event: Event) -> Changes {
    match event {
        Event::DeviceChanged(_) => Changes::of("status", "returned", "active"),
        Event::FeatureChanged(_) => Changes::of("end", None::<&str>, "2030-12-31"),
        Event::LicenseActivated(..) => Changes::of("activations", 8_u32, 9_u32),
        Event::LicenseChanged(_) => {
            let mut changes = Changes::of("activation_limit", 20_u32, 25_u32);
            changes.note("custom_fields.costCentre", "EU-8", "EU-9");
            changes.note("end_date", "2026-12-31", None::<&str>);
            changes.note("features", MemberValue::Texts(vec!["gpu".to_owned()]), MemberValue::Texts(Vec::new()));
            changes.note("prevent_vm", None::<bool>, true);
            changes
        }
        Event::LicenseReleased(..) => Changes::of("activations", 10_u32, 9_u32),
        Event::ProductChanged(_) => Changes::of("code", "lumen", "lumen-render"),
        Event::DeviceRegistered(_)
        | Event::DeviceSnapshot(_)
        | Event::LicenseSnapshot(_)
        | Event::OrderSnapshot(_)
        | Event::ProductSnapshot(_)
        | Event::FeatureCreated(_)
        | Event::LicenseCreated(_)
        | Event::LicenseExpired(_)
        | Event::LicenseExpiring(_)
        | Event::OrderCreated(_)
        | Event::ProductCreated(_)
        | Event::UnitsCounted(..) => Changes::default(),
    }
}

fn story(event: Event) -> Option<Story> {
    Some(match event {
        Event::DeviceChanged(_) | Event::DeviceRegistered(_) | Event::DeviceSnapshot(_) => {
            Story::Device(Box::new(DeviceStory { device: device(), customer: Some(customer()?), facts: Some(told()) }))
        }
        Event::FeatureChanged(_) | Event::FeatureCreated(_) => product_story(true)?,
        Event::ProductChanged(_) | Event::ProductCreated(_) | Event::ProductSnapshot(_) => product_story(false)?,
        Event::OrderCreated(_) | Event::OrderSnapshot(_) => order_story(None)?,
        Event::LicenseActivated(..) | Event::LicenseReleased(..) | Event::UnitsCounted(..) => {
            order_story(Some(Some(device())))?
        }
        Event::LicenseExpiring(_) => {
            let mut story = order_story(Some(None))?;
            if let Story::Order(order) = &mut story
                && let Some(item) = &mut order.line_item
            {
                item.license.terms.end_date = Date::parse("2026-01-07").ok();
            }
            story
        }
        Event::LicenseChanged(_) | Event::LicenseCreated(_) | Event::LicenseExpired(_) | Event::LicenseSnapshot(_) => {
            order_story(Some(None))?
        }
    })
}

fn product_story(of_feature: bool) -> Option<Story> {
    let feature = feature()?;
    let changed = of_feature.then(|| feature.clone());
    Some(Story::Product(Box::new(ProductStory { product: product()?, features: vec![feature], changed })))
}

/// The story of the order, or of its license, perhaps with a device.
fn order_story(item: Option<Option<Device>>) -> Option<Story> {
    let customer = customer()?;
    let number = OrderNumber::new("LUM-2026-0007").ok()?;
    let order = Order {
        id: OrderId(90_211),
        number: number.clone(),
        holder: customer.holder(),
        customer: customer.name.clone(),
        created_at: when(),
    };
    let line_item = match item {
        Some(device) => Some(LineItem { license: license(&customer, number)?, product: product()?, device }),
        None => None,
    };
    Some(Story::Order(Box::new(OrderStory { order, customer, line_item })))
}

fn license(customer: &Customer, order: OrderNumber) -> Option<License> {
    let field =
        |name: &str, field_type, value: &str| CustomField { name: name.into(), field_type, value: value.into() };
    Some(License {
        id: LicenseId(70_118),
        key: LicenseKey::new("ACT-7f3a-0c11").ok()?,
        order,
        holder: customer.holder(),
        customer: customer.name.clone(),
        product: product()?.product,
        bundle_key: None,
        features: Vec::new(),
        terms: LicenseTerms {
            status: LicenseStatus::Enabled,
            start_date: Date::parse("2026-01-01").ok(),
            end_date: None,
            limit: ActivationLimit::AtMost(25),
        },
        rules: LicenseRules {
            seats: Seats { floating: Floating::Cloud, users: 40, timeout: 10, borrow: None },
            custom_fields: vec![
                field("costCentre", FieldType::Text, "EU-9"),
                field("prepaid", FieldType::Text, "true"),
            ],
            ..LicenseRules::default()
        },
        usage: LicenseUsage::default(),
        activations: 9,
        created_at: when(),
    })
}

fn product() -> Option<LicensedProduct> {
    Some(LicensedProduct {
        product: Product { id: ProductId(88), name: ProductName::new("Lumen Render").ok()? },
        code: ProductCode::new("lumen-render").ok()?,
        status: ProductStatus::Active,
        rules: ProductRules::default(),
    })
}

fn feature() -> Option<Feature> {
    Some(Feature {
        id: FeatureId(301),
        product: ProductId(88),
        code: FeatureCode::new("gpu").ok()?,
        name: "Rendering on graphics cards".to_owned(),
        rules: FeatureRules::default(),
    })
}

fn customer() -> Option<Customer> {
    Some(Customer {
        id: CustomerId(23),
        name: CustomerName::new("NORDWIND-LAB").ok()?,
        email: "licenses@nordwind.example".to_owned(),
        contact: Contact { company_name: "Nordwind".to_owned(), ..Contact::default() },
        account: Some(Account { id: AccountId(17), name: AccountName::new("NORDWIND").ok()? }),
        created_at: when(),
    })
}

fn device() -> Device {
    Device {
        id: DeviceId(60_442),
        identity: DeviceIdentity {
            id: "7C9A1F00D2E1".to_owned(),
            id_type: "ETHERNET".to_owned(),
            publisher_name: "lumen".to_owned(),
        },
        identity_name: "lumen-id".to_owned(),
        class: DeviceClass::Server,
        status: DeviceStatus::Active,
        holder: None,
        registered_at: when(),
        last_seen_at: when(),
    }
}

fn told() -> DeviceFacts {
    DeviceFacts { hostname: "farm-north".to_owned(), ..DeviceFacts::default() }
}

/// When everything that is invented happened: the end of 2025.
fn when() -> Timestamp {
    Timestamp::from_millis(1_767_225_599_874)
}
