//! Seats: how many machines have one, what the others hear, and what becomes of seats without the server.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use countersign_client::license::{
    Activation, FloatingSeat, GraceReason, KeptSeat, LicenseClient, LicenseError, LicenseState, Reason, Timestamp,
};
use countersign_domain::licensing::{FeatureRules, Floating, LicenseRules, LicenseTerms, LicenseType, Seats};
use countersign_domain::time::Date;

use super::support::{HOUR, KEY, Machine, Recorded, Shop, Weather};
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
async fn a_loan_outlasts_the_program_and_ends_when_it_was_last_said_to() {
    let shop = floating().await;
    let (first, second) = (activated(&shop, "HW-1").await, activated(&shop, "HW-2").await);
    let seats = first.run(|client| (client.take_seat().unwrap(), client.take_feature_seat("pdf").unwrap())).await;
    for hours in [40, 3] {
        let until = shop.now().plus(HOUR * hours);
        first.run(move |client| client.borrow_seat(Some(until))).await.unwrap();
        first.run(move |client| client.borrow_feature_seat("pdf", Some(until))).await.unwrap();
    }
    first.run(move |_| drop(seats)).await;
    // The program starts anew, and what it takes was lent before.
    let config = shop.config("HW-1", first.folder.path()).await;
    let started = Arc::new(shop.client(config, Recorded::default()));
    let again = move |_: &Arc<LicenseClient>| {
        let seats = [started.take_seat().unwrap(), started.take_feature_seat("pdf").unwrap()];
        seats.iter().all(|seat| seat.seats().borrowed_until.is_some())
    };
    assert!(first.run(again).await);
    assert!(is_taken(&second.run(|client| client.take_seat().map(drop)).await));
    assert!(is_taken(&second.run(|client| client.take_feature_seat("pdf").map(drop)).await));
    // Both sides end it at once.
    pass(&shop.door, HOUR * 3 + Duration::from_secs(2)).await;
    shop.turns(Weather::Away);
    assert_eq!(first.check_or_grace().await, LicenseState::NoSeat);
    shop.turns(Weather::Fine);
    second.run(|client| (client.take_seat().unwrap(), client.take_feature_seat("pdf").unwrap())).await;
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
async fn no_seat_is_taken_of_what_is_over() {
    let shop = Shop::new().await;
    let seats = Seats { floating: Floating::Cloud, users: 1, timeout: 60, borrow: None };
    let end = |day| Some(Date::parse(day).unwrap());
    let short = FeatureRules { seats, end_date: end("2026-03-02"), ..FeatureRules::default() };
    let long = FeatureRules { seats, ..FeatureRules::default() };
    let terms = LicenseTerms { end_date: end("2026-03-04"), ..endless(9) };
    let rules = LicenseRules { license_type: LicenseType::TimeLimited, seats, ..LicenseRules::default() };
    shop.door.license_with(KEY, "pump", terms, rules, vec![("short", short), ("long", long)]).await;
    let machine = activated(&shop, "HW-1").await;
    let (mut of_license, mut of_feature) =
        machine.run(|client| (client.take_seat().unwrap(), client.take_feature_seat("short").unwrap())).await;
    let why = |outcome: Result<(), LicenseError>| match outcome {
        Err(LicenseError::NoSeatGiven { why }) => why,
        other => panic!("{other:?}"),
    };
    let take =
        async |code: &'static str| why(machine.run(move |client| client.take_feature_seat(code).map(drop)).await);
    shop.set(Timestamp::parse_iso("2026-03-03T00:00:00Z").unwrap());
    assert_eq!(take("short").await, "the feature has expired");
    assert_eq!(why(machine.run(|client| client.hold_seat(Some("short")).map(drop)).await), "the feature has expired");
    // One that was held is lost.
    let (renewed, seat) = machine.run(move |_| (of_feature.renew(), of_feature)).await;
    assert_eq!((why(renewed), seat.is_held()), ("the feature has expired", false));
    machine.run(|client| client.take_feature_seat("long").map(drop)).await.unwrap();
    shop.set(Timestamp::parse_iso("2026-03-05T00:00:00Z").unwrap());
    assert!(take("long").await.starts_with("the license is not in force"));
    let (renewed, seat) = machine.run(move |_| (of_license.renew(), of_license)).await;
    assert!(why(renewed).starts_with("the license is not in force") && !seat.is_held());
}

#[tokio::test]
async fn a_seat_that_cannot_be_renewed_is_held_until_its_timeout_ends() {
    let shop = floating().await;
    let machine = activated(&shop, "HW-1").await;
    let mut seats: Vec<_> =
        machine.run(|client| vec![client.take_seat().unwrap(), client.take_feature_seat("pdf").unwrap()]).await;
    shop.turns(Weather::Away);
    let renew = async |mut seats: Vec<FloatingSeat>| {
        let renewed = move |_: &Arc<LicenseClient>| {
            assert!(seats.iter_mut().all(|seat| seat.renew().is_err_and(|error| error.is_away())));
            seats
        };
        machine.run(renewed).await
    };
    shop.advance(HOUR);
    seats = renew(seats).await;
    assert!(seats.iter().all(FloatingSeat::is_held));
    shop.advance(Duration::from_millis(1));
    assert!(!seats.iter().any(FloatingSeat::is_held));
    seats = renew(seats).await;
    assert!(!seats.iter().any(FloatingSeat::is_held));
    // The server comes back, and the seats are free still; a clock that stands still holds none longer.
    shop.turns(Weather::Fine);
    let renewed = machine.run(move |_| seats.iter_mut().all(|seat| seat.renew().is_ok()).then_some(seats)).await;
    let seats = renewed.unwrap();
    assert!(seats.iter().all(FloatingSeat::is_held));
    shop.runs(HOUR);
    assert!(seats.iter().all(FloatingSeat::is_held));
    shop.runs(Duration::from_secs(1));
    assert!(!seats.iter().any(FloatingSeat::is_held));
    machine.run(move |_| drop(seats)).await;
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
    assert!(heard.0 && kept.is_held());
    shop.runs(HOUR * 2);
    assert!(!kept.is_held(), "its timeout has ended");
    shop.turns(Weather::Fine);
    while !kept.is_held() {
        tokio::task::yield_now().await;
    }
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
