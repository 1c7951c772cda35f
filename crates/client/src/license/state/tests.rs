//! Every state with the moments around which it begins and ends.

use std::time::Duration;

use serde_json::json;

use super::{AwayPolicy, GraceReason, Known, LicenseState, Timestamp, WhenAway, decide};
use crate::license::{passage::Passage, read, view::License};

const HOUR: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(1);

fn start() -> Timestamp {
    Timestamp::parse_iso("2026-03-01T12:00:00Z").unwrap()
}

fn license(members: &serde_json::Value) -> License {
    let mut document = json!({
        "id": 1, "license_key": "K", "license_type": "subscription", "license_active": true, "license_enabled": true,
        "product_details": { "short_code": "pump" },
    });
    let members = members.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(members);
    read::license("the license", document.as_object().unwrap().clone()).unwrap()
}

fn known(license: &License) -> Known<'_> {
    Known {
        license,
        is_online: true,
        confirmed_at: start(),
        passage: Passage::default(),
        away_since: None,
        ended: None,
        seat_until: None,
        borrowed_until: None,
    }
}

fn grace(hours: u32) -> AwayPolicy {
    AwayPolicy { confirmed_for: HOUR * 24, then: WhenAway::Grace(HOUR * hours) }
}

fn after(hours: u32) -> Timestamp {
    start().plus(HOUR * hours)
}

#[test]
fn an_answer_holds_for_a_day_and_grace_ends_exactly_when_it_says() {
    let endless = license(&json!({}));
    let at = |time: Timestamp| decide(&known(&endless), time, &grace(72));
    assert_eq!(at(start()), LicenseState::Valid { until: None });
    assert_eq!(at(after(24)), LicenseState::Valid { until: None });
    let in_grace = LicenseState::Grace { until: after(72), why: GraceReason::ServerAway };
    assert_eq!(at(after(24).plus(MOMENT)), in_grace);
    assert_eq!(at(after(72)), in_grace);
    assert_eq!(at(after(72).plus(MOMENT)), LicenseState::GraceEnded { at: after(72) });

    // A server that could not be asked is grace at once, and that changes nothing of its end.
    let away = |time| decide(&Known { away_since: Some(after(1)), ..known(&endless) }, time, &grace(72));
    assert_eq!(away(after(1)), in_grace);
    assert_eq!(away(after(72).plus(MOMENT)), LicenseState::GraceEnded { at: after(72) });
}

#[test]
fn without_grace_the_license_stops_with_the_server() {
    let endless = license(&json!({}));
    let policy = AwayPolicy { confirmed_for: HOUR * 24, then: WhenAway::Stop };
    let at = |away_since, time| decide(&Known { away_since, ..known(&endless) }, time, &policy);
    assert_eq!(at(None, after(24)), LicenseState::Valid { until: None });
    assert_eq!(at(None, after(24).plus(MOMENT)), LicenseState::GraceEnded { at: after(24) });
    assert_eq!(at(Some(after(2)), after(2)), LicenseState::GraceEnded { at: after(2) });
}

#[test]
fn the_end_of_the_license_comes_before_any_grace_of_the_server() {
    let ending = license(&json!({ "validity_period": "2026-03-03T12:00:00.000Z" }));
    let at = |time: Timestamp| decide(&Known { away_since: Some(start()), ..known(&ending) }, time, &grace(72));
    let end = Some(after(48));
    assert_eq!(at(after(48)), LicenseState::Grace { until: after(48), why: GraceReason::ServerAway });
    assert_eq!(at(after(48).plus(MOMENT)), LicenseState::Expired { at: end });
    let fresh = |time| decide(&Known { confirmed_at: after(47), ..known(&ending) }, time, &grace(72));
    assert_eq!(fresh(after(48)), LicenseState::Valid { until: end });
    assert_eq!(fresh(after(48).plus(MOMENT)), LicenseState::Expired { at: end });
}

#[test]
fn a_payment_that_is_late_has_the_grace_of_the_license() {
    let due = license(&json!({
        "validity_period": "2026-03-01T12:00:00.000Z", "allow_grace_period": true, "grace_period": 36, "is_expired": true,
    }));
    let at = |confirmed_at, time| decide(&Known { confirmed_at, ..known(&due) }, time, &grace(24));
    let payment = |until| LicenseState::Grace { until, why: GraceReason::PaymentDue };
    assert_eq!(at(start(), start()), LicenseState::Valid { until: Some(start()) });
    assert_eq!(at(start(), start().plus(MOMENT)), payment(after(36)));
    assert_eq!(at(after(30), after(36)), payment(after(36)));
    assert_eq!(at(after(30), after(36).plus(MOMENT)), LicenseState::Expired { at: Some(start()) });
    // Both graces together last as long as the shorter one.
    let away = Known { confirmed_at: start(), away_since: Some(after(1)), ..known(&due) };
    assert_eq!(decide(&away, after(2), &grace(24)), payment(after(24)));
    assert_eq!(decide(&away, after(25), &grace(24)), LicenseState::GraceEnded { at: after(24) });
    let forbidden = license(&json!({ "validity_period": "2026-03-01T12:00:00.000Z", "grace_period": 36 }));
    let state = decide(&known(&forbidden), start().plus(MOMENT), &grace(24));
    assert_eq!(state, LicenseState::Expired { at: Some(start()) });
}

