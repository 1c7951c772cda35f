//! Which updates a device gets that says who it is.

use countersign_domain::catalog::update::EntitlementCheck;
use countersign_domain::device::{DeviceClass, DeviceStatus};
use countersign_domain::licensing::{LicenseStatus, LicenseTerms};
use countersign_domain::time::Date;
use http::StatusCode;
use serde_json::{Value, json};

use crate::licensing::{PLAIN_MANIFESTS, PLAIN_UPDATES, ids, question_of, terms};
use crate::support::{App, MANIFESTS, UPDATES, last_segment};

const ALL: [&str; 3] = ["UPD-1", "UPD-ACCOUNT", "UPD-LINE"];

/// The list, after checking that the signed one says the same.
async fn list(app: &App, question: &Value) -> Value {
    let plain = app.ask(PLAIN_UPDATES, question).await;
    assert_eq!(plain.status, StatusCode::OK);
    let signed = app.payload(&app.ask(UPDATES, question).await).await;
    assert_eq!((ids(&plain.json()), &plain.json()["error"]), (ids(&signed), &signed["error"]));
    plain.json()
}

#[tokio::test]
async fn a_device_gets_what_its_account_holds_and_what_is_activated_on_it() {
    let app = App::with_checked_updates().await;
    app.license("Nordwind", None, "ACT-N", terms(5)).await;
    app.license("Suedwind", None, "ACT-S", terms(5)).await;
    app.add_device("anonymous", DeviceClass::Client, None).await;
    app.add_device("account", DeviceClass::Client, Some("Nordwind")).await;
    assert_eq!(app.register("mapped", "ACT-N").await, "");
    for (device, updates) in [("anonymous", &ALL[..1]), ("account", &ALL[..2]), ("mapped", &ALL[..])] {
        let list = list(&app, &question_of(device)).await;
        assert_eq!((ids(&list), &list["error"]["key"]), (updates.to_vec(), &json!("")), "{device}");
    }
}

#[tokio::test]
async fn customers_of_one_account_share_their_entitlements() {
    let app = App::with_checked_updates().await;
    app.license("Kiel", Some("Nordwind"), "ACT-K", terms(5)).await;
    app.license("Husum", Some("Nordwind"), "ACT-H", terms(5)).await;
    app.license("Bremen", Some("Rivals"), "ACT-B", terms(5)).await;
    app.set_terms("ACT-H", LicenseTerms { status: LicenseStatus::Disabled, ..terms(5) }).await;
    app.set_terms("ACT-B", LicenseTerms { status: LicenseStatus::Disabled, ..terms(5) }).await;
    app.add_device("husum", DeviceClass::Client, Some("Husum")).await;
    app.add_device("bremen", DeviceClass::Client, Some("Bremen")).await;
    assert_eq!(ids(&list(&app, &question_of("husum")).await), ALL[..2], "through the license of its sister");
    assert_eq!(ids(&list(&app, &question_of("bremen")).await), ALL[..1]);
}

#[tokio::test]
async fn a_license_entitles_only_while_it_is_in_force_and_at_once() {
    let app = App::with_checked_updates().await;
    app.license("Nordwind", None, "ACT-N", terms(1)).await;
    assert_eq!(app.register("pump", "ACT-N").await, "");
    let url = app.ask_for_url(PLAIN_UPDATES, &question_of("pump")).await;
    let date = |text| Some(Date::parse(text).unwrap());
    for (terms, updates) in [
        (terms(1), &ALL[..]),
        (LicenseTerms { end_date: date("2026-02-28"), ..terms(1) }, &ALL[..1]),
        (LicenseTerms { start_date: date("2026-03-01"), end_date: date("2026-03-01"), ..terms(1) }, &ALL[..]),
        (LicenseTerms { start_date: date("2026-03-02"), ..terms(1) }, &ALL[..1]),
        (LicenseTerms { status: LicenseStatus::Disabled, ..terms(1) }, &ALL[..1]),
        // Fewer than have it activated: nothing is taken away.
        (terms(0), &ALL[..]),
    ] {
        app.set_terms("ACT-N", terms).await;
        assert_eq!(ids(&app.get(&url).await.json()), updates, "{terms:?}");
    }
    app.release("ACT-N", "pump").await;
    assert_eq!(ids(&app.get(&url).await.json()), ALL[..2], "the account still holds it");
}

#[tokio::test]
async fn an_unknown_device_gets_the_open_updates_and_is_told_so() {
    let app = App::with_checked_updates().await;
    app.license("Nordwind", None, "ACT-N", terms(5)).await;
    assert_eq!(app.register("pump", "ACT-N").await, "");
    let mut half = question_of("pump");
    half["publisherName"] = json!("");
    for question in [question_of("stranger"), half] {
        let list = list(&app, &question).await;
        assert_eq!((ids(&list), &list["error"]["key"]), (ALL[..1].to_vec(), &json!("device.unknown")), "{question}");
        assert_eq!(list["error"]["arguments"], "", "all unknown devices get the same answer");
    }
    for status in [DeviceStatus::Returned, DeviceStatus::Obsolete] {
        app.set_device_status("pump", status).await;
        let list = list(&app, &question_of("pump")).await;
        assert_eq!((ids(&list), &list["error"]["key"]), (ALL[..1].to_vec(), &json!("device.unknown")), "{status:?}");
    }
}

