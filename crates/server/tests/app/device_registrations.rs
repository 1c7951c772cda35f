//! `devices/registrations`: who is registered, what is activated, and what is refused.

use std::time::Duration;

use countersign_app::licensing::devices;
use countersign_domain::device::{DeviceClass, DeviceStatus};
use countersign_domain::event::Event;
use countersign_domain::licensing::{LicenseStatus, LicenseTerms};
use countersign_domain::time::Date;
use countersign_store::StoreError;
use countersign_store::repositories::Page;
use http::StatusCode;
use serde_json::{Value, json};

use crate::licensing::{PLAIN_UPDATES, REGISTRATIONS, body, identity, ids, question_of, terms};
use crate::support::{App, accepted, good_token};

/// The words for all events in the outbox, without those of products.
async fn events(app: &App) -> Vec<&'static str> {
    let site = app.site;
    let listed = app
        .world
        .store
        .read::<_, StoreError, _>(move |tx| Box::pin(async move { tx.outbox().list(site, Page::first(1000)).await }));
    let events = listed.await.unwrap().into_iter().map(|row| row.event);
    events.filter(|event| !matches!(event, Event::ProductCreated(_))).map(|event| event.parts().kind).collect()
}

#[tokio::test]
async fn a_device_registers_once_however_often_it_does() {
    let app = App::new().await;
    app.license("Nordwind", None, "ACT-1", terms(2)).await;
    for _ in 0..3 {
        assert_eq!(app.register("pump", "ACT-1").await, "");
    }
    assert_eq!(app.tell(REGISTRATIONS, &body("pump", json!({}))).await, "", "without the ID: nothing changes");
    let license = app.find_license("ACT-1").await;
    assert_eq!(license.activations, 1);
    let device = app.find_device("pump").await.unwrap();
    assert_eq!((device.holder, device.status), (Some(license.holder), DeviceStatus::Active));
    assert_eq!(events(&app).await, ["device.registered", "license.activated"]);
}

#[tokio::test]
async fn an_anonymous_device_moves_into_the_account_of_its_license() {
    let app = App::new().await;
    app.license("Nordwind", None, "ACT-1", terms(2)).await;
    assert_eq!(app.tell(REGISTRATIONS, &body("pump", json!({ "activationId": " " }))).await, "");
    assert_eq!(app.find_device("pump").await.unwrap().holder, None);
    assert_eq!(app.register("pump", "ACT-1").await, "");
    assert_eq!(app.find_device("pump").await.unwrap().holder, Some(app.find_license("ACT-1").await.holder));
    assert_eq!(events(&app).await, ["device.registered", "license.activated", "device.changed"]);
}

#[tokio::test]
async fn a_further_license_of_the_same_account_is_added_and_one_of_another_is_refused() {
    let app = App::new().await;
    app.license("Kiel", Some("Nordwind"), "ACT-K", terms(2)).await;
    app.license("Husum", Some("Nordwind"), "ACT-H", terms(2)).await;
    app.license("Bremen", None, "ACT-B", terms(2)).await;
    assert_eq!(app.register("pump", "ACT-K").await, "");
    assert_eq!(app.register("pump", "ACT-H").await, "");
    assert_eq!(app.register("pump", "ACT-B").await, "device.account.conflict");
    let holder = app.find_device("pump").await.unwrap().holder.unwrap();
    assert_eq!(holder, app.find_license("ACT-K").await.holder, "it stays with its first customer");
    let counts = [("ACT-K", 1), ("ACT-H", 1), ("ACT-B", 0)];
    for (key, count) in counts {
        assert_eq!(app.find_license(key).await.activations, count, "{key}");
    }
}

#[tokio::test]
async fn a_refused_registration_leaves_nothing_behind() {
    let app = App::new().await;
    let date = |text| Some(Date::parse(text).unwrap());
    app.license("A", None, "ACT-FULL", terms(0)).await;
    app.license("B", None, "ACT-OFF", LicenseTerms { status: LicenseStatus::Disabled, ..terms(1) }).await;
    app.license("C", None, "ACT-OLD", LicenseTerms { end_date: date("2026-02-28"), ..terms(1) }).await;
    app.license("D", None, "ACT-SOON", LicenseTerms { start_date: date("2026-03-02"), ..terms(1) }).await;
    for (key, refusal) in [
        ("ACT-FULL", "activation.exhausted"),
        ("ACT-OFF", "activation.disabled"),
        ("ACT-OLD", "activation.expired"),
        ("ACT-SOON", "activation.notStarted"),
        ("ACT-NONE", "activation.unknown"),
        ("act-full", "activation.unknown"),
    ] {
        assert_eq!(app.register("pump", key).await, refusal, "{key}");
        assert_eq!(app.find_device("pump").await, None, "{key}");
    }
    assert_eq!(events(&app).await, Vec::<&str>::new());
}

