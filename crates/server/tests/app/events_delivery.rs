//! From a change to a receiver on a real socket: what arrives, and that it can be believed.

use std::net::SocketAddr;

use countersign_app::webhooks::{Engine, endpoints, secrets};
use countersign_crypto::webhook::{WebhookSecret, verify_standard};
use countersign_domain::text::ProductName;
use countersign_server::WebhookRules;
use futures_util::FutureExt;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::events_support::{BackOffice, refusal};

const SERVICE: &str = "/notifications/api/v1/notificationService";

/// An office whose server may send to one listener of this machine.
pub(crate) async fn office() -> (BackOffice, TcpListener, SocketAddr) {
    office_on(BackOffice::new().await).await
}

/// The same for an office.
pub(crate) async fn office_on(office: BackOffice) -> (BackOffice, TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut rules = WebhookRules::default();
    rules.allow(&format!("demo={address}")).unwrap();
    let ports = countersign_server::webhook_ports(
        &rules,
        office.app.world.store().clone(),
        countersign_server::outbound_sender(&rules).unwrap(),
    );
    office.app.ctx().connect_webhooks(ports);
    (office, listener, address)
}

/// A webhook as it arrived.
pub(crate) struct Arrived {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Arrived {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut lines = self.head.split("\r\n").filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    }
}

/// Takes one request and answers it.
pub(crate) async fn take(listener: &TcpListener, answer: &str) -> Arrived {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let mut arrived = Arrived { head, body: Vec::new() };
    arrived.body = vec![0; arrived.header("content-length").unwrap().parse().unwrap()];
    stream.read_exact(&mut arrived.body).await.unwrap();
    stream
        .write_all(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes())
        .await
        .unwrap();
    arrived
}

#[tokio::test]
async fn attempts_without_an_answer_also_tell_how_long_they_took() {
    let (office, listener, address) = office().await;
    let ctx = office.app.ctx();
    let settings = json!({ "productSubscription": "true", "productWebhookUrl": format!("http://{address}/") });
    assert_eq!(office.post(SERVICE, &settings).await.status, StatusCode::CREATED);
    let mut engine = Engine::new(ctx.clone(), ctx.webhook_ports().unwrap());
    let name = ProductName::new("Lumen Render").unwrap();
    countersign_app::products::create(ctx, office.app.site, name).await.unwrap();
    let hanging_up = async {
        let (stream, _) = listener.accept().await.unwrap();
        let patience = std::time::Duration::from_millis(40);
        let _ = tokio::time::timeout(patience, std::future::pending::<()>()).await;
        drop(stream);
    };
    let (ran, ()) = tokio::join!(engine.run_until_idle(), hanging_up);
    ran.unwrap();
    let events = office.get("/notifications/api/v1/events").await.json();
    let event = events["events"][0]["id"].as_i64().unwrap();
    let attempts = office.get(&format!("/notifications/api/v1/events/{event}/attempts")).await.json();
    let attempt = &attempts["deliveries"][0]["history"][0];
    assert_eq!((&attempt["outcome"], &attempt["status"]), (&json!("broken"), &Value::Null), "{attempts}");
    assert!(attempt["durationMs"].as_u64().unwrap() >= 40, "{attempts}");
}

