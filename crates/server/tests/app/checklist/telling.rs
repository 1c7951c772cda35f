//! Items 18 to 20: what devices tell.

use countersign_domain::device::DeviceClass;
use countersign_domain::time::Timestamp;
use countersign_store::repositories::StatusReportFilter;
use http::StatusCode;
use serde_json::json;

use crate::device_reports::{events, reports};
use crate::licensing::{EVENTS, REGISTRATIONS, STATUS_LOG, body, extend};
use crate::support::App;

#[tokio::test]
async fn item_18_status_reports_keep_any_code_cut_long_reasons_and_read_four_forms_of_time() {
    let app = App::new().await;
    assert_eq!(app.tell(REGISTRATIONS, &body("pump", json!({}))).await, "");
    let said = |more| {
        let mut said = body("pump", json!({ "updateId": "UPD-1", "statusCode": 5 }));
        extend(&mut said, more);
        said
    };
    for time in ["2026-02-27T09:15:00Z", "2026-02-27 09:15:01", "2026-02-27T09:15:02", "1772183703000"] {
        let more = json!({ "timeStamp": time, "statusReason": "x".repeat(150) });
        assert_eq!(app.tell(STATUS_LOG, &said(more)).await, "", "{time}");
    }
    let kept = reports(&app, StatusReportFilter::All).await;
    let times: Vec<_> = kept.iter().map(|kept| kept.report.reported_at.unwrap().as_millis()).collect();
    assert_eq!(times, [1_772_183_700_000, 1_772_183_701_000, 1_772_183_702_000, 1_772_183_703_000]);
    assert!(kept.iter().all(|kept| kept.report.code == 5 && kept.report.reason == "x".repeat(100)));

    // `timeStamp` here and `timestamp` in events: the other spelling is not a time, and no error.
    let (now, then) = (app.ctx().now(), "2026-02-27T09:15:09Z");
    assert_eq!(app.tell(STATUS_LOG, &said(json!({ "timestamp": then }))).await, "");
    assert_eq!(app.tell(STATUS_LOG, &said(json!({ "timeStamp": "yesterday", "statusCode": 3 }))).await, "");
    let kept = reports(&app, StatusReportFilter::All).await;
    assert_eq!((kept[4].report.reported_at, kept[5].report.reported_at), (Some(now), Some(now)));
    for member in ["timeStamp", "timestamp"] {
        assert_eq!(app.tell(EVENTS, &body("pump", json!({ "eventName": member, member: then }))).await, "");
    }
    let times: Vec<_> = events(&app).await.into_iter().map(|kept| kept.event.reported_at).collect();
    assert_eq!(times, [Some(now), Timestamp::read_tolerantly(then)]);
}

#[tokio::test]
async fn item_19_an_event_needs_a_name_and_nothing_optional() {
    let app = App::new().await;
    assert_eq!(app.tell(REGISTRATIONS, &body("pump", json!({}))).await, "");
    for missing in [json!({}), json!({ "eventName": "" }), json!({ "eventName": null })] {
        let object = app.ask(EVENTS, &body("pump", missing)).await.json();
        assert_eq!((&object["key"], &object["arguments"]), (&json!("request.field.missing"), &json!("eventName")));
    }
    let url = app.ask_for_url(EVENTS, &body("pump", json!({ "eventName": "selfTest" }))).await;
    let poll = app.get(&url).await;
    assert_eq!((poll.status, poll.json()), (StatusCode::OK, json!({ "arguments": "", "key": "", "message": "" })));
    assert_eq!(events(&app).await.len(), 1);
}

#[tokio::test]
async fn item_20_a_blank_activation_id_makes_an_anonymous_device_and_servers_cannot_register() {
    let app = App::new().await;
    for (id, more) in
        [("blank", json!({ "activationId": "" })), ("absent", json!({})), ("null", json!({ "activationId": null }))]
    {
        assert_eq!(app.tell(REGISTRATIONS, &body(id, more)).await, "", "{id}");
        let device = app.find_device(id).await.unwrap();
        assert_eq!((device.holder, device.class), (None, DeviceClass::Client));
    }
    for class in ["server", "served", "SERVED_CLIENT"] {
        let refusal = app.tell(REGISTRATIONS, &body("rack", json!({ "deviceClass": class }))).await;
        assert_eq!((refusal.as_str(), app.find_device("rack").await), ("device.class.notRegistrable", None), "{class}");
    }
    for class in [DeviceClass::Server, DeviceClass::Served] {
        app.add_device(class.as_str(), class, None).await;
        let refusal = app.tell(REGISTRATIONS, &body(class.as_str(), json!({}))).await;
        assert_eq!(refusal, "device.class.notRegistrable");
    }
}