#[tokio::test]
async fn a_served_device_is_entitled_through_its_account_only() {
    let app = App::with_checked_updates().await;
    app.license("Nordwind", None, "ACT-N", terms(5)).await;
    assert_eq!(app.register("pump", "ACT-N").await, "");
    app.add_device("panel", DeviceClass::Served, Some("Nordwind")).await;
    app.add_device("rack", DeviceClass::Server, Some("Nordwind")).await;
    for (device, class, updates) in [
        ("pump", "client", &ALL[..]),
        ("pump", "served", &ALL[..2]),
        ("pump", "SERVED_CLIENT", &ALL[..2]),
        ("panel", "served", &ALL[..2]),
        ("panel", "client", &ALL[..2]),
        ("rack", "server", &ALL[..2]),
    ] {
        let mut question = question_of(device);
        question["deviceClass"] = json!(class);
        assert_eq!(ids(&list(&app, &question).await), updates, "{device} as {class}");
    }
}

#[tokio::test]
async fn with_an_entitlement_check_the_language_must_be_one_of_the_update() {
    let app = App::with_checked_updates().await;
    app.license("Nordwind", None, "ACT-N", terms(5)).await;
    assert_eq!(app.register("pump", "ACT-N").await, "");
    for (language, updates) in [(1033, &ALL[..]), (2057, &ALL[..1]), (1031, &ALL[..1])] {
        let mut question = question_of("pump");
        question["language"] = json!(language);
        assert_eq!(ids(&list(&app, &question).await), updates, "{language}");
    }
}

#[tokio::test]
async fn a_device_that_is_not_entitled_learns_no_manifest() {
    let app = App::with_checked_updates().await;
    app.license("Nordwind", None, "ACT-N", terms(5)).await;
    assert_eq!(app.register("pump", "ACT-N").await, "");
    let mut secrets = Vec::new();
    for path in [PLAIN_UPDATES, UPDATES] {
        let answer = app.ask(path, &question_of("pump")).await;
        let list = if path == UPDATES { app.payload(&answer).await } else { answer.json() };
        for item in list["updateItems"].as_array().unwrap() {
            if item["updateId"] != "UPD-1" {
                secrets.push(last_segment(item["manifestURL"].as_str().unwrap()).to_owned());
            }
        }
    }
    assert_eq!(secrets.len(), 4);
    app.add_device("anonymous", DeviceClass::Client, None).await;
    let nobody = json!({ "updateFromPkgId": "pump-4.1", "platform": "LINUX64", "language": 1033 });
    for question in [question_of("stranger"), question_of("anonymous"), nobody] {
        for path in [PLAIN_UPDATES, UPDATES] {
            let answer = app.ask(path, &question).await;
            let text = if path == UPDATES {
                app.payload(&answer).await.to_string()
            } else {
                String::from_utf8(answer.body.to_vec()).unwrap()
            };
            assert!(secrets.iter().all(|secret| !text.contains(secret)), "{question} at {path}: {text}");
        }
    }
    // Nor by asking for updates or packages by name.
    for guess in ["UPD-LINE", "pump-4.4", "00000000-0000-4000-8000-000000000000"] {
        assert_eq!(app.ask(PLAIN_MANIFESTS, &json!({ "uuid": guess })).await.status, StatusCode::GONE, "{guess}");
    }
}

#[tokio::test]
async fn urls_of_checked_updates_live_for_one_to_two_hours() {
    let app = App::new().await;
    app.publish("pump-4.1", "pump-5", "UPD-5", &[("pump.bin", b"five")]).await;
    app.license("Nordwind", None, "ACT-N", terms(5)).await;
    assert_eq!(app.register("pump", "ACT-N").await, "");
    let life = async |update: &str| {
        let list = app.ask(PLAIN_UPDATES, &question_of("pump")).await.json();
        let items = list["updateItems"].as_array().unwrap();
        let item = items.iter().find(|item| item["updateId"] == update).unwrap();
        let uuid = last_segment(item["manifestURL"].as_str().unwrap()).to_owned();
        let manifest = app.payload(&app.ask(MANIFESTS, &json!({ "uuid": uuid })).await).await;
        let url = App::path_of(&manifest["manifestFiles"][0]["fileUrl"]);
        assert_eq!(app.get(&url).await.status, StatusCode::OK);
        let expiry: i64 = url.split('/').nth(4).unwrap().split('-').next().unwrap().parse().unwrap();
        expiry - app.ctx().now().as_seconds()
    };
    assert!((24 * 3600..25 * 3600).contains(&life("UPD-5").await));
    let check = countersign_app::updates::list(app.ctx(), app.site).await.unwrap();
    assert!(check.iter().all(|update| update.entitlement_check == EntitlementCheck::None));
    app.publish_checked("pump-4.1", "pump-6", "UPD-6", &[("pump.bin", b"six")]).await;
    assert!((3600..2 * 3600).contains(&life("UPD-6").await));
}
