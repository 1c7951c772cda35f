//! Seats: how many machines have one, what the others hear, and what becomes of seats without the server.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use countersign_client::license::{
    Activation, GraceReason, KeptSeat, LicenseClient, LicenseError, LicenseState, Reason,
};
use countersign_domain::licensing::{FeatureRules, Floating, LicenseRules, Seats};

use super::support::{HOUR, KEY, Machine, Shop, Weather};
use crate::license_seats::pass;
use crate::license_support::endless;

/// A license with one seat of an hour, which can be lent for two days; its feature has one, too.
async fn floating() -> Shop {
    let shop = Shop::new().await;
    let seats = Seats { floating: Floating::Cloud, users: 1, timeout: 60, borrow: Some(48) };
    let feature = FeatureRules { seats, ..FeatureRules::default() };
    let rules = LicenseRules { seats, ..LicenseRules::default() };
    shop.door.license_with(KEY, "pump", endless(9), rules, vec![("pdf", feature)]).await;
    shop
}

async fn activated(shop: &Shop, hardware: &'static str) -> Machine {
    let machine = shop.machine_with(|config| config.hardware_id = Some(hardware.to_owned())).await;
    machine.run(|client| client.activate(&Activation::by_key(KEY))).await.unwrap();
    machine
}

fn is_taken<T>(outcome: &Result<T, LicenseError>) -> bool {
    matches!(outcome, Err(LicenseError::Refused { refusal, .. }) if refusal.reason() == Reason::NoSeat)
}

#[tokio::test]
async fn one_machine_has_the_seat_until_it_lets_go() {
    let shop = floating().await;
    let first = activated(&shop, "HW-1").await;
    assert!(first.state().await.may_run(), "an activation takes a free seat");
    let second = activated(&shop, "HW-2").await;
    assert_eq!(second.state().await, LicenseState::NoSeat);
    assert!(is_taken(&second.run(|client| client.take_seat().map(|_| ())).await));
    assert_eq!(second.check_or_grace().await, LicenseState::NoSeat);

    let seat = first.run(LicenseClient::take_seat).await.unwrap();
    assert_eq!((seat.seats().count, seat.seats().in_use, seat.seats().timeout), (1, 1, HOUR));
    assert_eq!(seat.renew_at(), shop.now().plus(Duration::from_secs(20 * 60)));
    // Renewed for hours, it stays; dropped, it is free at once, and the license stays active.
    let seat = first
        .run(move |_| {
            let mut seat = seat;
            seat.renew().map(|()| seat)
        })
        .await
        .unwrap();
    assert!(is_taken(&second.run(|client| client.check()).await));
    first.run(move |_| drop(seat)).await;
    assert_eq!(first.state().await, LicenseState::NoSeat);
    let seat = second.run(LicenseClient::take_seat).await.unwrap();
    assert!(second.state().await.may_run());
    assert_eq!(first.check_or_grace().await, LicenseState::NoSeat);
    second.run(move |_| seat.release()).await.unwrap();
    assert!(first.check_or_grace().await.may_run());
}

#[tokio::test]
async fn a_seat_ends_with_its_timeout_without_the_server_although_there_is_grace() {
    let shop = floating().await;
    let machine = activated(&shop, "HW-1").await;
    shop.turns(Weather::Away);
    let taken = shop.now();
    pass(&shop.door, HOUR).await;
    let in_grace = LicenseState::Grace { until: taken.plus(HOUR), why: GraceReason::ServerAway };
    assert_eq!(machine.check_or_grace().await, in_grace);
    shop.advance(Duration::from_millis(1));
    assert_eq!(machine.check_or_grace().await, LicenseState::NoSeat);
    // So the other machine, which the server lets in meanwhile, is the only one.
    shop.turns(Weather::Fine);
    pass(&shop.door, Duration::from_secs(2)).await;
    let other = activated(&shop, "HW-2").await;
    assert!(other.state().await.may_run());
    assert_eq!(machine.check_or_grace().await, LicenseState::NoSeat);
}

