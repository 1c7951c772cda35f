//! Licenses on devices.

use std::time::Duration;

use countersign_app::Page;
use countersign_app::licensing::activations::{self, ListActivationsError, ReleaseError};
use countersign_domain::device::DeviceClass;
use countersign_domain::event::Event;

use crate::support::{Producer, identity, license_key};

#[tokio::test]
async fn a_released_license_has_room_for_another_device() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    let license = producer.license("ACT-1", "Nordwind", 2).await;
    let pump = producer.add_device("pump", DeviceClass::Client, Some("Nordwind")).await;
    let fan = producer.add_device("fan", DeviceClass::Client, Some("Nordwind")).await;
    let first = ctx.now();
    producer.activate(&license, pump).await;
    producer.world.clock.advance(Duration::from_secs(60));
    producer.activate(&license, fan).await;

    let all = activations::list(ctx, site, license_key("ACT-1"), Page::first(9)).await.unwrap();
    let shown: Vec<_> = all.iter().map(|activated| (activated.device.id, activated.activated_at)).collect();
    assert_eq!(shown, [(pump, first), (fan, first.plus(Duration::from_secs(60)))]);
    let rest = Page { after: pump.0, limit: 9 };
    let rest = activations::list(ctx, site, license_key("ACT-1"), rest).await.unwrap();
    assert_eq!(rest.iter().map(|activated| activated.device.identity.id.as_str()).collect::<Vec<_>>(), ["fan"]);

    let before = producer.trails().await;
    activations::release(ctx, site, license_key("ACT-1"), identity("pump")).await.unwrap();
    let subject = format!("{} on device {pump}", license.id);
    producer.demand(&before, "license.release", &subject, &[Event::LicenseReleased(license.id, pump)]).await;
    assert_eq!(producer.activations("ACT-1").await, 1);
}

#[tokio::test]
async fn what_is_not_activated_is_not_released() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    let license = producer.license("ACT-1", "Nordwind", 2).await;
    let pump = producer.add_device("pump", DeviceClass::Client, None).await;
    producer.add_device("fan", DeviceClass::Client, None).await;
    producer.activate(&license, pump).await;
    let other = producer.other_site().await;

    let before = producer.trails().await;
    let release = async |site, key: &str, id: &str| {
        activations::release(ctx, site, license_key(key), identity(id)).await.unwrap_err()
    };
    assert!(matches!(release(site, "ACT-1", "fan").await, ReleaseError::NotActivated));
    assert!(matches!(release(site, "ACT-1", "nothing").await, ReleaseError::UnknownDevice));
    assert!(matches!(release(other, "ACT-1", "pump").await, ReleaseError::UnknownLicense));
    let error = release(site, "ACT-9", "pump").await;
    assert!(error.to_string().contains("countersign license list"), "{error}");
    assert!(!format!("{error:?}").contains("ACT-9"), "{error:?}");
    let outcome = activations::list(ctx, other, license_key("ACT-1"), Page::first(9)).await;
    assert!(matches!(outcome, Err(ListActivationsError::UnknownLicense)), "{outcome:?}");
    assert_eq!(producer.trails().await, before, "a refusal left something");
    assert_eq!(producer.activations("ACT-1").await, 1);
}
