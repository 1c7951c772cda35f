//! `updates/statusLog` and `events`: what is kept of what devices tell.

use std::time::Duration;

use countersign_domain::device::DeviceStatus;
use countersign_domain::report::{KeptDeviceEvent, KeptStatusReport};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Page, StatusReportFilter};
use http::StatusCode;
use serde_json::{Value, json};

use crate::licensing::{EVENTS, REGISTRATIONS, STATUS_LOG, body, extend, identity};
use crate::support::{App, accepted, good_token};

pub(crate) async fn reports(app: &App, filter: StatusReportFilter) -> Vec<KeptStatusReport> {
    let site = app.site;
    let listed = app.world.store.read::<_, StoreError, _>(move |tx| {
        Box::pin(async move { tx.status_reports().list(site, filter, Page::first(1000)).await })
    });
    listed.await.unwrap()
}

pub(crate) async fn events(app: &App) -> Vec<KeptDeviceEvent> {
    let site = app.site;
    let listed = app.world.store.read::<_, StoreError, _>(move |tx| {
        Box::pin(async move { tx.device_events().list(site, None, Page::first(1000)).await })
    });
    listed.await.unwrap()
}

fn report(id: &str, more: Value) -> Value {
    let mut report = body(id, json!({ "updateId": "UPD-1", "statusCode": 4 }));
    extend(&mut report, more);
    report
}

async fn app_with_pump() -> App {
    let app = App::new().await;
    assert_eq!(app.tell(REGISTRATIONS, &body("pump", json!({}))).await, "");
    app
}

#[tokio::test]
async fn what_devices_tell_takes_places_of_their_site() {
    let app = app_with_pump().await;
    let event = body("pump", json!({ "eventName": "start", "eventGroup": "power", "eventValue": "on" }));
    for (path, told) in
        [(STATUS_LOG, report("pump", json!({}))), (EVENTS, event), (REGISTRATIONS, body("x", json!({})))]
    {
        let before = app.ctx().work().writes.committed;
        assert_eq!(app.tell(path, &told).await, "", "{path}");
        assert_eq!(app.ctx().work().writes.committed, before + 1, "{path}");
    }
}

#[tokio::test]
async fn a_report_is_kept_with_all_its_members() {
    let app = app_with_pump().await;
    let full = json!({
        "deviceClass": "SERVER", "updateName": "upd-1", "packageId": "pump-4.2", "platform": "LINUX64",
        "language": "1033", "statusCode": "-5", "statusReason": "self test\u{0} ok",
        "timeStamp": "2026-02-27T09:15:00Z"
    });
    assert_eq!(app.tell(STATUS_LOG, &report("pump", full)).await, "");
    let [kept] = &reports(&app, StatusReportFilter::All).await[..] else { panic!("one report") };
    let said = &kept.report;
    assert_eq!(kept.device, Some(app.find_device("pump").await.unwrap().id));
    assert_eq!(
        (said.update.as_str(), said.update_name.as_str(), said.package.as_str()),
        ("UPD-1", "upd-1", "pump-4.2")
    );
    assert_eq!((said.platform.as_str(), said.language.0, said.code), ("LINUX64", 1033, -5));
    assert_eq!(said.reason, "self test ok");
    assert_eq!(said.reported_at, Timestamp::read_tolerantly("2026-02-27T09:15:00Z"));
    assert_eq!(kept.received_at, app.ctx().now());
}

#[tokio::test]
async fn a_repeated_report_is_kept_once_and_anonymous_ones_are_never_folded() {
    let app = app_with_pump().await;
    let at = json!({ "timeStamp": "2026-02-27T09:15:00Z" });
    for _ in 0..3 {
        assert_eq!(app.tell(STATUS_LOG, &report("pump", at.clone())).await, "");
    }
    assert_eq!(reports(&app, StatusReportFilter::All).await.len(), 1);
    let later = json!({ "timeStamp": "2026-02-27T09:15:01Z" });
    assert_eq!(app.tell(STATUS_LOG, &report("pump", later)).await, "");
    let other = json!({ "timeStamp": "2026-02-27T09:15:00Z", "statusCode": 3 });
    assert_eq!(app.tell(STATUS_LOG, &report("pump", other)).await, "");
    assert_eq!(reports(&app, StatusReportFilter::All).await.len(), 3);
    let anonymous = json!({ "updateId": "UPD-1", "statusCode": 4, "timeStamp": "2026-02-27T09:15:00Z", "id": "" });
    for _ in 0..2 {
        assert_eq!(app.tell(STATUS_LOG, &anonymous).await, "");
    }
    let unregistered = reports(&app, StatusReportFilter::Unregistered).await;
    assert_eq!(unregistered.len(), 2);
    assert!(unregistered.iter().all(|kept| kept.report.identity.is_none() && kept.device.is_none()));
}

