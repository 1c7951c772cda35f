//! Receivers that begin with everything.

use countersign_app::webhooks::Engine;
use countersign_domain::licensing::{LicenseRules, ProductRules, ProductStatus};
use countersign_domain::user::Role;
use futures_util::FutureExt;
use http::StatusCode;
use serde_json::{Value, json};

use crate::events_delivery::{Arrived, arrivals, look, office_on};
use crate::events_support::{BackOffice, refusal, token_of};
use crate::license_support::{HARDWARE, Licensing, endless, identity};

const ENDPOINTS: &str = "/notifications/api/v1/endpoints";

fn types(arrived: &[Arrived]) -> Vec<String> {
    let read = |one: &Arrived| serde_json::from_slice::<Value>(&one.body).unwrap()["type"].as_str().unwrap().to_owned();
    let mut types: Vec<_> = arrived.iter().map(read).collect();
    types.sort_unstable();
    types
}

#[tokio::test]
async fn a_new_endpoint_is_told_what_there_is() {
    let licensing = Licensing::new().await;
    licensing.license("AAAA-1", endless(2), LicenseRules::default()).await;
    licensing.license("AAAA-2", endless(2), LicenseRules::default()).await;
    let activated = licensing.post("/activate_license", &identity("AAAA-1", HARDWARE)).await;
    assert_eq!(activated.status, StatusCode::OK);
    let (office, listener, address) = office_on(BackOffice::on(licensing.app).await).await;
    let ctx = office.app.ctx();
    let mut engine = Engine::new(ctx.clone(), ctx.webhook_ports().unwrap());
    engine.run_until_idle().await.unwrap();
    let url = format!("http://{address}/in");
    let made = office.post(ENDPOINTS, &json!({ "name": "new", "url": url })).await;
    let place = format!("{ENDPOINTS}/{}", made.json()["id"]);
    assert!(arrivals(&mut engine, &listener).await.is_empty(), "what was before is not told by itself");

    let task = office.post(&format!("{place}/backfill"), &json!({})).await;
    assert_eq!((task.status, &task.json()["backfill"]), (StatusCode::ACCEPTED, &json!("products")));
    let arrived = arrivals(&mut engine, &listener).await;
    assert_eq!(
        types(&arrived),
        ["device.snapshot", "entitlement.snapshot", "lineitem.snapshot", "lineitem.snapshot", "product.snapshot"]
    );
    let last = office.get("/notifications/api/v1/events?after=0").await.json()["last"].to_string();
    for one in &arrived {
        let id = one.header("webhook-id").unwrap();
        assert!(id.starts_with("snap_"), "{id}");
        assert_eq!(one.header("x-event-sequence"), Some(last.clone()));
        assert_eq!(one.header("x-event-source").as_deref(), Some("job"));
        assert!(one.header("webhook-signature").is_some());
    }
    let task = office.get(&format!("/notifications/api/v1/tasks/{}", task.json()["id"])).await.json();
    assert_eq!((&task["state"], &task["queued"]), (&json!("done"), &json!(5)));
    assert!(arrivals(&mut engine, &listener).await.is_empty(), "once");

    // Only what it wants to hear of, and under other names each time.
    let fewer = json!({ "families": ["product"], "products": ["Pump"] });
    assert_eq!(office.patch(&place, &fewer).await.status, StatusCode::OK);
    office.post(&format!("{place}/backfill"), &json!({})).await;
    let again = arrivals(&mut engine, &listener).await;
    assert_eq!(types(&again), ["product.snapshot"]);
    assert!(arrived.iter().all(|one| one.header("webhook-id") != again[0].header("webhook-id")));
}

#[tokio::test]
async fn a_large_backfill_goes_in_parts_and_can_be_stopped() {
    let licensing = Licensing::new().await;
    for number in 0..60 {
        let (name, code) = (format!("P{number}"), format!("p{number}"));
        licensing.product(&name, &code, ProductRules::default(), ProductStatus::Active).await;
    }
    let (office, listener, address) = office_on(BackOffice::on(licensing.app).await).await;
    let ctx = office.app.ctx();
    let mut engine = Engine::new(ctx.clone(), ctx.webhook_ports().unwrap());
    engine.run_until_idle().await.unwrap();
    let url = format!("http://{address}/in");
    let made = office.post(ENDPOINTS, &json!({ "name": "new", "url": url })).await;
    let place = format!("{ENDPOINTS}/{}", made.json()["id"]);
    let begin = async || office.post(&format!("{place}/backfill"), &json!({})).await;
    let path = format!("/notifications/api/v1/tasks/{}", begin().await.json()["id"]);
    // The first part is queued, and sent with the next look.
    let (none, _) = look(&mut engine, &listener).await;
    let task = office.get(&path).await.json();
    assert_eq!((&task["state"], &task["queued"], none.len()), (&json!("running"), &json!(50), 0));
    let all = arrivals(&mut engine, &listener).await;
    let task = office.get(&path).await.json();
    assert_eq!((&task["state"], &task["queued"], all.len()), (&json!("done"), &json!(61), 61));

    // Stopped before it has begun to work, it queues nothing.
    let path = format!("/notifications/api/v1/tasks/{}", begin().await.json()["id"]);
    assert_eq!(office.delete(&path).await.json()["state"], "cancelled");
    engine.run_until_idle().await.unwrap();
    assert!(listener.accept().now_or_never().is_none());
    assert_eq!(office.get(&path).await.json()["queued"], 0);

    // An endpoint that is disabled has to wait, and has one task at a time.
    assert_eq!(office.post(&format!("{place}/disable"), &json!({})).await.status, StatusCode::OK);
    let path = format!("/notifications/api/v1/tasks/{}", begin().await.json()["id"]);
    assert_eq!(refusal(&begin().await), (409, "recover.running".into()));
    assert!(arrivals(&mut engine, &listener).await.is_empty());
    assert_eq!(office.post(&format!("{place}/enable"), &json!({})).await.status, StatusCode::OK);
    assert_eq!(arrivals(&mut engine, &listener).await.len(), 61);
    assert_eq!(office.get(&path).await.json()["state"], "done");
    let unknown = office.post(&format!("{ENDPOINTS}/999/backfill"), &json!({})).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    office.app.add_user("eve", Role::Viewer).await;
    let token = token_of(&office.app, "eve").await;
    let viewer = BackOffice { app: office.app, token };
    assert_eq!(refusal(&viewer.post(&format!("{place}/backfill"), &json!({})).await), (403, "auth.forbidden".into()));
}
