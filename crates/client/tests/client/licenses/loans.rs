//! Loans of seats: until when they hold, and that only those end them early who mean to.

use std::{sync::Arc, time::Duration};

use countersign_client::{
    Pause,
    license::{FloatingSeat, LicenseClient, LicenseState, Timestamp},
};
use serde_json::json;

use super::support::{HOUR, MOMENT, Shop, after, done, feature, lent, license, signed, start};
use crate::support::{Step, json_answer, step};

fn checked(until: Option<Timestamp>) -> Step {
    let until = until.map(|until| until.to_string());
    step("GET /api/v4/check_license?", license(&json!({ "borrowed_until": until })))
}

fn feature_checked(until: Option<Timestamp>) -> Step {
    let until = until.map(|until| until.to_string());
    step("GET /api/v4/check_license_feature?", feature(&json!({ "borrowed_until": until })))
}

fn borrowed(until: Timestamp) -> Step {
    step("POST /api/v4/floating/borrow ", signed(&lent(until)))
}

fn feature_borrowed(until: Timestamp) -> Step {
    step("POST /api/v4/floating/feature_borrow ", signed(&lent(until)))
}

fn released() -> Step {
    step("POST /api/v4/floating/release ", done())
}

fn feature_released() -> Step {
    step("POST /api/v4/floating/feature_release ", done())
}

#[test]
fn a_loan_that_was_shortened_holds_no_longer_than_the_new_one() {
    let shop = Shop::activated(vec![
        feature_checked(None),
        borrowed(after(40)),
        feature_borrowed(after(40)),
        borrowed(after(2)),
        feature_borrowed(after(2)),
    ]);
    let client = &shop.client;
    let seat = client.take_feature_seat("pdf").unwrap();
    for hours in [40, 2] {
        assert_eq!(client.borrow_seat(Some(after(hours))).unwrap(), after(hours));
        assert_eq!(client.borrow_feature_seat("pdf", Some(after(hours))).unwrap(), after(hours));
    }
    shop.clock.pass(HOUR * 2);
    assert!(client.state().unwrap().may_run() && seat.is_held());
    shop.clock.pass(MOMENT);
    assert_eq!(client.state().unwrap(), LicenseState::NoSeat);
    assert!(!seat.is_held());
    drop(client.forget());
    drop(seat);
    shop.finish();
}

#[test]
fn a_loan_that_is_shorter_than_the_timeout_leaves_that_whole() {
    let soon = start().plus(Duration::from_secs(600));
    let shop = Shop::activated(vec![borrowed(after(40)), borrowed(soon)]);
    shop.client.borrow_seat(Some(after(40))).unwrap();
    shop.clock.pass(HOUR / 6);
    shop.client.borrow_seat(Some(soon)).unwrap();
    shop.clock.pass(HOUR);
    assert!(shop.client.state().unwrap().may_run());
    shop.clock.pass(MOMENT);
    assert_eq!(shop.client.state().unwrap(), LicenseState::NoSeat);
    shop.finish();
}

#[test]
fn a_seat_that_is_dropped_while_it_is_lent_is_not_given_back() {
    let shop = Shop::activated(vec![
        checked(None),
        borrowed(after(40)),
        // Of the program that is started anew.
        checked(Some(after(40))),
        // After the loan.
        checked(None),
        released(),
    ]);
    let kept = shop.client.take_seat().unwrap().keep_alive(Some(HOUR), |_| {}).unwrap();
    shop.client.borrow_seat(Some(after(40))).unwrap();
    drop(kept);
    shop.clock.pass(HOUR * 10);
    let started = shop.started();
    let seat = started.take_seat().unwrap();
    assert!(seat.is_held());
    drop(seat);
    shop.clock.pass(HOUR * 31);
    drop(started.take_seat().unwrap());
    shop.finish();
}

#[test]
fn the_seat_of_a_feature_that_is_dropped_while_it_is_lent_is_not_given_back() {
    let shop = Shop::activated(vec![
        feature_checked(None),
        feature_borrowed(after(40)),
        // A check of the license says nothing of the feature.
        checked(None),
        feature_checked(Some(after(40))),
        feature_checked(None),
        feature_released(),
    ]);
    let seat = shop.client.take_feature_seat("pdf").unwrap();
    // Another program lends it.
    shop.started().borrow_feature_seat("pdf", Some(after(40))).unwrap();
    shop.client.check().unwrap();
    drop(seat);
    drop(shop.started().take_feature_seat("pdf").unwrap());
    shop.clock.pass(HOUR * 41);
    drop(shop.client.take_feature_seat("pdf").unwrap());
    shop.finish();
}

/// Lends both seats while another call waits for its second attempt.
struct Lends(Arc<LicenseClient>);

impl Pause for Lends {
    fn pause(&self, _: Duration) {
        self.0.borrow_seat(None).unwrap();
        self.0.borrow_feature_seat("pdf", None).unwrap();
    }
}

#[test]
fn an_answer_that_was_made_before_a_loan_takes_nothing_of_it() {
    let busy = |line: &str| step(line, json_answer(500, "{}"));
    let shop = Shop::activated(vec![
        checked(None),
        feature_checked(None),
        busy("GET /api/v4/check_license?"),
        borrowed(after(40)),
        feature_borrowed(after(40)),
        checked(None),
        busy("GET /api/v4/check_license_feature?"),
        borrowed(after(30)),
        feature_borrowed(after(30)),
        feature_checked(Some(after(40))),
    ]);
    let client = shop.waiting(Lends(shop.started()));
    let seats = [client.take_seat().unwrap(), client.take_feature_seat("pdf").unwrap()];
    client.check().unwrap();
    shop.clock.pass(HOUR * 2);
    assert!(client.state().unwrap().may_run() && seats.iter().all(FloatingSeat::is_held));
    client.check_feature("pdf").unwrap();
    shop.clock.pass(HOUR * 28);
    assert!(seats.iter().all(FloatingSeat::is_held));
    drop(seats);
    shop.clock.pass(MOMENT);
    assert_eq!(client.state().unwrap(), LicenseState::NoSeat);
    shop.finish();
}

#[test]
fn a_loan_is_given_back_by_those_who_mean_to() {
    type Release = fn(&Arc<LicenseClient>);
    let of_license: [Release; 3] = [
        |client| client.take_seat().unwrap().release().unwrap(),
        |client| client.take_seat().unwrap().keep_alive(Some(HOUR), |_| {}).unwrap().release(),
        |client| {
            let seat = client.take_seat().unwrap();
            client.release_seat().unwrap();
            client.forget().unwrap();
            drop(seat);
        },
    ];
    for release in of_license {
        let shop = Shop::activated(vec![borrowed(after(40)), checked(Some(after(40))), released()]);
        shop.client.borrow_seat(None).unwrap();
        release(&shop.client);
        assert!(!shop.client.state().unwrap().may_run());
        shop.finish();
    }
    let of_feature: [Release; 2] = [
        |client| client.take_feature_seat("pdf").unwrap().release().unwrap(),
        |client| client.take_feature_seat("pdf").unwrap().keep_alive(Some(HOUR), |_| {}).unwrap().release(),
    ];
    for release in of_feature {
        let steps = vec![
            feature_borrowed(after(40)),
            feature_checked(Some(after(40))),
            feature_released(),
            // It is a seat like any other again.
            feature_checked(None),
            feature_released(),
        ];
        let shop = Shop::activated(steps);
        shop.client.borrow_feature_seat("pdf", None).unwrap();
        release(&shop.client);
        drop(shop.client.take_feature_seat("pdf").unwrap());
        shop.finish();
    }
}
