//! Clocks that stand still or are set back while the program runs: nothing is held for longer.

use std::time::Duration;

use countersign_client::license::{FloatingSeat, LicenseState, Timestamp};
use serde_json::json;

use super::support::{HOUR, Shop, after, feature, lent, license, signed, start};
use crate::support::step;

#[test]
fn time_is_counted_from_the_answer_on_and_not_from_the_first_look() {
    for back in [0, 10] {
        let shop = Shop::activated(vec![step("GET /api/v4/check_license?", license(&json!({})))]);
        shop.client.check().unwrap();
        shop.clock.stand_still(HOUR * 2);
        shop.clock.set(Timestamp::from_millis(start().as_millis() - back * 60_000));
        let state = shop.client.state().unwrap();
        assert!(matches!(state, LicenseState::ClockSetBack { .. }), "{back} minutes: {state:?}");
        shop.finish();
    }
    // The same with an activation, and a clock that is slow: the seat is over after its hour.
    let shop = Shop::activated(Vec::new());
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    shop.clock.stand_still(minutes(65));
    shop.clock.set(start().plus(minutes(55)));
    assert_eq!(shop.client.state().unwrap(), LicenseState::NoSeat);
    shop.finish();
}

#[test]
fn a_loan_that_is_over_stays_over_when_the_clock_is_set_back() {
    for looks in [true, false] {
        let shop = Shop::activated(vec![
            step("POST /api/v4/floating/borrow ", signed(&lent(after(48)))),
            step("POST /api/v4/floating/feature_borrow ", signed(&lent(after(48)))),
            step("GET /api/v4/check_license?", license(&lent(after(48)))),
            step("GET /api/v4/check_license_feature?", feature(&lent(after(48)))),
        ]);
        let client = &shop.client;
        client.borrow_seat(None).unwrap();
        client.borrow_feature_seat("pdf", None).unwrap();
        let seats = [client.take_seat().unwrap(), client.take_feature_seat("pdf").unwrap()];
        shop.clock.pass(HOUR * 47);
        assert!(seats.iter().all(FloatingSeat::is_held));
        shop.clock.pass(HOUR * 2);
        assert!(!looks || !client.state().unwrap().may_run());
        shop.clock.set(start());
        assert!(!seats.iter().any(FloatingSeat::is_held));
        assert!(!client.state().unwrap().may_run());
        client.forget().unwrap();
        drop(seats);
        shop.finish();
    }
}
