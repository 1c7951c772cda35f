//! Devices that the producer enters, takes back and retires.

use countersign_app::Page;
use countersign_app::licensing::devices::{
    self, AddDeviceError, ChangeDeviceError, ListDevicesError, NewDevice, Returned,
};
use countersign_domain::device::{DeviceClass, DeviceIdentity, DeviceStatus};
use countersign_domain::event::Event;

use crate::support::{Producer, customer, identity, new_device};

async fn status(producer: &Producer, id: &str) -> DeviceStatus {
    devices::find(&producer.ctx, producer.site, identity(id)).await.unwrap().unwrap().known.device.status
}

#[tokio::test]
async fn servers_and_the_devices_behind_them_are_entered() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    producer.create_customer("Nordwind", None).await;
    let before = producer.trails().await;
    let server = NewDevice {
        identity_name: "acme-id-1".to_owned(),
        ..new_device("SRV-1", DeviceClass::Server, Some("Nordwind"))
    };
    let id = devices::add(ctx, site, server.clone()).await.unwrap();
    producer.demand(&before, "device.add", "SRV-1", &[Event::DeviceRegistered(id)]).await;
    let found = devices::find(ctx, site, identity("SRV-1")).await.unwrap().unwrap();
    assert!(found.licenses.is_empty());
    assert_eq!(found.known.customer, Some(customer("Nordwind")));
    let device = found.known.device;
    assert_eq!((device.class, device.status), (DeviceClass::Server, DeviceStatus::Active));
    assert_eq!((device.identity_name.as_str(), device.registered_at), ("acme-id-1", ctx.now()));

    let before = producer.trails().await;
    let outcome = devices::add(ctx, site, server).await;
    assert!(matches!(outcome, Err(AddDeviceError::Taken)), "{outcome:?}");
    let outcome = devices::add(ctx, site, new_device("SRV-2", DeviceClass::Server, Some("Nobody"))).await;
    assert!(matches!(outcome, Err(AddDeviceError::UnknownCustomer(_))), "{outcome:?}");
    let long = "x".repeat(256);
    for (id, id_type, publisher_name) in
        [("", "STRING", ""), (" a", "STRING", ""), ("a", "", ""), ("a", "STRING", "a\0"), (&long, "STRING", "")]
    {
        let [id, id_type, publisher_name] = [id, id_type, publisher_name].map(str::to_owned);
        let identity = DeviceIdentity { id, id_type, publisher_name };
        let new = NewDevice { identity, ..new_device("", DeviceClass::Served, None) };
        let outcome = devices::add(ctx, site, new).await;
        assert!(matches!(outcome, Err(AddDeviceError::Broken(_))), "{outcome:?}");
    }
    assert_eq!(producer.trails().await, before, "a refusal left something");
}

#[tokio::test]
async fn devices_are_listed_with_their_customers() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    producer.create_customer("Nordwind", None).await;
    producer.create_customer("Südwind", None).await;
    for (id, of) in [("a", Some("Nordwind")), ("b", None), ("c", Some("Südwind")), ("d", Some("Nordwind"))] {
        producer.add_device(id, DeviceClass::Served, of).await;
    }
    let list = async |of: Option<&str>, page| {
        let found = devices::list(ctx, site, of.map(customer), page).await.unwrap();
        let shown = found.into_iter().map(|known| (known.device.identity.id, known.customer.map(|c| c.to_string())));
        shown.collect::<Vec<_>>()
    };
    let row = |id: &str, of: Option<&str>| (id.to_owned(), of.map(str::to_owned));
    let [a, b] = [row("a", Some("Nordwind")), row("b", None)];
    let [c, d] = [row("c", Some("Südwind")), row("d", Some("Nordwind"))];
    assert_eq!(list(None, Page::first(9)).await, [a.clone(), b, c.clone(), d.clone()]);
    assert_eq!(list(None, Page { after: 2, limit: 1 }).await, [c]);
    assert_eq!(list(Some("Nordwind"), Page::first(9)).await, [a, d]);
    let outcome = devices::list(ctx, site, Some(customer("Nobody")), Page::first(9)).await;
    assert!(matches!(outcome, Err(ListDevicesError::UnknownCustomer(_))), "{outcome:?}");
    assert_eq!(devices::list(ctx, producer.other_site().await, None, Page::first(9)).await.unwrap(), []);
}

