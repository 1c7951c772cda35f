//! The server away for a week, clocks that are set back, and licenses that were copied: who goes on, and until when.

use std::fs;
use std::time::Duration;

use countersign_client::license::{
    Activation, AwayPolicy, GraceReason, LicenseError, LicenseState, Timestamp, WhenAway,
};
use countersign_domain::licensing::{LicenseRules, LicenseTerms, LicenseType};
use countersign_domain::time::Date;

use super::support::{HOUR, KEY, Machine, Recorded, Shop, Weather};
use crate::license_support::{HARDWARE, endless};

async fn activated(shop: &Shop, policy: AwayPolicy) -> Machine {
    let machine = shop.machine_with(|config| config.away = policy).await;
    machine.run(|client| client.activate(&Activation::by_key(KEY))).await.unwrap();
    machine
}

fn grace(hours: u32) -> AwayPolicy {
    AwayPolicy { confirmed_for: HOUR * 24, then: WhenAway::Grace(HOUR * hours) }
}

fn back(at: Timestamp, seconds: u64) -> Timestamp {
    Timestamp::from_millis(at.as_millis() - seconds * 1000)
}

fn moved(at: Timestamp, hours: u64) -> Timestamp {
    at.plus(HOUR * u32::try_from(hours).unwrap())
}

#[tokio::test]
async fn a_week_without_the_server() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(9), LicenseRules::default()).await;
    let start = shop.now();
    let patient = activated(&shop, grace(72)).await;
    let stops = AwayPolicy { confirmed_for: HOUR * 24, then: WhenAway::Stop };
    let strict = activated(&shop, stops).await;
    let silent = activated(&shop, grace(72)).await;
    for (hour, weather) in (0..=7 * 24).map(|hour| (hour, if hour % 2 == 0 { Weather::Away } else { Weather::Failing }))
    {
        shop.turns(weather);
        shop.set(moved(start, hour));
        // One asks every hour, one would stop without an answer, and one never asks.
        let in_grace = LicenseState::Grace { until: moved(start, 72), why: GraceReason::ServerAway };
        let over = LicenseState::GraceEnded { at: moved(start, 72) };
        let expected = if hour <= 72 { in_grace.clone() } else { over.clone() };
        assert_eq!(patient.check_or_grace().await, expected, "hour {hour}");
        assert_eq!(strict.check_or_grace().await, LicenseState::GraceEnded { at: start }, "hour {hour}");
        let expected = match hour {
            0..=24 => LicenseState::Valid { until: None },
            25..=72 => in_grace,
            _ => over,
        };
        assert_eq!(silent.state().await, expected, "hour {hour}");
    }
    // To the millisecond, on another machine.
    shop.turns(Weather::Fine);
    let exact = activated(&shop, grace(72)).await;
    let end = moved(shop.now(), 72);
    shop.turns(Weather::Away);
    shop.set(end);
    assert!(exact.check_or_grace().await.may_run());
    shop.advance(Duration::from_millis(1));
    assert_eq!(exact.check_or_grace().await, LicenseState::GraceEnded { at: end });

    // The server comes back, and with it all of them.
    shop.turns(Weather::Fine);
    for machine in [&patient, &strict, &silent, &exact] {
        assert_eq!(machine.check_or_grace().await, LicenseState::Valid { until: None });
    }
}