#[tokio::test]
async fn what_a_registration_lacks_is_named() {
    let app = App::new().await;
    for (body, key, argument) in [
        (json!({}), "request.field.missing", "id"),
        (json!({ "id": "x" }), "request.field.missing", "idType"),
        (json!({ "id": "x", "idType": "STRING", "publisherName": null }), "request.field.missing", "publisherName"),
        (json!({ "id": 7, "idType": "STRING", "publisherName": "acme" }), "request.malformed", "id"),
        (json!({ "id": "a\u{0}b", "idType": "STRING", "publisherName": "acme" }), "request.malformed", "id"),
        (json!({ "id": "x".repeat(256), "idType": "STRING", "publisherName": "acme" }), "request.malformed", "id"),
        (body("x", json!({ "identityName": [] })), "request.malformed", "identityName"),
        (body("x", json!({ "deviceClass": "robot" })), "request.deviceClass.invalid", "robot"),
    ] {
        let answer = app.ask(REGISTRATIONS, &body).await;
        assert_eq!(answer.status, StatusCode::OK);
        let object = answer.json();
        assert_eq!((&object["key"], &object["arguments"]), (&json!(key), &json!(argument)), "{body}");
    }
}

#[tokio::test]
async fn a_returned_device_may_come_back_and_an_obsolete_one_not() {
    let app = App::new().await;
    app.license("Nordwind", None, "ACT-1", terms(2)).await;
    assert_eq!(app.register("pump", "ACT-1").await, "");
    app.set_device_status("pump", DeviceStatus::Returned).await;
    assert_eq!(app.register("pump", "ACT-1").await, "");
    assert_eq!(app.find_device("pump").await.unwrap().status, DeviceStatus::Active);
    app.set_device_status("pump", DeviceStatus::Obsolete).await;
    assert_eq!(app.register("pump", "ACT-1").await, "device.obsolete");
    assert_eq!(app.tell(REGISTRATIONS, &body("pump", json!({}))).await, "device.obsolete");
    assert_eq!(app.find_device("pump").await.unwrap().status, DeviceStatus::Obsolete);
}