#[tokio::test]
async fn a_report_of_an_unknown_device_is_kept_and_answered() {
    let app = app_with_pump().await;
    assert_eq!(app.tell(STATUS_LOG, &report("stranger", json!({}))).await, "device.unknown");
    let [kept] = &reports(&app, StatusReportFilter::Unregistered).await[..] else { panic!("one report") };
    assert_eq!((kept.device, kept.report.identity.clone()), (None, Some(identity("stranger"))));
    assert_eq!(app.tell(STATUS_LOG, &report("pump", json!({ "updateId": "UPD-9" }))).await, "update.unknown");
    assert_eq!(reports(&app, StatusReportFilter::All).await.len(), 1, "nothing is kept about an unknown update");
}

#[tokio::test]
async fn a_report_that_is_repeated_after_registering_becomes_the_devices_own() {
    let app = app_with_pump().await;
    let early = report("late", json!({ "timeStamp": "2026-02-27T09:15:00Z" }));
    assert_eq!(app.tell(STATUS_LOG, &early).await, "device.unknown");
    assert_eq!(app.tell(REGISTRATIONS, &body("late", json!({}))).await, "");
    assert_eq!(app.tell(STATUS_LOG, &early).await, "");
    let device = app.find_device("late").await.unwrap().id;
    let [kept] = &reports(&app, StatusReportFilter::Of(device)).await[..] else { panic!("one report") };
    assert_eq!(kept.report.identity, Some(identity("late")));
    assert_eq!(reports(&app, StatusReportFilter::Unregistered).await, []);
    assert_eq!(app.tell(STATUS_LOG, &early).await, "");
    assert_eq!(reports(&app, StatusReportFilter::All).await.len(), 1);
}

#[tokio::test]
async fn what_a_report_lacks_is_named() {
    let app = app_with_pump().await;
    for (more, key, argument) in [
        (json!({ "updateId": "" }), "request.field.missing", "updateId"),
        (json!({ "statusCode": null }), "request.field.missing", "statusCode"),
        (json!({ "statusCode": "done" }), "request.malformed", "statusCode"),
        (json!({ "statusCode": 4.5 }), "request.malformed", "statusCode"),
        (json!({ "statusCode": 1e30 }), "request.malformed", "statusCode"),
        (json!({ "statusReason": [] }), "request.malformed", "statusReason"),
        (json!({ "language": -1 }), "request.malformed", "language"),
        (json!({ "deviceClass": "robot" }), "request.deviceClass.invalid", "robot"),
    ] {
        let object = app.ask(STATUS_LOG, &report("pump", more.clone())).await.json();
        assert_eq!((&object["key"], &object["arguments"]), (&json!(key), &json!(argument)), "{more}");
    }
    assert_eq!(reports(&app, StatusReportFilter::All).await.len(), 0);
}

