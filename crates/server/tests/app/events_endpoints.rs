//! Endpoints, the log and sending again, through the door, with a receiver on a real socket.

use axum::body::Body;
use countersign_app::webhooks::Engine;
use countersign_crypto::Secret;
use countersign_crypto::webhook::{WebhookSecret, verify_standard};
use countersign_domain::text::ProductName;
use countersign_domain::user::Role;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::documents::routes;
use crate::events_delivery::{office, take};
use crate::events_support::{BackOffice, refusal, send, token_of};

const ENDPOINTS: &str = "/notifications/api/v1/endpoints";
const EVENTS: &str = "/notifications/api/v1/events";

async fn create(office: &BackOffice, body: &Value) -> i64 {
    let answer = office.post(ENDPOINTS, body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", String::from_utf8_lossy(&answer.body));
    let id = answer.json()["id"].as_i64().unwrap();
    assert_eq!(answer.headers["location"], format!("{ENDPOINTS}/{id}").as_str());
    id
}

async fn product(office: &BackOffice, name: &str) {
    let name = ProductName::new(name).unwrap();
    countersign_app::products::create(office.app.ctx(), office.app.site, name).await.unwrap();
}

#[tokio::test]
async fn an_endpoint_is_made_changed_and_removed() {
    let (office, _listener, address) = office().await;
    let body = json!({
        "name": "billing", "url": format!("http://{address}/in"), "format": "cloudevents", "families": ["product"],
        "eventTypes": ["product.*"], "authType": "header:X-Api-Key", "authSecret": "k3y", "ratePerSecond": 5,
    });
    let id = create(&office, &body).await;
    let place = format!("{ENDPOINTS}/{id}");
    let shown = office.get(&place).await.json();
    for (member, value) in body.as_object().unwrap() {
        if member != "authSecret" {
            assert_eq!(&shown[member], value, "{member}");
        }
    }
    assert!(!shown.to_string().contains("k3y"), "never shown");
    assert_eq!(
        (&shown["state"], &shown["order"], &shown["timeoutSeconds"]),
        (&json!("enabled"), &json!("entity"), &json!(15))
    );
    assert_eq!(office.get(ENDPOINTS).await.json()["endpoints"], json!([shown]));

    let changed =
        office.patch(&place, &json!({ "ratePerSecond": null, "description": "for billing", "revision": 1 })).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", String::from_utf8_lossy(&changed.body));
    assert_eq!((&changed.json()["ratePerSecond"], &changed.json()["families"]), (&Value::Null, &json!(["product"])));
    let stale = office.patch(&place, &json!({ "description": "x", "revision": 1 })).await;
    assert_eq!(refusal(&stale), (409, "config.conflict".into()));
    assert_eq!(refusal(&office.post(ENDPOINTS, &body).await), (409, "endpoint.exists".into()));

    for (verb, state) in [("disable", "disabled"), ("enable", "enabled")] {
        assert_eq!(office.post(&format!("{place}/{verb}"), &json!({})).await.json()["state"], state);
    }
    assert_eq!(office.get(&format!("{place}/stats")).await.json(), json!({ "deliveries": [] }));
    assert_eq!(office.delete(&place).await.status, StatusCode::NO_CONTENT);
    assert_eq!(refusal(&office.get(&place).await), (404, "endpoint.unknown".into()));
}

#[tokio::test]
async fn members_that_cannot_be_used_are_named() {
    let (office, _listener, address) = office().await;
    let url = format!("http://{address}/");
    let with = |member: &str, value: Value| {
        let mut body = json!({ "name": "billing", "url": url });
        body[member] = value;
        body
    };
    for (body, status, key) in [
        (json!({ "url": url }), 400, "request.field.invalid"),
        (json!({ "name": "billing" }), 400, "request.field.invalid"),
        (with("name", json!("")), 400, "request.field.invalid"),
        (with("nobody", json!(1)), 400, "request.malformed"),
        (with("url", json!(7)), 400, "request.malformed"),
        (with("url", json!("hooks.example")), 400, "endpoint.invalid"),
        (with("url", json!("https://127.0.0.1/")), 422, "endpoint.url.refused"),
        (with("families", json!(["cars"])), 400, "request.field.invalid"),
        (with("eventTypes", json!(["product.crated"])), 400, "endpoint.invalid"),
        (with("format", json!("xml")), 400, "request.field.invalid"),
        (with("authType", json!("digest")), 400, "request.field.invalid"),
        (with("authType", json!("bearer")), 400, "endpoint.authorization.invalid"),
        (with("authType", json!("header:Content-Length")), 400, "endpoint.authorization.invalid"),
        (with("concurrency", json!(65)), 400, "endpoint.invalid"),
        (with("concurrency", json!(-1)), 400, "request.malformed"),
        (with("ca", json!("hello")), 422, "endpoint.url.refused"),
        (json!([]), 400, "request.malformed"),
    ] {
        assert_eq!(refusal(&office.post(ENDPOINTS, &body).await), (status, key.into()), "{body}");
    }
    assert_eq!(office.get(ENDPOINTS).await.json(), json!({ "endpoints": [] }));
    let id = create(&office, &with("description", json!("x"))).await;
    let rotate = format!("{ENDPOINTS}/{id}/secret/rotate");
    for body in [json!({ "graceSeconds": 604_801 }), json!({ "kind": "rsa" })] {
        assert_eq!(refusal(&office.post(&rotate, &body).await), (400, "request.field.invalid".into()));
    }
    let answer = office.post(&format!("{ENDPOINTS}/{id}/test"), &json!({ "eventType": "product.crated" })).await;
    assert_eq!(refusal(&answer), (404, "eventType.unknown".into()));
}

#[tokio::test]
async fn a_sample_is_signed_with_the_old_secret_and_the_new_one() {
    let (office, listener, address) = office().await;
    let id =
        create(&office, &json!({ "name": "billing", "url": format!("http://{address}/"), "format": "license" })).await;
    let place = format!("{ENDPOINTS}/{id}");
    let secret_of =
        |body: &Value| WebhookSecret::parse(Secret::new(body["secret"].as_str().unwrap().to_owned())).unwrap();
    let old = secret_of(&office.get(&format!("{place}/secret")).await.json()["secrets"][0]);
    let new = office.post(&format!("{place}/secret/rotate"), &json!({ "graceSeconds": 60 })).await;
    let new = secret_of(&new.json());
    let test_path = format!("{place}/test");
    let body = json!({ "eventType": "lineitem.activated" });
    let (tried, arrived) = tokio::join!(office.post(&test_path, &body), take(&listener, "202 Accepted"));
    let tried = tried.json();
    assert_eq!((&tried["outcome"], &tried["status"]), (&json!("answered"), &json!(202)));
    assert_eq!(tried["body"].as_str().unwrap().as_bytes(), arrived.body);
    let header = |name: &str| arrived.header(name).unwrap();
    let (id, time, signature) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    for secret in [&old, &new] {
        assert_eq!(verify_standard(secret, &id, &time, &signature, &arrived.body, time.parse().unwrap()), Ok(()));
    }
    let license = header("licensespring-signature");
    assert!(license.starts_with(&format!("t={time},v1=")) && license.matches("v1=").count() == 2, "{license}");
    assert_eq!(serde_json::from_slice::<Value>(&arrived.body).unwrap()["event"], "license.activated");

    // A key pair shows its public half alone, and after the overlap the old ones are gone.
    office.app.world.clock.advance(std::time::Duration::from_secs(61));
    let pair =
        office.post(&format!("{place}/secret/rotate"), &json!({ "kind": "ed25519", "graceSeconds": 0 })).await.json();
    assert!(pair["publicKey"].as_str().unwrap().starts_with("whpk_") && pair["secret"].is_null(), "{pair}");
    let secrets = office.get(&format!("{place}/secret")).await.json();
    assert_eq!(secrets["secrets"].as_array().unwrap().len(), 1, "{secrets}");
    let (_, arrived) = tokio::join!(office.post(&test_path, &body), take(&listener, "202 Accepted"));
    assert!(arrived.header("webhook-signature").unwrap().starts_with("v1a,"));
}

#[tokio::test]
async fn the_log_is_read_from_number_to_number_and_events_are_sent_again() {
    let (office, listener, address) = office().await;
    let ctx = office.app.ctx().clone();
    let id =
        create(&office, &json!({ "name": "billing", "url": format!("http://{address}/"), "order": "strict" })).await;
    let mut engine = Engine::new(ctx.clone(), ctx.webhook_ports().unwrap());
    for name in ["one", "two", "three"] {
        product(&office, name).await;
    }
    // The first is taken; after the second the receiver wants no more, so the third stays here.
    let answering = async {
        take(&listener, "200 OK").await;
        take(&listener, "410 Gone").await;
    };
    let (ran, ()) = tokio::join!(engine.run_until_idle(), answering);
    ran.unwrap();
    let state = office.get(&format!("{ENDPOINTS}/{id}")).await.json()["state"].clone();
    assert_eq!(state, "gone", "check 9");

    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let part = office.get(&format!("{EVENTS}?after={after}&limit=2&family=product")).await.json();
        let events = part["events"].as_array().unwrap().clone();
        if events.is_empty() {
            break;
        }
        after = part["next"].as_i64().unwrap();
        seen.extend(events);
    }
    let sequences: Vec<_> = seen.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences, [1, 2, 3]);
    assert_eq!(
        (&seen[0]["type"], &seen[0]["payload"]["data"]["product"]["name"]),
        (&json!("product.created"), &json!("one"))
    );
    let event = seen[0]["id"].as_i64().unwrap();
    let one = office.get(&format!("{EVENTS}/{event}?format=fno")).await.json();
    assert_eq!(one["payload"]["eventBody"]["productName"], "one");
    // Who waits is answered as soon as something comes.
    let behind = format!("{EVENTS}?after=3&wait=30");
    let waiting = office.get(&behind);
    let telling = async {
        product(&office, "four").await;
        engine.run_until_idle().await.unwrap();
    };
    let (answer, ()) = tokio::join!(waiting, telling);
    assert_eq!(answer.json()["events"][0]["sequence"], 4);

    let attempts = office.get(&format!("{EVENTS}/{event}/attempts")).await.json();
    let delivery = &attempts["deliveries"][0];
    assert_eq!(
        (&delivery["state"], &delivery["history"][0]["status"]),
        (&json!("delivered"), &json!(200)),
        "{attempts}"
    );
    let listed = office.get(&format!("{ENDPOINTS}/{id}/deliveries?limit=2")).await.json();
    assert_eq!(listed["deliveries"].as_array().unwrap().len(), 2);
    let whole = office.get(&format!("/notifications/api/v1/deliveries/{}", delivery["id"])).await.json();
    assert_eq!(whole["body"], delivery["body"]);

    assert_eq!(office.post(&format!("{ENDPOINTS}/{id}/disable"), &json!({})).await.json()["state"], "disabled");
    let again = office.post(&format!("{EVENTS}/{event}/redeliver"), &json!({ "endpointId": id })).await;
    assert_eq!((again.status, &again.json()["deliveryId"]), (StatusCode::ACCEPTED, &delivery["id"]));
    let recover = "/notifications/api/v1/recover";
    let wanted = |dry_run: bool| json!({ "endpointId": id, "state": "delivered", "dryRun": dry_run });
    assert!(office.post(recover, &wanted(true)).await.json()["count"].is_u64());
    let task = office.post(recover, &wanted(false)).await;
    assert_eq!((task.status, &task.json()["state"]), (StatusCode::ACCEPTED, &json!("running")));
    let place = format!("/notifications/api/v1/tasks/{}", task.json()["id"]);
    assert_eq!(office.get(&place).await.json()["state"], "running");
    assert_eq!(office.delete(&place).await.json()["state"], "cancelled");
    let open = office.post(recover, &json!({ "endpointId": id, "state": "queued" })).await;
    assert_eq!(refusal(&open), (400, "recover.open".into()));
    assert_eq!(office.post(recover, &wanted(false)).await.status, StatusCode::ACCEPTED);
    assert_eq!(refusal(&office.post(recover, &wanted(false)).await), (409, "recover.running".into()));

    for query in [
        "after=-1",
        "limit=0",
        "limit=501",
        "wait=61",
        "family=car",
        "type=x",
        "since=soon",
        "format=xml",
        "after=1&after=2",
    ] {
        assert_eq!(refusal(&office.get(&format!("{EVENTS}?{query}")).await).0, 400, "{query}");
    }
}

