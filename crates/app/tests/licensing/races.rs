//! Many at once: names are given once, and nothing is counted twice.

use countersign_app::licensing::activations::ReleaseError;
use countersign_app::licensing::customers::NewCustomer;
use countersign_app::licensing::licenses::{CreateLicenseError, NewLicense};
use countersign_app::licensing::orders::CreateOrderError;
use countersign_app::licensing::{activations, customers, devices, licenses, orders};
use countersign_domain::device::DeviceClass;
use countersign_domain::event::Event;
use countersign_domain::licensing::ActivationLimit;
use futures_util::future::join_all;

use crate::support::{Producer, customer, identity, license_key, new_device, new_license, order};

const AT_ONCE: usize = 40;

#[tokio::test]
async fn of_many_orders_with_one_number_one_is_created() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    producer.create_customer("Nordwind", None).await;
    let before = producer.trails().await;
    let create = |_| orders::create(ctx, site, order("SO-1"), customer("Nordwind"));
    let outcomes = join_all((0..AT_ONCE).map(create)).await;
    let created: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    assert_eq!(created.len(), 1);
    for outcome in &outcomes {
        assert!(matches!(outcome, Ok(_) | Err(CreateOrderError::Taken(_))), "{outcome:?}");
    }
    producer.demand(&before, "order.create", "SO-1", &[Event::OrderCreated(*created[0])]).await;
}

#[tokio::test]
async fn of_many_licenses_with_one_key_one_is_created() {
    let producer = Producer::new().await;
    producer.create_customer("Nordwind", None).await;
    producer.create_order("SO-1", "Nordwind").await;
    let create = |_| producer.try_license(NewLicense { key: Some(license_key("ACT-1")), ..new_license("SO-1", 1) });
    let outcomes = join_all((0..AT_ONCE).map(create)).await;
    let taken = outcomes.iter().filter(|outcome| matches!(outcome, Err(CreateLicenseError::Taken))).count();
    assert_eq!((outcomes.iter().filter(|outcome| outcome.is_ok()).count(), taken), (1, AT_ONCE - 1));
    let made = join_all((0..AT_ONCE).map(|_| producer.try_license(new_license("SO-1", 1)))).await;
    assert!(made.iter().all(Result::is_ok));
}

#[tokio::test]
async fn of_many_equal_customers_and_devices_one_of_each_is_entered() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    let new = NewCustomer { name: customer("Nordwind"), email: String::new(), account: None };
    let outcomes = join_all((0..AT_ONCE).map(|_| customers::create(ctx, site, new.clone()))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let add = |_| devices::add(ctx, site, new_device("SRV-1", DeviceClass::Server, Some("Nordwind")));
    let outcomes = join_all((0..AT_ONCE).map(add)).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[tokio::test]
async fn changes_of_terms_are_made_one_after_the_other() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    producer.license("ACT-1", "Nordwind", 0).await;
    let raise = |_| {
        licenses::change_terms(ctx, site, license_key("ACT-1"), |terms| {
            if let ActivationLimit::AtMost(limit) = &mut terms.limit {
                *limit += 1;
            }
        })
    };
    assert!(join_all((0..AT_ONCE).map(raise)).await.iter().all(Result::is_ok));
    let found = licenses::find(ctx, site, license_key("ACT-1")).await.unwrap().unwrap();
    assert_eq!(found.terms.limit, ActivationLimit::AtMost(40), "a change was lost");
}

#[tokio::test]
async fn a_license_is_released_once_whoever_does_it() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    let license = producer.license("ACT-1", "Nordwind", 1).await;
    let pump = producer.add_device("pump", DeviceClass::Client, Some("Nordwind")).await;
    producer.activate(&license, pump).await;
    let release = |_| activations::release(ctx, site, license_key("ACT-1"), identity("pump"));
    let releases = join_all((0..AT_ONCE).map(release));
    let returns = join_all((0..AT_ONCE).map(|_| devices::give_back(ctx, site, identity("pump"))));
    let (releases, returns) = futures_util::future::join(releases, returns).await;
    for outcome in &releases {
        assert!(matches!(outcome, Ok(()) | Err(ReleaseError::NotActivated)), "{outcome:?}");
    }
    let by_release = releases.iter().filter(|outcome| outcome.is_ok()).count();
    let by_return: Vec<_> = returns.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    assert_eq!(by_return.len(), 1, "the device is given back once");
    assert_eq!(by_release + by_return[0].released, 1, "the license is released once");
    let released = Event::LicenseReleased(license.id, pump);
    assert_eq!(producer.events().await.iter().filter(|event| **event == released).count(), 1);
}
