//! The settings of the event service, through the door: fields, masks, spellings, refusals.

use axum::body::Body;
use countersign_app::webhooks::endpoints;
use countersign_domain::user::Role;
use countersign_domain::webhook::{Authorization, EndpointState};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::events_support::{BackOffice, refusal, send, token_of};
use crate::support::Answer;

const SERVICE: &str = "/notifications/api/v1/notificationService";
const DOUBLED: &str = "/notifications/api/v1/notificationService/notificationService";
const URL: &str = "https://93.184.216.34/hooks";

async fn office() -> BackOffice {
    let office = BackOffice::new().await;
    let rules = Default::default();
    let sender = countersign_server::outbound_sender(&rules).unwrap();
    let ports = countersign_server::webhook_ports(&rules, office.app.world.store().clone(), sender);
    office.app.ctx().connect_webhooks(ports);
    office
}

fn basic() -> Value {
    json!({
        "authType": "basic", "basicUserId": "ops", "basicPassword": "s3cret: ünd",
        "entitlementSubscription": "true", "entitlementWebhookUrl": URL,
        "deviceSubscription": "yes", "deviceWebhookUrl": "https://93.184.216.34/dev?key=1",
    })
}

fn key_and_place(answer: &Answer) -> (u16, String, String) {
    let (status, key) = refusal(answer);
    (status, key, answer.json()["arguments"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn check_04_there_is_nothing_before_the_first_post_and_masks_afterwards() {
    let office = office().await;
    for answer in [office.get(SERVICE).await, office.patch(SERVICE, &json!({})).await] {
        assert_eq!(refusal(&answer), (404, "config.absent".into()));
    }
    let created = office.post(SERVICE, &basic()).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", String::from_utf8_lossy(&created.body));
    assert_eq!(created.headers["cache-control"], "no-store");
    let expected = concat!(
        r#"{"authType":"basic","authToken":"","basicUserId":"********","basicPassword":"********","#,
        r#""entitlementSubscription":"true","entitlementWebhookUrl":"https://93.184.216.34/hooks","#,
        r#""productSubscription":"false","productWebhookUrl":"","deviceSubscription":"true","#,
        r#""deviceWebhookUrl":"https://93.184.216.34/dev?key=1","fnoServiceUrl":"","fnoServiceUser":"","#,
        r#""fnoServiceUserPassword":"","includeLineItemCustomAttributes":"false"}"#,
    );
    assert_eq!(created.json(), serde_json::from_str::<Value>(expected).unwrap());
    let shown = office.get(SERVICE).await;
    assert_eq!((shown.status, shown.json()), (StatusCode::OK, created.json()));

    // The whole document comes back with one change; the secrets stay.
    let mut edited = shown.json();
    edited["productSubscription"] = json!("true");
    edited["productWebhookUrl"] = json!(URL);
    let changed = office.patch(SERVICE, &edited).await;
    assert_eq!((changed.status, &changed.json()), (StatusCode::OK, &edited));
    let receivers = endpoints::list(office.app.ctx(), office.app.site).await.unwrap();
    let names: Vec<_> = receivers.iter().map(|one| (one.name.as_str(), one.state)).collect();
    let on = EndpointState::Enabled;
    assert_eq!(names, [("legacy-ent", on), ("legacy-dev", on), ("legacy-prod", on)]);
    assert!(receivers.iter().all(|one| one.settings.authorization == Authorization::Basic));
    assert!(receivers.iter().all(|one| one.sealed_authorization.is_some()));

    // A mask has nothing to stand for in a first document, and a new document is whole.
    for field in ["authToken", "basicUserId", "basicPassword", "fnoServiceUser", "fnoServiceUserPassword"] {
        let answer = office.post(SERVICE, &json!({ field: "********" })).await;
        assert_eq!(key_and_place(&answer), (400, format!("config.{field}.invalid"), field.into()));
    }
    let replaced = office.post(SERVICE, &json!({ "productSubscription": true, "productWebhookUrl": URL })).await;
    assert_eq!((replaced.status, &replaced.json()["basicUserId"]), (StatusCode::OK, &json!("")));
    let receivers = endpoints::list(office.app.ctx(), office.app.site).await.unwrap();
    let off = |name: &str| receivers.iter().any(|one| one.name.as_str() == name && one.state == EndpointState::Off);
    assert_eq!((off("legacy-ent"), off("legacy-dev"), off("legacy-prod")), (true, true, false));
}

#[tokio::test]
async fn check_03_the_doubled_path_is_the_same() {
    let office = office().await;
    assert_eq!(refusal(&office.get(DOUBLED).await), (404, "config.absent".into()));
    assert_eq!(office.post(DOUBLED, &basic()).await.status, StatusCode::CREATED);
    let (short, doubled) = (office.get(SERVICE).await, office.get(DOUBLED).await);
    assert_eq!(
        (short.status, &short.body, &short.headers["etag"]),
        (doubled.status, &doubled.body, &doubled.headers["etag"])
    );
    assert_eq!(office.get(&format!("{SERVICE}/")).await.body, short.body);
    assert_eq!(office.patch(DOUBLED, &json!({ "deviceSubscription": "no" })).await.status, StatusCode::OK);
    assert_eq!(office.get(SERVICE).await.json()["deviceSubscription"], "false");
    for path in [SERVICE, DOUBLED] {
        let answer = office.send(Method::PUT, path, &[], "{}").await;
        assert_eq!(refusal(&answer), (405, "method.notAllowed".into()));
        let answer = office.send(Method::OPTIONS, path, &[], Body::empty()).await;
        assert_eq!(
            (answer.status, answer.headers["allow"].to_str().unwrap().contains("PATCH")),
            (StatusCode::NO_CONTENT, true)
        );
        let head = office.send(Method::HEAD, path, &[], Body::empty()).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    }
    assert_eq!(office.delete(SERVICE).await.status, StatusCode::NO_CONTENT);
    assert_eq!(refusal(&office.get(DOUBLED).await), (404, "config.absent".into()));
    let receivers = endpoints::list(office.app.ctx(), office.app.site).await.unwrap();
    assert!(receivers.iter().all(|one| one.state == EndpointState::Off && one.sealed_authorization.is_none()));
}

#[tokio::test]
async fn check_05_flags_are_read_in_every_spelling_and_written_in_one() {
    let office = office().await;
    assert_eq!(office.post(SERVICE, &json!({ "productWebhookUrl": URL })).await.status, StatusCode::CREATED);
    for (value, read) in [
        (json!(true), "true"),
        (json!("true"), "true"),
        (json!("TRUE"), "true"),
        (json!("Yes"), "true"),
        (json!(false), "false"),
        (json!("false"), "false"),
        (json!("no"), "false"),
        (json!(true), "true"),
        (Value::Null, "false"),
    ] {
        let answer = office.patch(SERVICE, &json!({ "productSubscription": value })).await;
        assert_eq!(answer.json()["productSubscription"], read, "{value}");
    }
    for value in [json!(1), json!("1"), json!("on"), json!(""), json!([true]), json!({})] {
        let answer = office.patch(SERVICE, &json!({ "productSubscription": value })).await;
        assert_eq!(refusal(&answer), (400, "config.productSubscription.invalid".into()), "{value}");
    }
}

#[tokio::test]
async fn check_06_values_that_cannot_be_used_are_named() {
    let office = office().await;
    for (field, value, status, word) in [
        ("authType", json!("digest"), 400, "invalid"),
        ("authType", json!("bearer"), 400, "missing"),
        ("authToken", json!("a\r\nX-Evil: 1"), 400, "invalid"),
        ("basicPassword", json!("a\nb"), 400, "invalid"),
        ("basicUserId", json!("a\u{0}b"), 400, "invalid"),
        ("basicUserId", json!("a:b"), 400, "invalid"),
        ("authToken", json!("x".repeat(4097)), 400, "invalid"),
        ("authToken", json!(7), 400, "invalid"),
        ("productWebhookUrl", json!("hooks.example"), 400, "invalid"),
        ("productWebhookUrl", json!("http://93.184.216.34/"), 400, "invalid"),
        ("productWebhookUrl", json!("https://u:p@hooks.example/"), 400, "invalid"),
        ("productWebhookUrl", json!("https://hooks.example/#x"), 400, "invalid"),
        ("productWebhookUrl", json!(format!("https://hooks.example/{}", "x".repeat(2048))), 400, "invalid"),
        ("productWebhookUrl", json!("https://2130706433/"), 400, "invalid"),
        ("productWebhookUrl", json!("https://127.0.0.1/"), 422, "refused"),
        ("productWebhookUrl", json!("http://127.0.0.1/"), 422, "refused"),
        ("deviceWebhookUrl", json!("https://[::ffff:10.0.0.1]/"), 422, "refused"),
        ("entitlementWebhookUrl", json!("https://169.254.169.254/latest/"), 422, "refused"),
        ("entitlementWebhookUrl", json!("https://93.184.216.34:22/"), 422, "refused"),
    ] {
        let answer = office.post(SERVICE, &json!({ field: value })).await;
        let place = if word == "missing" { "authToken" } else { field };
        assert_eq!(key_and_place(&answer), (status, format!("config.{place}.{word}"), place.into()), "{field} {value}");
    }
    for (flag, url) in
        [("product", "productWebhookUrl"), ("device", "deviceWebhookUrl"), ("entitlement", "entitlementWebhookUrl")]
    {
        let answer = office.post(SERVICE, &json!({ format!("{flag}Subscription"): "true" })).await;
        assert_eq!(key_and_place(&answer), (400, format!("config.{url}.missing"), url.into()));
    }
    assert_eq!(refusal(&office.get(SERVICE).await), (404, "config.absent".into()), "nothing was kept");
    // Silent, and with what is kept for later.
    let answer = office.post(SERVICE, &json!({ "authToken": "t", "regionCode": "EU", "answer": 42 })).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["extra"]), (StatusCode::CREATED, &json!({ "regionCode": "EU" })));
    assert_eq!(body["warnings"].as_array().unwrap().len(), 2, "{body}");
    let mut shown = office.get(SERVICE).await.json();
    assert_eq!(shown["extra"], json!({ "regionCode": "EU" }));
    shown["extra"]["regionCode"] = Value::Null;
    assert!(office.patch(SERVICE, &shown).await.json().get("extra").is_none());
}

#[tokio::test]
async fn bodies_are_json_objects_of_bounded_size() {
    let office = office().await;
    let post = |body: Vec<u8>, kind: &'static str| {
        let office = &office;
        async move { office.send(Method::POST, SERVICE, &[("content-type", kind)], body).await }
    };
    for body in ["", "[]", "null", "{", "{}{}", "{\"a\":1,\"a\":2}", "{\"a\":NaN}", "{\"a\":\"\u{0}\"}"] {
        assert_eq!(refusal(&post(body.into(), "application/json").await), (400, "request.malformed".into()), "{body}");
    }
    let deep = format!("{}{}", "{\"a\":".repeat(20), "1".to_owned() + &"}".repeat(20));
    assert_eq!(refusal(&post(deep.into_bytes(), "application/json").await), (400, "request.malformed".into()));
    assert_eq!(
        refusal(&post(b"{\"a\":\"\xff\"}".to_vec(), "application/json").await),
        (400, "request.malformed".into())
    );
    assert_eq!(refusal(&post(vec![b' '; 65_537], "application/json").await), (413, "request.tooLarge".into()));
    for kind in ["text/plain", "application/xml", "application/x-www-form-urlencoded"] {
        assert_eq!(refusal(&post(b"{}".to_vec(), kind).await), (415, "request.mediaType".into()));
    }
    for kind in ["application/json; charset=utf-8", "application/merge-patch+json", "Application/JSON"] {
        assert!(post(b"{}".to_vec(), kind).await.status.is_success(), "{kind}");
    }
}