#[tokio::test]
async fn a_borrowed_seat_needs_no_server_until_it_was_lent() {
    let shop = floating().await;
    let machine = activated(&shop, "HW-1").await;
    let (start, late) = (shop.now(), shop.now().plus(HOUR * 49));
    let refused = machine.run(move |client| client.borrow_seat(Some(late))).await.unwrap_err();
    assert!(matches!(refused, LicenseError::Refused { ref refusal, .. } if refusal.reason() == Reason::BorrowDate));
    let until = machine.run(|client| client.borrow_seat(None)).await.unwrap();
    assert_eq!(until, start.plus(HOUR * 48));
    shop.turns(Weather::Away);
    shop.set(until);
    assert!(machine.check_or_grace().await.may_run());
    shop.advance(Duration::from_millis(1));
    assert_eq!(machine.check_or_grace().await, LicenseState::NoSeat);

    // Lent again, and given back early: free for others, and of no use here.
    shop.turns(Weather::Fine);
    let until = shop.now().plus(HOUR * 5);
    assert_eq!(machine.run(move |client| client.borrow_seat(Some(until))).await.unwrap(), until);
    let other = activated(&shop, "HW-2").await;
    assert_eq!(other.state().await, LicenseState::NoSeat);
    machine.run(|client| client.release_seat()).await.unwrap();
    assert_eq!(machine.state().await, LicenseState::NoSeat);
    assert!(other.check_or_grace().await.may_run());
}

#[tokio::test]
async fn seats_of_features_come_and_go_beside_those_of_licenses() {
    let shop = floating().await;
    let (first, second) = (activated(&shop, "HW-1").await, activated(&shop, "HW-2").await);
    let seat = first.run(|client| client.take_feature_seat("pdf")).await.unwrap();
    assert!(is_taken(&second.run(|client| client.take_feature_seat("pdf").map(|_| ())).await));
    assert!(first.state().await.may_run());
    first.run(move |_| drop(seat)).await;
    let until = shop.now().plus(HOUR * 2);
    assert_eq!(second.run(move |client| client.borrow_feature_seat("pdf", Some(until))).await.unwrap(), until);
    assert!(is_taken(&first.run(|client| client.take_feature_seat("pdf").map(|_| ())).await));
    second.run(|client| client.release_feature_seat("pdf")).await.unwrap();
    first.run(|client| client.take_feature_seat("pdf").map(drop)).await.unwrap();
}

#[tokio::test]
async fn a_thread_keeps_the_seat_until_it_is_dropped_or_lost() {
    let shop = floating().await;
    let machine = activated(&shop, "HW-1").await;
    let (failed, heard) = mpsc::channel();
    let before = shop.requests();
    let kept = machine
        .run(move |client| {
            let seat = client.take_seat().unwrap();
            seat.keep_alive(Some(Duration::from_millis(10)), move |error| failed.send(error.is_away()).unwrap())
        })
        .await
        .unwrap();
    // The server is away, and comes back: the thread goes on.
    shop.turns(Weather::Away);
    let heard = machine.run(move |_| (heard.recv().unwrap(), heard)).await;
    assert!(heard.0);
    shop.turns(Weather::Fine);
    machine.run(move |_| kept.release()).await;
    assert!(shop.requests() > before + 2);
    assert_eq!(machine.state().await, LicenseState::NoSeat);
    let other = activated(&shop, "HW-2").await;
    assert!(other.state().await.may_run(), "it was given back");

    // Lost: the thread ends by itself, also when what hears of it lets go of the thread.
    let slot = Arc::new(Mutex::new(None::<KeptSeat>));
    let (lost, heard) = mpsc::channel();
    let own = slot.clone();
    let kept = other
        .run(move |client| {
            let seat = client.take_seat().unwrap();
            seat.keep_alive(Some(Duration::from_millis(10)), move |error| {
                drop(own.lock().unwrap().take());
                lost.send(error.is_away()).unwrap();
            })
        })
        .await
        .unwrap();
    *slot.lock().unwrap() = Some(kept);
    let (ctx, site) = (shop.door.app.ctx(), shop.door.app.site);
    let key = countersign_domain::text::LicenseKey::new(KEY).unwrap();
    countersign_app::licensing::licenses::reset(ctx, site, key).await.unwrap();
    // The end of the channel is the end of the thread's closure.
    let heard: Vec<bool> = other.run(move |_| heard.iter().collect()).await;
    assert_eq!(heard, [false]);
    assert_eq!(other.state().await, LicenseState::NotActive);
}
