//! Seats: many at once, on several nodes, and what becomes of them when something else happens.

use countersign_app::license_api::{LicenseError, ReleaseFilter, check};
use countersign_app::licensing::seats::Sweep;
use countersign_app::licensing::{devices, licenses, seats};
use countersign_app::{Clock as _, Page};
use countersign_domain::device::DeviceIdentity;
use countersign_domain::licensing::{ActivationLimit, Floating, License, LicenseRules, LicenseTerms, SeatPool, Seats};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use futures_util::future::join_all;

use crate::support::{Shop, TERMS, identity};

const AT_ONCE: usize = 1000;

async fn floating(shop: &Shop, users: u32) -> License {
    let seats = Seats { floating: Floating::Cloud, users, timeout: 4, borrow: None };
    let terms = LicenseTerms { limit: ActivationLimit::Unlimited, ..TERMS };
    shop.license(terms, LicenseRules { seats, ..LicenseRules::default() }).await
}

/// Checks with so many devices at once, half of them on another node, and gives the number of those with a seat.
async fn check_all(shop: &Shop, license: &License, devices: usize) -> usize {
    let on_postgres = std::env::var("COUNTERSIGN_TEST_STORE").is_ok_and(|store| store == "postgres");
    let other = if on_postgres { shop.world.second_process().await } else { shop.ctx.clone() };
    let checks = (0..devices).map(|number| {
        let (node, named) = ([&shop.ctx, &other][number % 2], identity(&license.key, &format!("HW-{number}")));
        check(node, &shop.caller, named, ReleaseFilter::default())
    });
    let said = join_all(checks).await;
    assert!(said.iter().all(|said| matches!(said, Ok(_) | Err(LicenseError::Denied(_)))), "something else failed");
    said.iter().filter(|said| said.is_ok()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_checks_exactly_as_many_get_seats_as_there_are() {
    let shop = Shop::new().await;
    let license = floating(&shop, 37).await;
    let names: Vec<String> = (0..AT_ONCE).map(|number| format!("HW-{number}")).collect();
    for activated in join_all(names.iter().map(|name| shop.activate(&license.key, name))).await {
        assert!(activated.unwrap().seats.own.in_use <= 37);
    }
    assert_eq!(check_all(&shop, &license, AT_ONCE).await, 37);
    // All end at once, and all clients come at once.
    let later = shop.world.clock.now().plus(std::time::Duration::from_secs(241));
    shop.world.clock.set(later);
    assert_eq!(check_all(&shop, &license, AT_ONCE).await, 37);
    let listed = seats::list(&shop.ctx, shop.site, license.key.clone(), Page::first(999)).await.unwrap();
    assert_eq!(listed.len(), 37);
    let denials = seats::list_denials(&shop.ctx, shop.site, Some(license.key), Page::first(9999)).await.unwrap();
    let refused = |range: std::ops::RangeInclusive<usize>| range.contains(&denials.len());
    assert!(refused(AT_ONCE - 37..=AT_ONCE), "{} devices were refused", denials.len());
}

#[tokio::test]
async fn whatever_takes_a_license_off_a_device_frees_its_seat() {
    let shop = Shop::new().await;
    let license = floating(&shop, 1).await;
    let held = async || {
        let listed = seats::list(&shop.ctx, shop.site, license.key.clone(), Page::first(9)).await.unwrap();
        listed.into_iter().map(|row| row.device.identity.id).collect::<Vec<_>>()
    };
    let device = |name: &str| DeviceIdentity {
        id: name.to_owned(),
        id_type: DeviceIdentity::HARDWARE.to_owned(),
        publisher_name: String::new(),
    };
    shop.activate(&license.key, "HW-1").await.unwrap();
    assert_eq!(held().await, ["HW-1"]);
    countersign_app::licensing::activations::release(&shop.ctx, shop.site, license.key.clone(), device("HW-1"))
        .await
        .unwrap();
    assert!(held().await.is_empty());
    shop.activate(&license.key, "HW-2").await.unwrap();
    devices::give_back(&shop.ctx, shop.site, device("HW-2")).await.unwrap();
    assert!(held().await.is_empty());
    shop.activate(&license.key, "HW-3").await.unwrap();
    licenses::reset(&shop.ctx, shop.site, license.key.clone()).await.unwrap();
    assert!(held().await.is_empty());
    shop.activate(&license.key, "HW-4").await.unwrap();
    assert_eq!(held().await, ["HW-4"]);
}

#[tokio::test]
async fn holders_keep_their_seats_when_there_are_fewer() {
    let shop = Shop::new().await;
    let license = floating(&shop, 3).await;
    for name in ["HW-1", "HW-2", "HW-3"] {
        shop.activate(&license.key, name).await.unwrap();
    }
    let key = license.key.clone();
    licenses::change_rules(&shop.ctx, shop.site, key, |rules| rules.seats.users = 1).await.unwrap();
    assert_eq!(shop.check(&license.key, "HW-2").await.unwrap().seats.own.in_use, 3);
    shop.deactivate(&license.key, "HW-1").await.unwrap();
    shop.activate(&license.key, "HW-4").await.unwrap();
    assert!(matches!(shop.check(&license.key, "HW-4").await, Err(LicenseError::Denied(_))));
    shop.deactivate(&license.key, "HW-2").await.unwrap();
    assert!(matches!(shop.check(&license.key, "HW-4").await, Err(LicenseError::Denied(_))));
    shop.deactivate(&license.key, "HW-3").await.unwrap();
    assert_eq!(shop.check(&license.key, "HW-4").await.unwrap().seats.own.in_use, 1);
}

#[tokio::test]
async fn a_sweep_removes_what_has_ended_and_nothing_else() {
    let shop = Shop::new().await;
    let license = floating(&shop, 9).await;
    shop.activate(&license.key, "HW-1").await.unwrap();
    shop.world.clock.advance(std::time::Duration::from_secs(200));
    shop.activate(&license.key, "HW-2").await.unwrap();
    shop.world.clock.advance(std::time::Duration::from_secs(40));
    assert_eq!(seats::sweep(&shop.ctx, None).await.unwrap().removed, 0);
    shop.world.clock.advance(std::time::Duration::from_secs(1));
    let pool = SeatPool::of(license.id);
    let behind = seats::sweep(&shop.ctx, Some(pool)).await.unwrap();
    assert_eq!(behind, Sweep { removed: 0, last: None });
    assert_eq!(seats::sweep(&shop.ctx, None).await.unwrap(), Sweep { removed: 1, last: None });
    let rows = shop.world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(
            async move { Ok((tx.seats().lock(pool).await?, tx.seats().find_ended(Timestamp::EPOCH, None).await?)) },
        )
    });
    assert_eq!(rows.await.unwrap(), (1, None));
}
