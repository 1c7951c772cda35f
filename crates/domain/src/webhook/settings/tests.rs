//! What settings are taken, and that they come back from their text.

use super::super::matching::Family;
use super::*;
use crate::ids::{LicenseId, ProductId};

fn full() -> EndpointSettings {
    EndpointSettings {
        description: "two\nlines".to_owned(),
        families: FamilySet(vec![Family::Device, Family::Product]),
        types: EventTypes(vec!["device.*".to_owned(), "product.updated".to_owned()]),
        channels: vec![Channel::ProducerDoor, Channel::CommandLine],
        ignored_users: vec!["robot".to_owned(), "a,b".to_owned()],
        products: vec!["Pump".to_owned()],
        format: PayloadFormat::Fno,
        cloud_events: CloudEventsMode::Binary,
        size: PayloadSize::Thin,
        device_payload: DevicePayload::Core,
        line_item_attributes: true,
        authorization: Authorization::Header("X-Key".to_owned()),
        order: DeliveryOrder::Strict,
        coalesce: true,
        checkpoint_minutes: Some(60),
        pace: Pace { concurrency: 1, rate: Some(9), connect_seconds: 1, attempt_seconds: 30 },
        consent: true,
        ca: Some("-----BEGIN\n".to_owned()),
        ..EndpointSettings::new("https://hooks.example.com/in?x=1")
    }
}

#[test]
fn settings_come_back_from_their_text() {
    for settings in [full(), EndpointSettings::new("https://h/")] {
        assert_eq!(settings.check(), Ok(()));
        assert_eq!(EndpointSettings::from_text(&settings.url, &settings.to_text()), Some(settings));
    }
    assert_eq!(EndpointSettings::new("https://h/").to_text(), "");
    assert_eq!(EndpointSettings::from_text("https://h/", "colour=blue"), None);
    for authorization in [Authorization::None, Authorization::Basic, Authorization::Bearer] {
        assert_eq!(Authorization::from_text(&authorization.to_text()), Some(authorization));
    }
}

#[test]
fn what_cannot_be_used_is_refused() {
    let refused = |change: fn(&mut EndpointSettings)| {
        let mut settings = full();
        change(&mut settings);
        settings.check().unwrap_err()
    };
    assert!(matches!(refused(|s| s.url = "ftp://h/".to_owned()), EndpointSettingsError::Url(_)));
    assert!(matches!(refused(|s| s.url = "https://u:p@h/".to_owned()), EndpointSettingsError::Url(_)));
    assert!(matches!(refused(|s| s.url = "https://2130706433/".to_owned()), EndpointSettingsError::Url(_)));
    assert!(matches!(refused(|s| s.pace.concurrency = 0), EndpointSettingsError::Range { .. }));
    assert!(matches!(refused(|s| s.pace.rate = Some(1001)), EndpointSettingsError::Range { .. }));
    assert!(matches!(refused(|s| s.pace.attempt_seconds = 31), EndpointSettingsError::Range { .. }));
    assert!(matches!(refused(|s| s.description = "x".repeat(1001)), EndpointSettingsError::TooLong { .. }));
    assert!(matches!(refused(|s| s.products = vec![String::new(); 101]), EndpointSettingsError::TooMany));
    assert!(matches!(refused(|s| s.types.0.push("x".to_owned())), EndpointSettingsError::UnknownType(_)));
    for name in ["", "Host", "webhook-id", "a b", "x\r\ny", "Content-Type", "X-Event-Source", "TE"] {
        let mut settings = full();
        settings.authorization = Authorization::Header(name.to_owned());
        assert_eq!(settings.check(), Err(EndpointSettingsError::Header(name.to_owned())));
    }
}

#[test]
fn a_receiver_hears_what_it_wants() {
    let mut settings = full();
    let ada = Actor { channel: Channel::ProducerDoor, name: "ada".to_owned() };
    let changed = Event::ProductChanged(ProductId(1));
    assert!(settings.wants(changed, &ada));
    assert!(!settings.wants(Event::ProductCreated(ProductId(1)), &ada), "of another type");
    assert!(!settings.wants(Event::LicenseCreated(LicenseId(1)), &ada), "of another family");
    assert!(!settings.wants(changed, &Actor::of(Channel::System)), "on another way");
    assert!(!settings.wants(changed, &Actor { name: "robot".to_owned(), ..ada.clone() }), "by an ignored user");
    assert!(settings.wants_product(["Lamp", "Pump"].into_iter()));
    assert!(!settings.wants_product(["Lamp"].into_iter()));
    assert!(settings.wants_product([].into_iter()));
    settings.products.clear();
    assert!(settings.wants_product(["Lamp"].into_iter()));
}