#[tokio::test]
async fn the_first_day_of_a_client_ends_with_a_webhook_that_can_be_believed() {
    let (office, listener, address) = office().await;
    let ctx = office.app.ctx();
    let url = format!("http://{address}/prod?x=1");
    let settings = json!({ "authType": "bearer", "authToken": "n0t-a-real-token", "productSubscription": "true", "productWebhookUrl": url });
    assert_eq!(office.post(SERVICE, &settings).await.status, StatusCode::CREATED);
    let mut engine = Engine::new(ctx.clone(), ctx.webhook_ports().unwrap());
    engine.run_until_idle().await.unwrap();

    let name = ProductName::new("Lumen Render").unwrap();
    countersign_app::products::create(ctx, office.app.site, name).await.unwrap();
    let (ran, first) = tokio::join!(engine.run_until_idle(), take(&listener, "503 Busy"));
    ran.unwrap();
    office.app.world.clock.advance(std::time::Duration::from_secs(30));
    let (ran, second) = tokio::join!(engine.run_until_idle(), take(&listener, "204 No Content"));
    ran.unwrap();

    assert!(first.head.starts_with("POST /prod?x=1 HTTP/1.1\r\n"), "{}", first.head);
    for (name, value) in [
        ("content-type", "application/json"),
        ("authorization", "Bearer n0t-a-real-token"),
        ("x-event-attempt", "1"),
        ("x-event-sequence", "1"),
    ] {
        assert_eq!(first.header(name).as_deref(), Some(value), "{name}");
    }
    let body: Value = serde_json::from_slice(&first.body).unwrap();
    assert_eq!((&body["eventHeader"]["event"], &body["eventHeader"]["eventType"]), (&json!("PROD"), &json!("CREATE")));
    assert_eq!(
        (&body["eventHeader"]["tenant"], &body["eventBody"]["productName"]),
        (&json!("demo"), &json!("Lumen Render"))
    );

    // The same bytes and the same id, at another time, under signatures of their own.
    assert_eq!((&second.body, second.header("webhook-id")), (&first.body, first.header("webhook-id")));
    assert_ne!(second.header("webhook-timestamp"), first.header("webhook-timestamp"));
    assert_eq!(second.header("x-event-attempt").as_deref(), Some("2"));
    let receiver = endpoints::list(ctx, office.app.site).await.unwrap().remove(0);
    let secret = secrets::list(ctx, office.app.site, receiver.id).await.unwrap().remove(0);
    let secret = WebhookSecret::from_hmac_key(secret.bytes.expose()).unwrap();
    for webhook in [&first, &second] {
        let header = |name: &str| webhook.header(name).unwrap();
        let sent = header("webhook-timestamp").parse().unwrap();
        let (id, signature) = (header("webhook-id"), header("webhook-signature"));
        let verify = |body: &[u8]| verify_standard(&secret, &id, &header("webhook-timestamp"), &signature, body, sent);
        assert_eq!(verify(&webhook.body), Ok(()));
        assert!(verify(b"{}").is_err());
    }

    // Silence, once it is switched off, also for who asks for more.
    assert_eq!(office.patch(SERVICE, &json!({ "productSubscription": "false" })).await.status, StatusCode::OK);
    let again = json!({ "endpointId": receiver.id.0 });
    let backfill = format!("endpoints/{}/backfill", receiver.id);
    for path in ["events/1/redeliver", "recover", &backfill] {
        let refused = office.post(&format!("/notifications/api/v1/{path}"), &again).await;
        assert_eq!(refusal(&refused), (409, "endpoint.off".into()), "{path}");
    }
    let name = ProductName::new("Lumen Edit").unwrap();
    countersign_app::products::create(ctx, office.app.site, name).await.unwrap();
    engine.run_until_idle().await.unwrap();
    assert!(listener.accept().now_or_never().is_none(), "nothing arrives");
}

/// What arrives while the worker works, in any order, and whether there was something to do.
pub(crate) async fn look(engine: &mut Engine, listener: &TcpListener) -> (Vec<Arrived>, bool) {
    let mut arrived = Vec::new();
    let look = engine.look();
    tokio::pin!(look);
    loop {
        tokio::select! {
            biased;
            one = take(listener, "204 No Content") => arrived.push(one),
            busy = &mut look => return (arrived, busy.unwrap()),
        }
    }
}

/// The same until nothing is due any more.
pub(crate) async fn arrivals(engine: &mut Engine, listener: &TcpListener) -> Vec<Arrived> {
    let mut all = Vec::new();
    for _ in 0..100 {
        let (arrived, busy) = look(engine, listener).await;
        all.extend(arrived);
        if !busy {
            return all;
        }
    }
    panic!("there is always something due");
}