#[tokio::test]
async fn a_license_ends_on_its_last_day_with_or_without_the_server() {
    let shop = Shop::new().await;
    let end_date = Date::parse("2026-03-02").unwrap();
    let terms = LicenseTerms { end_date: Some(end_date), ..endless(9) };
    let rules = LicenseRules { license_type: LicenseType::Subscription, grace: Some(24), ..LicenseRules::default() };
    shop.door.license(KEY, terms, rules).await;
    let end = Timestamp::parse_iso("2026-03-02T23:59:59.999Z").unwrap();
    let (online, away) = (activated(&shop, grace(1000)).await, activated(&shop, grace(1000)).await);
    for (at, expected) in [
        (end, LicenseState::Valid { until: Some(end) }),
        (
            end.plus(Duration::from_millis(1)),
            LicenseState::Grace { until: moved(end, 24), why: GraceReason::PaymentDue },
        ),
        (moved(end, 24), LicenseState::Grace { until: moved(end, 24), why: GraceReason::PaymentDue }),
        (moved(end, 24).plus(Duration::from_millis(1)), LicenseState::Expired { at: Some(end) }),
    ] {
        shop.set(at);
        assert_eq!(online.check_or_grace().await, expected, "{at}");
        shop.turns(Weather::Away);
        let state = away.check_or_grace().await;
        // The server is away as well: that is grace from the start, and ends no later.
        if let LicenseState::Grace { until, .. } = state {
            assert!(until == moved(end, 24) && at <= until, "{at}: {until}");
        } else {
            assert_eq!(state, expected, "{at}");
        }
        shop.turns(Weather::Fine);
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_extends_nothing() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(9), LicenseRules::default()).await;
    let start = shop.now();
    let machine = activated(&shop, grace(72)).await;
    shop.turns(Weather::Away);
    shop.set(moved(start, 71));
    assert!(machine.check_or_grace().await.may_run());
    // Back to the start, or to any time before: every day anew.
    for hours in [0, 1, 24, 70] {
        shop.set(moved(start, hours));
        let state = machine.check_or_grace().await;
        assert_eq!(state, LicenseState::ClockSetBack { trusted: moved(start, 71), now: moved(start, hours) });
    }
    // By a little: nothing is won, however often it is done.
    shop.set(moved(start, 72));
    assert!(machine.state().await.may_run());
    for round in 0..50 {
        shop.set(moved(start, 72).plus(Duration::from_millis(1)));
        let after = machine.state().await;
        shop.set(back(moved(start, 72), 950));
        let before = machine.state().await;
        let over = LicenseState::GraceEnded { at: moved(start, 72) };
        assert_eq!(after, over, "round {round}");
        assert!(before == over || matches!(before, LicenseState::ClockSetBack { .. }), "round {round}: {before:?}");
    }
    shop.set(moved(start, 72).plus(Duration::from_secs(61)));
    assert_eq!(machine.state().await, LicenseState::GraceEnded { at: moved(start, 72) });

    // A clock that ran ahead stops the license only until server and clock agree again.
    shop.set(moved(start, 5000));
    assert!(!machine.state().await.may_run());
    shop.set(moved(start, 80));
    assert!(matches!(machine.check_or_grace().await, LicenseState::ClockSetBack { .. }));
    shop.turns(Weather::Fine);
    assert_eq!(machine.check_or_grace().await, LicenseState::Valid { until: None });
}

#[tokio::test]
async fn small_steps_back_add_up_for_programs_that_are_started_anew() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(9), LicenseRules::default()).await;
    let start = shop.now();
    let machine = activated(&shop, grace(72)).await;
    shop.turns(Weather::Away);
    // Each program runs for ten minutes, and then the clock is set back by ten.
    let mut last = machine.state().await;
    for round in 0..2 {
        assert!(last.may_run(), "round {round}: {last:?}");
        let mut config = shop.config(HARDWARE, machine.folder.path()).await;
        config.away = grace(72);
        let started = shop.client(config, Recorded::default());
        shop.set(start.plus(Duration::from_secs(600)));
        assert!(started.state().unwrap().may_run(), "round {round}");
        shop.set(start);
        last = started.state().unwrap();
    }
    let LicenseState::ClockSetBack { trusted, .. } = last else { panic!("{last:?}") };
    assert!(trusted > start.plus(Duration::from_secs(19 * 60)), "{trusted}");
    // The server forgives it.
    shop.turns(Weather::Fine);
    assert_eq!(machine.check_or_grace().await, LicenseState::Valid { until: None });
    shop.set(back(start, 600));
    assert!(machine.state().await.may_run());
}