#[tokio::test]
async fn changes_can_be_made_conditional() {
    let office = office().await;
    let tag = office.post(SERVICE, &basic()).await.headers["etag"].to_str().unwrap().to_owned();
    let with = |method, name: &'static str, value: String, body: &'static str| {
        let office = &office;
        async move { office.send(method, SERVICE, &[(name, value.as_str())], body).await }
    };
    let same = with(Method::GET, "if-none-match", tag.clone(), "").await;
    assert_eq!(
        (same.status, same.body.len(), same.headers["etag"].to_str().unwrap()),
        (StatusCode::NOT_MODIFIED, 0, tag.as_str())
    );
    // Only a secret changes, which nobody sees; the tag does.
    let changed = with(Method::PATCH, "if-match", tag.clone(), "{\"basicPassword\":\"other\"}").await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_ne!(changed.headers["etag"].to_str().unwrap(), tag);
    for method in [Method::PATCH, Method::POST] {
        let late = with(method, "if-match", tag.clone(), "{}").await;
        assert_eq!(refusal(&late), (412, "config.changed".into()));
    }
}

#[tokio::test]
async fn roles_and_sites_are_kept_apart() {
    let office = office().await;
    office.app.add_user("vera", Role::Viewer).await;
    let vera = format!("Bearer {}", token_of(&office.app, "vera").await);
    assert_eq!(office.post(SERVICE, &basic()).await.status, StatusCode::CREATED);
    assert_eq!(send(&office.app, Method::GET, SERVICE, Some(&vera), &[], Body::empty()).await.status, StatusCode::OK);
    for method in [Method::POST, Method::PATCH, Method::DELETE] {
        let answer = send(&office.app, method, SERVICE, Some(&vera), &[], "{}").await;
        assert_eq!(refusal(&answer), (403, "auth.forbidden".into()));
    }
    let other = countersign_domain::site::SiteName::new("other").unwrap();
    countersign_app::sites::create(office.app.ctx(), other, Default::default()).await.unwrap();
    for method in [Method::GET, Method::POST, Method::PATCH, Method::DELETE] {
        let answer = office.send(method.clone(), &format!("/t/other{SERVICE}"), &[], "{}").await;
        assert_eq!(refusal(&answer), (401, "token.invalid".into()), "{method}");
        let answer = send(&office.app, method.clone(), SERVICE, None, &[], "{}").await;
        assert_eq!(refusal(&answer), (401, "auth.missing".into()), "{method}");
    }
}
