//! CloudEvents as they travel: binary mode, and receivers that are asked for their consent.

use countersign_app::webhooks::{Engine, endpoints, secrets};
use countersign_crypto::webhook::{WebhookSecret, verify_standard};
use countersign_domain::ids::EndpointId;
use countersign_domain::text::ProductName;
use futures_util::FutureExt;
use http::StatusCode;
use serde_json::{Value, json};

use crate::events_delivery::{office, take};
use crate::events_support::refusal;

const ENDPOINTS: &str = "/notifications/api/v1/endpoints";
/// Consent in one answer.
const CONSENT: &str = "204 No Content\r\nWebHook-Allowed-Origin: *\r\nWebHook-Allowed-Rate: 120";

#[tokio::test]
async fn in_binary_mode_an_event_is_headers_and_data() {
    let (office, listener, address) = office().await;
    let (ctx, site) = (office.app.ctx(), office.app.site);
    let url = format!("http://{address}/ce");
    let body = json!({ "name": "mesh", "url": url, "format": "cloudevents", "cloudEventsMode": "binary" });
    let made = office.post(ENDPOINTS, &body).await;
    assert_eq!((made.status, &made.json()["cloudEventsMode"]), (StatusCode::CREATED, &json!("binary")));
    let id = made.json()["id"].as_i64().unwrap();
    countersign_app::products::create(ctx, site, ProductName::new("Lumen").unwrap()).await.unwrap();
    let mut engine = Engine::new(ctx.clone(), ctx.webhook_ports().unwrap());
    let (ran, first) = tokio::join!(engine.run_until_idle(), take(&listener, "503 Busy"));
    ran.unwrap();
    office.app.world.clock.advance(std::time::Duration::from_secs(30));
    let (ran, second) = tokio::join!(engine.run_until_idle(), take(&listener, "202 Accepted"));
    ran.unwrap();

    for (name, value) in [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-source", "urn:countersign:site:demo"),
        ("ce-type", "countersign.product.created"),
        ("ce-subject", "PROD:1"),
        ("ce-sequence", "00000000000000000001"),
    ] {
        assert_eq!(first.header(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!((first.header("ce-datacontenttype"), first.header("webhook-request-origin")), (None, None));
    let data: Value = serde_json::from_slice(&first.body).unwrap();
    assert_eq!((&data["product"]["name"], &data["entity"]), (&json!("Lumen"), &json!("PROD:1")));
    assert_eq!((&second.body, second.header("ce-id")), (&first.body, first.header("ce-id")), "the same bytes again");

    // What is signed is what is sent.
    let secret = secrets::list(ctx, site, EndpointId(id)).await.unwrap().remove(0);
    let secret = WebhookSecret::from_hmac_key(secret.bytes.expose()).unwrap();
    let header = |name: &str| first.header(name).unwrap();
    let (at, sent) = (header("webhook-timestamp"), header("webhook-timestamp").parse().unwrap());
    let (id, signature) = (header("webhook-id"), header("webhook-signature"));
    assert_eq!(verify_standard(&secret, &id, &at, &signature, &first.body, sent), Ok(()));

    let answer = office.post(ENDPOINTS, &json!({ "name": "b", "url": url, "cloudEventsMode": "batch" })).await;
    assert_eq!(refusal(&answer), (400, "request.field.invalid".into()));
}

#[tokio::test]
async fn an_endpoint_is_made_once_it_has_consented() {
    let (office, listener, address) = office().await;
    let (ctx, site) = (office.app.ctx(), office.app.site);
    let url = format!("http://{address}/hooks?x=1");
    let body = json!({ "name": "mesh", "url": url, "askConsent": true, "ratePerSecond": 2 });
    for refused in ["204 No Content", "200 OK\r\nWebHook-Allowed-Origin: other.example", "405 No", "301 Elsewhere"] {
        let (answer, _) = tokio::join!(office.post(ENDPOINTS, &body), take(&listener, refused));
        assert_eq!(refusal(&answer), (422, "endpoint.consent.missing".into()), "{refused}");
    }
    assert!(endpoints::list(ctx, site).await.unwrap().is_empty(), "nothing was made");

    let (made, asked) = tokio::join!(office.post(ENDPOINTS, &body), take(&listener, CONSENT));
    assert_eq!((made.status, &made.json()["askConsent"]), (StatusCode::CREATED, &json!(true)));
    assert!(asked.head.starts_with("OPTIONS /hooks?x=1 HTTP/1.1\r\n"), "{}", asked.head);
    let origin = asked.header("webhook-request-origin").unwrap();
    assert!(!origin.contains(['/', ':']) && !origin.is_empty(), "{origin}");
    assert_eq!(asked.header("webhook-request-rate").as_deref(), Some("120"));
    assert_eq!((asked.header("webhook-signature"), asked.body.len()), (None, 0));

    // It is not asked again for what it has consented to, and for another rate it is.
    let place = format!("{ENDPOINTS}/{}", made.json()["id"]);
    assert_eq!(office.patch(&place, &json!({ "description": "x" })).await.status, StatusCode::OK);
    assert!(listener.accept().now_or_never().is_none());
    let faster = json!({ "ratePerSecond": 3 });
    let (answer, _) = tokio::join!(office.patch(&place, &faster), take(&listener, CONSENT));
    assert_eq!(refusal(&answer), (422, "endpoint.consent.missing".into()));
    assert_eq!(office.get(&place).await.json()["ratePerSecond"], 2, "it is as it was");

    countersign_app::products::create(ctx, site, ProductName::new("Lumen").unwrap()).await.unwrap();
    let mut engine = Engine::new(ctx.clone(), ctx.webhook_ports().unwrap());
    let (ran, sent) = tokio::join!(engine.run_until_idle(), take(&listener, "204 No Content"));
    ran.unwrap();
    assert_eq!(sent.header("webhook-request-origin"), Some(origin), "with each webhook");
}