#[tokio::test]
async fn a_clock_that_stands_still_holds_no_time_up_while_a_program_runs() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(9), LicenseRules::default()).await;
    let machine = activated(&shop, grace(1)).await;
    shop.turns(Weather::Away);
    assert!(machine.check_or_grace().await.may_run());
    for _ in 0..7 {
        shop.runs(Duration::from_secs(600));
        let _ = machine.state().await;
    }
    assert!(!machine.state().await.may_run());
    shop.turns(Weather::Fine);
    assert_eq!(machine.check_or_grace().await, LicenseState::Valid { until: None });
}

#[tokio::test]
async fn a_clock_that_was_ahead_for_a_moment_can_be_waited_for() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(9), LicenseRules::default()).await;
    let (start, machine) = (shop.now(), activated(&shop, grace(72)).await);
    shop.turns(Weather::Away);
    shop.set(start.plus(HOUR));
    assert!(machine.state().await.may_run());
    for minute in 0..60 {
        shop.set(start.plus(Duration::from_secs(60 * minute)));
        shop.runs(Duration::from_secs(60));
        assert_eq!(machine.state().await.may_run(), minute >= 44, "minute {minute}");
    }
}

#[tokio::test]
async fn a_license_is_refused_on_another_machine_and_when_it_was_altered() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(9), LicenseRules::default()).await;
    let machine = activated(&shop, grace(72)).await;
    let copied = shop.machine_with(|config| config.hardware_id = Some("HW-OTHER".to_owned())).await;
    let names: Vec<_> = fs::read_dir(machine.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    for path in &names {
        fs::copy(path, copied.folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let sealed = names.iter().find(|path| path.extension().is_some_and(|found| found == "sealed")).unwrap();
    assert_eq!(copied.state().await, LicenseState::WrongMachine);
    assert_eq!(copied.check_or_grace().await, LicenseState::WrongMachine);
    assert!(matches!(copied.run(|client| client.license()).await, Err(LicenseError::WrongMachine { .. })));
    assert_eq!(machine.state().await, LicenseState::Valid { until: None });
    // It is a machine like any other: it can be activated.
    copied.run(|client| client.activate(&Activation::by_key(KEY))).await.unwrap();
    assert!(copied.state().await.may_run());

    // The program that was started anew finds its license, and one that trusts another key does not.
    let config = shop.config(HARDWARE, machine.folder.path()).await;
    let started = shop.client(config, Recorded::default());
    assert_eq!(started.state().unwrap(), LicenseState::Valid { until: None });
    let mut config = shop.config(HARDWARE, machine.folder.path()).await;
    config.answer_keys = vec![countersign_crypto::spki_pem(&crate::support::OTHER_KEY.public_key_spki())];
    assert_eq!(shop.client(config, Recorded::default()).state().unwrap(), LicenseState::CacheAltered);
    // After the site has a new key, a program that was built with it needs no new activation.
    let record = shop.door.app.record().await;
    countersign_app::keys::rotate_license_key(shop.door.app.ctx(), &record).await.unwrap();
    shop.advance(HOUR);
    let renewed = shop.machine_with(|_| {}).await;
    for path in &names {
        fs::copy(path, renewed.folder.path().join(path.file_name().unwrap())).unwrap();
    }
    assert_eq!(renewed.state().await, LicenseState::CacheAltered);
    assert_eq!(renewed.check_or_grace().await, LicenseState::Valid { until: None });
    assert!(matches!(machine.check_or_grace().await, LicenseState::Grace { .. }), "the old key signs nothing now");

    let mut bytes = fs::read(sealed).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(sealed, bytes).unwrap();
    assert_eq!(machine.state().await, LicenseState::CacheAltered);
    assert_eq!(machine.check_or_grace().await, LicenseState::CacheAltered);
    let error = machine.run(|client| client.activate(&Activation::by_key(KEY))).await.unwrap_err();
    assert!(matches!(error, LicenseError::BadSignature { .. }), "it pins the old key");
    renewed.run(|client| client.activate(&Activation::by_key(KEY))).await.unwrap();
    assert_eq!(renewed.state().await, LicenseState::Valid { until: None });
}