#[test]
fn a_clock_that_was_set_back_stops_the_license_and_one_that_drifts_stands_still() {
    let ending = license(&json!({ "validity_period": "2026-03-03T12:00:00.000Z" }));
    let known = Known { passage: Passage::default().told(after(48)), confirmed_at: after(40), ..known(&ending) };
    let minutes = |minutes: u64| Timestamp::from_millis(after(48).as_millis() - minutes * 60_000);
    let at = |time| decide(&known, time, &grace(72));
    assert_eq!(at(minutes(16)), LicenseState::Valid { until: Some(after(48)) });
    let early = Timestamp::from_millis(minutes(16).as_millis() - 1);
    assert_eq!(at(early), LicenseState::ClockSetBack { trusted: after(48), now: early });
    let past = Known { passage: Passage::default().told(after(48).plus(MOMENT)), ..known };
    assert_eq!(decide(&past, minutes(15), &grace(72)), LicenseState::Expired { at: Some(after(48)) });
}

#[test]
fn what_the_server_said_last_ends_the_license_at_once() {
    let endless = license(&json!({}));
    for (code, state) in [
        ("license_not_enabled", LicenseState::Disabled),
        ("blacklisted", LicenseState::Disabled),
        ("license_expired", LicenseState::Expired { at: None }),
        ("device_not_found", LicenseState::NotActive),
        ("license_not_found", LicenseState::NotActive),
        ("invalid_api_key", LicenseState::Refused { code: "invalid_api_key".to_owned() }),
        ("surprise", LicenseState::Refused { code: "surprise".to_owned() }),
    ] {
        assert_eq!(decide(&Known { ended: Some(code), ..known(&endless) }, start(), &grace(72)), state, "{code}");
        assert!(!state.may_run());
    }
    for (members, state) in [
        (json!({ "license_enabled": false }), LicenseState::Disabled),
        (json!({ "license_active": false }), LicenseState::NotActive),
        (json!({ "is_expired": true }), LicenseState::Expired { at: None }),
        (json!({ "start_date": "2026-03-01T13:00:00.000Z" }), LicenseState::NotStarted { at: after(1) }),
    ] {
        assert_eq!(decide(&known(&license(&members)), start(), &grace(72)), state, "{members}");
    }
    let begun = license(&json!({ "start_date": "2026-03-01T13:00:00.000Z" }));
    assert!(decide(&known(&begun), after(1), &grace(72)).may_run());
}

#[test]
fn a_seat_ends_with_its_timeout_whatever_the_grace() {
    let floating = license(&json!({ "is_floating_cloud": true, "floating_users": 2, "floating_timeout": 60 }));
    let at = |seat_until, time| {
        decide(&Known { seat_until, away_since: Some(start()), ..known(&floating) }, time, &grace(72))
    };
    assert_eq!(at(None, start()), LicenseState::NoSeat);
    let in_grace = LicenseState::Grace { until: after(1), why: GraceReason::ServerAway };
    assert_eq!(at(Some(after(1)), after(1)), in_grace, "to the end of the seat");
    assert_eq!(at(Some(after(1)), after(1).plus(MOMENT)), LicenseState::NoSeat);
}

#[test]
fn a_borrowed_seat_lasts_as_long_as_it_was_lent_and_no_longer() {
    let borrowed = license(&json!({
        "is_floating_cloud": true, "floating_users": 2, "floating_timeout": 60, "can_borrow": true, "max_borrow_time": 200,
    }));
    for policy in [grace(24), AwayPolicy { confirmed_for: HOUR, then: WhenAway::Stop }] {
        let (lent_until, away_since) = (Some(after(120)), Some(start()));
        let known = Known { seat_until: lent_until, borrowed_until: lent_until, away_since, ..known(&borrowed) };
        let lent = LicenseState::Grace { until: after(120), why: GraceReason::ServerAway };
        assert_eq!(decide(&known, after(119), &policy), lent);
        assert_eq!(decide(&known, after(120), &policy), lent);
        assert_eq!(decide(&known, after(120).plus(MOMENT), &policy), LicenseState::NoSeat);
    }
}

#[test]
fn a_loan_ends_by_the_time_of_the_server_and_a_timeout_by_that_of_the_machine() {
    let borrowed = license(&json!({ "is_floating_cloud": true, "floating_users": 2, "floating_timeout": 60 }));
    // The clock of the machine is ten minutes slow.
    let slow = |time: Timestamp| Timestamp::from_millis(time.as_millis() - 600_000);
    let at = |seat_until, borrowed_until, server: Timestamp| {
        let passage = Passage::default().at(slow(server)).told(server);
        decide(&Known { passage, seat_until, borrowed_until, ..known(&borrowed) }, slow(server), &grace(72))
    };
    let (lent_until, seat_until) = (Some(after(12)), Some(after(1)));
    assert!(at(seat_until, lent_until, after(12)).may_run());
    assert_eq!(at(seat_until, lent_until, after(12).plus(MOMENT)), LicenseState::NoSeat);
    assert!(at(seat_until, None, after(1).plus(HOUR / 6)).may_run());
    assert_eq!(at(seat_until, None, after(1).plus(HOUR / 6).plus(MOMENT)), LicenseState::NoSeat);
    // What was given back is not lent either.
    assert_eq!(at(None, lent_until, after(1)), LicenseState::NoSeat);
}

#[test]
fn a_license_that_came_by_file_needs_no_server() {
    let ending = license(&json!({ "validity_period": "2026-06-01T00:00:00.000Z" }));
    let carried = Known { is_online: false, ..known(&ending) };
    assert_eq!(decide(&carried, after(24 * 80), &grace(1)), LicenseState::Valid { until: ending.ends });
    assert_eq!(decide(&carried, after(24 * 100), &grace(1)), LicenseState::Expired { at: ending.ends });
}