#[tokio::test]
async fn a_device_that_is_given_back_has_nothing_activated() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    let one = producer.license("ACT-1", "Nordwind", 2).await;
    let two = producer.license("ACT-2", "Nordwind", 2).await;
    let pump = producer.add_device("pump", DeviceClass::Client, Some("Nordwind")).await;
    let fan = producer.add_device("fan", DeviceClass::Client, Some("Nordwind")).await;
    for (license, device) in [(&one, pump), (&two, pump), (&two, fan)] {
        producer.activate(license, device).await;
    }
    let found = devices::find(ctx, site, identity("pump")).await.unwrap().unwrap();
    assert_eq!(found.licenses.iter().map(|on| on.license.key.as_str()).collect::<Vec<_>>(), ["ACT-1", "ACT-2"]);
    assert!(found.licenses.iter().all(|on| on.activated_at == ctx.now()));

    let before = producer.trails().await;
    assert_eq!(devices::give_back(ctx, site, identity("pump")).await.unwrap(), Returned { released: 2 });
    let events =
        [Event::LicenseReleased(one.id, pump), Event::LicenseReleased(two.id, pump), Event::DeviceChanged(pump)];
    producer.demand(&before, "device.return", "pump", &events).await;
    assert_eq!(status(&producer, "pump").await, DeviceStatus::Returned);
    assert_eq!((producer.activations("ACT-1").await, producer.activations("ACT-2").await), (0, 1));

    let before = producer.trails().await;
    let error = devices::give_back(ctx, site, identity("pump")).await.unwrap_err();
    assert_eq!(error.to_string(), "the device is returned already");
    let other = producer.other_site().await;
    let error = devices::give_back(ctx, other, identity("fan")).await.unwrap_err();
    assert!(matches!(error, ChangeDeviceError::UnknownDevice), "{error:?}");
    assert_eq!(producer.trails().await, before, "a refusal left something");
    assert_eq!(status(&producer, "fan").await, DeviceStatus::Active);
}

#[tokio::test]
async fn a_retired_device_keeps_what_is_activated() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    let license = producer.license("ACT-1", "Nordwind", 1).await;
    let pump = producer.add_device("pump", DeviceClass::Client, Some("Nordwind")).await;
    producer.activate(&license, pump).await;
    let before = producer.trails().await;
    devices::retire(ctx, site, identity("pump")).await.unwrap();
    producer.demand(&before, "device.retire", "pump", &[Event::DeviceChanged(pump)]).await;
    assert_eq!((status(&producer, "pump").await, producer.activations("ACT-1").await), (DeviceStatus::Obsolete, 1));

    let before = producer.trails().await;
    let error = devices::retire(ctx, site, identity("pump")).await.unwrap_err();
    assert!(matches!(error, ChangeDeviceError::Already(DeviceStatus::Obsolete)), "{error:?}");
    let error = devices::retire(ctx, site, identity("fan")).await.unwrap_err();
    assert!(matches!(error, ChangeDeviceError::UnknownDevice), "{error:?}");
    assert_eq!(producer.trails().await, before, "a refusal left something");

    // To take it back is the way out.
    assert_eq!(devices::give_back(ctx, site, identity("pump")).await.unwrap().released, 1);
    assert_eq!((status(&producer, "pump").await, producer.activations("ACT-1").await), (DeviceStatus::Returned, 0));
}

#[tokio::test]
async fn a_device_goes_to_another_account_only_without_licenses_of_the_old_one() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    producer.create_account("Wind").await;
    producer.create_customer("Nordwind", Some("Wind")).await;
    producer.create_customer("Südwind", Some("Wind")).await;
    producer.create_customer("Rival", None).await;
    let license = producer.license("ACT-1", "Nordwind", 1).await;
    let pump = producer.add_device("pump", DeviceClass::Client, Some("Nordwind")).await;
    producer.activate(&license, pump).await;
    let give = async |to: Option<&str>| devices::set_customer(ctx, site, identity("pump"), to.map(customer)).await;
    let holder = async || devices::find(ctx, site, identity("pump")).await.unwrap().unwrap().known.customer;

    let before = producer.trails().await;
    give(Some("Südwind")).await.unwrap();
    producer.demand(&before, "device.set-customer", "pump", &[Event::DeviceChanged(pump)]).await;
    assert_eq!(holder().await, Some(customer("Südwind")));

    let before = producer.trails().await;
    for to in [Some("Rival"), None] {
        let error = give(to).await.unwrap_err();
        assert!(matches!(error, ChangeDeviceError::OtherAccount), "{error:?}");
    }
    assert!(matches!(give(Some("Nobody")).await, Err(ChangeDeviceError::UnknownCustomer(_))));
    assert_eq!(producer.trails().await, before, "a refusal left something");
    assert_eq!(holder().await, Some(customer("Südwind")));

    devices::give_back(ctx, site, identity("pump")).await.unwrap();
    give(Some("Rival")).await.unwrap();
    assert_eq!(holder().await, Some(customer("Rival")));
    give(None).await.unwrap();
    assert_eq!(holder().await, None);
}