#[tokio::test]
async fn one_broken_member_does_not_spoil_the_report() {
    let app = app_with_pump().await;
    let send = async |member: &str| {
        let body = format!(
            r#"{{"id":"pump","idType":"STRING","publisherName":"acme","updateId":"UPD-1","statusCode":4,{member}}}"#
        );
        let answer = app.post(STATUS_LOG, Some(&good_token()), body).await;
        app.get(&accepted(STATUS_LOG, &answer)).await.json()["key"].clone()
    };
    // What JSON.stringify writes of a text that was cut in the middle of an emoji.
    assert_eq!(send(r#""statusReason":"ok \ud83d""#).await, "");
    assert_eq!(send(r#""timeStamp":1e400"#).await, "");
    assert_eq!(send(r#""timeStamp":"\ud83d""#).await, "");
    assert_eq!(send(r#""updateName":"\udc00""#).await, "");
    assert_eq!(send(r#""packageId":"\ud83d""#).await, "request.malformed");
    assert_eq!(send(r#""language":1e400"#).await, "request.malformed");
    let kept = reports(&app, StatusReportFilter::All).await;
    assert!(kept[0].report.reason.starts_with("ok \u{fffd}"), "{:?}", kept[0].report.reason);
}

#[tokio::test]
async fn an_event_is_kept_with_all_its_members() {
    let app = app_with_pump().await;
    let event = json!({
        "eventName": "selfTest", "eventGroup": "afterUpdate", "eventValue": "ä".repeat(4001),
        "timestamp": "1772183700000", "downloadPackageId": "pump-4.2", "updateId": "UPD-1", "updateName": "upd-1",
        "platform": "LINUX64", "language": 1031
    });
    assert_eq!(app.tell(EVENTS, &body("pump", event)).await, "");
    let [kept] = &events(&app).await[..] else { panic!("one event") };
    let said = &kept.event;
    assert_eq!(kept.device, app.find_device("pump").await.unwrap().id);
    assert_eq!((said.name.as_str(), said.group.as_str(), &said.value), ("selfTest", "afterUpdate", &"ä".repeat(4000)));
    assert_eq!(
        (said.package.as_str(), said.update.as_str(), said.update_name.as_str()),
        ("pump-4.2", "UPD-1", "upd-1")
    );
    assert_eq!((said.platform.as_str(), said.language.0), ("LINUX64", 1031));
    assert_eq!(said.reported_at, Some(Timestamp::from_millis(1_772_183_700_000)));
}

#[tokio::test]
async fn only_a_registered_device_logs_events_and_their_names_are_bounded() {
    let app = app_with_pump().await;
    for (id, more, key, argument) in [
        ("stranger", json!({ "eventName": "e" }), "device.unknown", "stranger"),
        ("pump", json!({ "eventName": "x".repeat(256) }), "event.name.invalid", "eventName"),
        ("pump", json!({ "eventName": "e", "eventGroup": "x".repeat(256) }), "event.name.invalid", "eventGroup"),
        ("", json!({ "eventName": "e" }), "request.field.missing", "id"),
        ("pump", json!({ "eventName": 7 }), "request.malformed", "eventName"),
        ("pump", json!({ "eventName": format!(" {}", "x".repeat(300)) }), "event.name.invalid", "eventName"),
    ] {
        let object = app.ask(EVENTS, &body(id, more.clone())).await.json();
        assert_eq!((&object["key"], &object["arguments"]), (&json!(key), &json!(argument)), "{more}");
    }
    assert_eq!(app.tell(EVENTS, &body("pump", json!({ "eventName": "ä".repeat(255) }))).await, "");
    assert_eq!(app.tell(EVENTS, &body("pump", json!({ "eventName": format!("{}e", " ".repeat(300)) }))).await, "");
    assert_eq!(events(&app).await.len(), 2);
    app.set_device_status("pump", DeviceStatus::Returned).await;
    assert_eq!(app.tell(EVENTS, &body("pump", json!({ "eventName": "e" }))).await, "device.unknown");
}

#[tokio::test]
async fn a_device_logs_sixty_events_a_minute() {
    let app = app_with_pump().await;
    assert_eq!(app.tell(REGISTRATIONS, &body("other", json!({}))).await, "");
    let event = |id| body(id, json!({ "eventName": "tick" }));
    for _ in 0..60 {
        assert_eq!(app.tell(EVENTS, &event("pump")).await, "");
    }
    let refused = app.post(EVENTS, Some(&good_token()), event("pump").to_string()).await;
    assert_eq!((refused.status, refused.error_key().as_str()), (StatusCode::TOO_MANY_REQUESTS, "event.rate"));
    assert_eq!(refused.headers["retry-after"], "60");
    assert_eq!(app.tell(EVENTS, &event("other")).await, "", "another device is not concerned");
    app.world.clock.advance(Duration::from_secs(60));
    assert_eq!(app.tell(EVENTS, &event("pump")).await, "");
    assert_eq!(events(&app).await.len(), 62);
}

#[tokio::test]
async fn the_lower_case_path_of_the_status_log_works_too() {
    let app = app_with_pump().await;
    let path = "/uai/2.0/updates/statuslog";
    let url = accepted(path, &app.post(path, Some(&good_token()), report("pump", json!({})).to_string()).await);
    assert_eq!(app.get(&url).await.json(), json!({ "arguments": "", "key": "", "message": "" }));
    assert_eq!(app.get(&url.replace("statuslog", "statusLog")).await.status, StatusCode::OK);
}