/// Every call that needs a login, without one, with a broken one, with one of another site, and for a row that is not there.
#[tokio::test]
async fn every_call_is_closed_to_others() {
    let (office, _listener, _) = office().await;
    office.app.add_user("vera", Role::Viewer).await;
    let vera = format!("Bearer {}", token_of(&office.app, "vera").await);
    let other = countersign_domain::site::SiteName::new("other").unwrap();
    countersign_app::sites::create(office.app.ctx(), other, Default::default()).await.unwrap();
    let mine = format!("Bearer {}", office.token);
    let open =
        ["/notifications/api/v1/authenticate", "/notifications/health/status", "/notifications/.well-known/jwks.json"];
    let mut walked = 0;
    for (method, path) in routes("events") {
        if open.contains(&path.as_str()) || method == Method::OPTIONS {
            continue;
        }
        let path = path.replace("{id}", "999999").replace("{type}", "product.created");
        let call = |path: String, authorization: Option<String>| {
            let (app, method) = (&office.app, method.clone());
            async move { send(app, method, &path, authorization.as_deref(), &[], Body::from("{}")).await }
        };
        assert_eq!(refusal(&call(path.clone(), None).await), (401, "auth.missing".into()), "{method} {path}");
        let broken = call(path.clone(), Some("Bearer a.b.c".into())).await;
        assert_eq!(refusal(&broken), (401, "token.invalid".into()), "{method} {path}");
        let foreign = call(format!("/t/other{path}"), Some(mine.clone())).await;
        assert_eq!(refusal(&foreign), (401, "token.invalid".into()), "{method} {path}");
        if method != Method::GET || path.ends_with("/secret") {
            let viewer = call(path.clone(), Some(vera.clone())).await;
            assert_eq!(refusal(&viewer), (403, "auth.forbidden".into()), "{method} {path}");
        }
        if path.contains("999999") && method == Method::GET {
            let unknown = call(path.clone(), Some(mine.clone())).await;
            assert_eq!(refusal(&unknown).0, 404, "{method} {path}");
            let odd = call(path.replace("999999", "%ff"), Some(mine.clone())).await;
            assert_eq!(refusal(&odd).0, 404, "{method} {path}");
        }
        walked += 1;
    }
    assert!(walked > 20, "{walked}");
}