#[tokio::test]
async fn a_device_that_was_given_back_registers_like_a_new_one() {
    let app = App::with_checked_updates().await;
    app.license("Nordwind", None, "ACT-1", terms(1)).await;
    assert_eq!(app.register("pump", "ACT-1").await, "");
    let before = events(&app).await.len();
    devices::give_back(app.ctx(), app.site, identity("pump")).await.unwrap();
    assert_eq!(app.find_license("ACT-1").await.activations, 0);
    assert_eq!(app.tell(REGISTRATIONS, &body("pump", json!({}))).await, "");
    let device = app.find_device("pump").await.unwrap();
    assert_eq!((device.status, device.holder), (DeviceStatus::Active, None), "it is nobody's");
    assert_eq!(ids(&app.ask(PLAIN_UPDATES, &question_of("pump")).await.json()), ["UPD-1"]);
    devices::give_back(app.ctx(), app.site, identity("pump")).await.unwrap();
    assert_eq!(app.register("other", "ACT-1").await, "", "the place is free");
    assert_eq!(app.register("pump", "ACT-1").await, "activation.exhausted");
    assert_eq!(app.find_device("pump").await.unwrap().status, DeviceStatus::Returned, "refused, so nothing changed");
    app.release("ACT-1", "other").await;
    assert_eq!(app.register("pump", "ACT-1").await, "");
    let told = events(&app).await.split_off(before);
    let expected = [
        "license.released",
        "device.changed",
        "device.changed",
        "device.changed",
        "device.registered",
        "license.activated",
        "license.activated",
        "device.changed",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn the_outcome_is_sealed_at_the_post() {
    let app = App::new().await;
    app.license("Nordwind", None, "ACT-1", terms(1)).await;
    let good = app.ask_for_url(REGISTRATIONS, &body("first", json!({ "activationId": "ACT-1" }))).await;
    let bad = app.ask_for_url(REGISTRATIONS, &body("second", json!({ "activationId": "ACT-1" }))).await;
    assert!(app.find_device("first").await.is_some(), "durable before the poll, and before the 202 left");
    app.release("ACT-1", "first").await;
    app.world.clock.advance(Duration::from_secs(59 * 60));
    assert_eq!(
        (app.get(&good).await.json()["key"].clone(), app.get(&bad).await.error_key().as_str()),
        (json!(""), "activation.exhausted")
    );
    app.world.clock.advance(Duration::from_secs(60));
    assert_eq!(app.get(&good).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn without_a_good_token_nothing_is_written() {
    let app = App::new().await;
    app.license("Nordwind", None, "ACT-1", terms(1)).await;
    let registration = body("pump", json!({ "activationId": "ACT-1" })).to_string();
    let url = accepted(REGISTRATIONS, &app.post(REGISTRATIONS, Some("a.b.c"), registration).await);
    assert_eq!(app.get(&url).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!((app.find_device("pump").await, app.find_license("ACT-1").await.activations), (None, 0));
}

#[tokio::test]
async fn last_seen_is_noted_at_most_once_an_hour() {
    let app = App::new().await;
    let registration = body("pump", json!({}));
    assert_eq!(app.tell(REGISTRATIONS, &registration).await, "");
    let first = app.find_device("pump").await.unwrap();
    assert_eq!((first.registered_at, first.last_seen_at), (app.ctx().now(), app.ctx().now()));
    app.world.clock.advance(Duration::from_secs(3599));
    assert_eq!(app.tell(REGISTRATIONS, &registration).await, "");
    assert_eq!(app.find_device("pump").await.unwrap().last_seen_at, first.last_seen_at);
    app.world.clock.advance(Duration::from_secs(1));
    assert_eq!(app.tell(REGISTRATIONS, &registration).await, "");
    assert_eq!(app.find_device("pump").await.unwrap().last_seen_at, app.ctx().now());
}

/// The outcomes of many devices that register at once, by error key.
async fn burst(app: &App, round: &str, devices: usize) -> Vec<String> {
    let mut calls = tokio::task::JoinSet::new();
    let token = good_token();
    for number in 0..devices {
        let (router, token) = (app.router.clone(), token.clone());
        let body = body(&format!("{round}-{number}"), json!({ "activationId": "ACT-LAST" })).to_string();
        calls.spawn(async move {
            let post = http::Request::post(REGISTRATIONS).header("authorization", format!("Bearer {token}"));
            let url = accepted(REGISTRATIONS, &crate::support::through(&router, post.body(body.into()).unwrap()).await);
            let poll = http::Request::get(&url).body(axum::body::Body::empty()).unwrap();
            let outcome: Value = crate::support::through(&router, poll).await.json();
            outcome["key"].as_str().unwrap().to_owned()
        });
    }
    calls.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_devices_want_the_last_activation_and_one_gets_it() {
    let app = App::new().await;
    app.license("Nordwind", None, "ACT-LAST", terms(3)).await;
    for id in ["a", "b"] {
        assert_eq!(app.register(id, "ACT-LAST").await, "");
    }
    for round in ["first", "second"] {
        let outcomes = burst(&app, round, 1000).await;
        let successes = outcomes.iter().filter(|key| key.is_empty()).count();
        let refused = outcomes.iter().filter(|key| *key == "activation.exhausted").count();
        assert_eq!((successes, refused), (1, 999), "{round}");
        assert_eq!(app.find_license("ACT-LAST").await.activations, 3);
        app.release("ACT-LAST", if round == "first" { "a" } else { "b" }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_device_that_registers_many_times_at_once_is_one_device() {
    let app = App::new().await;
    app.license("Nordwind", None, "ACT-1", terms(1)).await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..40 {
        let (router, token) = (app.router.clone(), good_token());
        let more = if number % 2 == 0 { json!({ "activationId": "ACT-1" }) } else { json!({}) };
        let body = body("pump", more).to_string();
        calls.spawn(async move {
            let post = http::Request::post(REGISTRATIONS).header("authorization", format!("Bearer {token}"));
            let url = accepted(REGISTRATIONS, &crate::support::through(&router, post.body(body.into()).unwrap()).await);
            let poll = http::Request::get(&url).body(axum::body::Body::empty()).unwrap();
            crate::support::through(&router, poll).await.json()["key"].as_str().unwrap().to_owned()
        });
    }
    assert_eq!(calls.join_all().await, vec![String::new(); 40]);
    assert_eq!(app.find_license("ACT-1").await.activations, 1);
    let kinds = events(&app).await;
    assert_eq!(kinds.iter().filter(|kind| **kind == "device.registered").count(), 1, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == "license.activated").count(), 1, "{kinds:?}");
}

#[tokio::test]
async fn a_server_that_was_entered_cannot_register_itself() {
    let app = App::new().await;
    app.license("Nordwind", None, "ACT-1", terms(1)).await;
    app.add_device("rack", DeviceClass::Server, None).await;
    assert_eq!(app.register("rack", "ACT-1").await, "device.class.notRegistrable");
    assert_eq!(app.find_license("ACT-1").await.activations, 0);
}
