//! Receivers that can prove that they have missed nothing.

use std::collections::HashSet;
use std::time::Duration;

use countersign_app::products;
use countersign_app::webhooks::Engine;
use countersign_domain::text::ProductName;
use countersign_domain::user::Role;
use futures_util::FutureExt;
use http::StatusCode;
use serde_json::{Value, json};

use crate::events_delivery::{Arrived, arrivals, office, take};
use crate::events_support::{BackOffice, refusal, token_of};

const ENDPOINTS: &str = "/notifications/api/v1/endpoints";

/// What a receiver keeps, and how it judges a checkpoint by that.
#[derive(Default)]
struct Books {
    taken: HashSet<(i64, String)>,
    last: Option<(i64, u64)>,
}

impl Books {
    fn note(&mut self, arrived: &Arrived) {
        let sequence = arrived.header("x-event-sequence").unwrap().parse().unwrap();
        self.taken.insert((sequence, arrived.header("webhook-id").unwrap()));
    }

    /// Whether nothing is missing between the checkpoint before and this one.
    fn agrees(&mut self, checkpoint: &Value) -> bool {
        let number = |name: &str| checkpoint[name].as_i64().unwrap();
        let (sequence, delivered) = (number("sequence"), checkpoint["delivered"].as_u64().unwrap());
        let (from, before) = self.last.replace((sequence, delivered)).unwrap_or((0, 0));
        let taken = self.taken.iter().filter(|(number, _)| (from + 1..=sequence).contains(number)).count();
        u64::try_from(taken).unwrap() == delivered - before
    }
}

fn body(arrived: &Arrived) -> Value {
    serde_json::from_slice(&arrived.body).unwrap()
}

#[tokio::test]
async fn a_checkpoint_counts_what_was_taken_and_shows_what_was_missed() {
    let (mut office, listener, address) = office().await;
    let (ctx, site) = (office.app.ctx().clone(), office.app.site);
    let mut engine = Engine::new(ctx.clone(), ctx.webhook_ports().unwrap());
    let product = async |name: &str| {
        products::create(&ctx, site, ProductName::new(name).unwrap()).await.unwrap();
    };
    product("before").await;
    let url = format!("http://{address}/in");
    let wanted = json!({ "name": "erp", "url": url, "products": ["a", "b", "c", "d"], "checkpointMinutes": 60 });
    let made = office.post(ENDPOINTS, &wanted).await.json();
    assert_eq!(made["checkpointMinutes"], 60);
    let place = format!("{ENDPOINTS}/{}", made["id"]);
    let mut books = Books::default();
    for name in ["a", "of no interest", "b"] {
        product(name).await;
    }
    for one in arrivals(&mut engine, &listener).await {
        books.note(&one);
    }
    assert_eq!(books.taken.len(), 2);

    // By itself after an hour, once.
    office.app.world.clock.advance(Duration::from_secs(3599));
    assert!(arrivals(&mut engine, &listener).await.is_empty());
    office.app.world.clock.advance(Duration::from_secs(1));
    let told = arrivals(&mut engine, &listener).await;
    assert_eq!(told.len(), 1);
    let (first, counts) = (&told[0], body(&told[0]));
    assert_eq!((&counts["type"], &counts["data"]["number"]), (&json!("checkpoint"), &json!(1)));
    assert_eq!((&counts["data"]["sequence"], &counts["data"]["last_sequence"]), (&json!(4), &json!(4)));
    assert_eq!((&counts["data"]["delivered"], &counts["data"]["dead"]), (&json!(2), &json!(0)));
    assert_eq!(first.header("webhook-id"), Some(format!("check_1_{}", made["id"])));
    assert_eq!(first.header("x-event-sequence").as_deref(), Some("4"));
    assert!(first.header("webhook-signature").is_some());
    assert!(books.agrees(&counts["data"]));

    // What waits for its next attempt holds the number up; a receiver that has lost something sees it.
    product("c").await;
    let (looked, _) = tokio::join!(engine.look(), take(&listener, "500 Oops"));
    looked.unwrap();
    product("d").await;
    for one in arrivals(&mut engine, &listener).await {
        books.note(&one);
    }
    office.renew().await;
    let asked = office.post(&format!("{place}/checkpoint"), &json!({})).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED);
    let expected = json!({
        "endpointId": made["id"], "number": 2, "sequence": 4, "last": 6, "delivered": 2, "dead": 0, "cancelled": 0
    });
    assert_eq!(asked.json(), expected);
    let told = arrivals(&mut engine, &listener).await;
    assert!(told.len() == 1 && books.agrees(&body(&told[0])["data"]));
    office.app.world.clock.advance(Duration::from_secs(10));
    let lost = arrivals(&mut engine, &listener).await;
    assert_eq!(lost.len(), 1, "the one that is tried again is taken, and lost by its receiver");
    office.post(&format!("{place}/checkpoint"), &json!({})).await;
    let told = arrivals(&mut engine, &listener).await;
    let counts = &body(&told[0])["data"];
    assert_eq!((&counts["sequence"], &counts["delivered"]), (&json!(6), &json!(4)));
    assert!(!books.agrees(counts));

    // Never by itself any more, once nobody wants that.
    assert_eq!(office.patch(&place, &json!({ "checkpointMinutes": null })).await.status, StatusCode::OK);
    office.app.world.clock.advance(Duration::from_secs(7200));
    engine.run_until_idle().await.unwrap();
    assert!(listener.accept().now_or_never().is_none());
}

#[tokio::test]
async fn a_receiver_that_takes_nothing_gets_one_checkpoint() {
    let (office, listener, address) = office().await;
    let ctx = office.app.ctx();
    let mut engine = Engine::new(ctx.clone(), ctx.webhook_ports().unwrap());
    let url = format!("http://{address}/in");
    let wanted = json!({ "name": "down", "url": url, "format": "fno", "checkpointMinutes": 1 });
    let made = office.post(ENDPOINTS, &wanted).await.json();
    let place = format!("{ENDPOINTS}/{}", made["id"]);
    assert_eq!(office.post(&format!("{place}/disable"), &json!({})).await.status, StatusCode::OK);
    office.app.world.clock.advance(Duration::from_secs(600));
    assert!(arrivals(&mut engine, &listener).await.is_empty(), "nobody counts for an endpoint that is disabled");
    assert_eq!(office.post(&format!("{place}/enable"), &json!({})).await.status, StatusCode::OK);
    engine.look().await.unwrap();
    let (looked, first) = tokio::join!(engine.look(), take(&listener, "500 Oops"));
    looked.unwrap();
    assert_eq!(body(&first)["eventHeader"]["event"], "CHECKPOINT");
    assert_eq!(body(&first)["eventBody"]["delivered"], "0");
    // While that one is tried again there is no other.
    office.app.world.clock.advance(Duration::from_secs(61));
    let (looked, again) = tokio::join!(engine.look(), take(&listener, "500 Oops"));
    looked.unwrap();
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    for _ in 0..3 {
        office.app.world.clock.advance(Duration::from_secs(61));
        assert!(arrivals(&mut engine, &listener).await.is_empty());
    }
    let stats = office.get(&format!("{place}/stats")).await.json();
    let states: Vec<_> =
        stats["deliveries"].as_array().unwrap().iter().map(|one| (&one["state"], &one["count"])).collect();
    assert_eq!(states, [(&json!("queued"), &json!(1))]);
}

#[tokio::test]
async fn checkpoints_are_asked_for_by_those_who_configure() {
    let office = BackOffice::new().await;
    let (listening, _, address) = crate::events_delivery::office_on(office).await;
    let url = format!("http://{address}/in");
    let made = listening.post(ENDPOINTS, &json!({ "name": "erp", "url": url })).await.json();
    let path = format!("{ENDPOINTS}/{}/checkpoint", made["id"]);
    let unknown = listening.post(&format!("{ENDPOINTS}/999/checkpoint"), &json!({})).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    for minutes in [0, 10_081] {
        let wanted = json!({ "name": "often", "url": url, "checkpointMinutes": minutes });
        assert_eq!(refusal(&listening.post(ENDPOINTS, &wanted).await), (400, "endpoint.invalid".into()));
    }
    listening.app.add_user("eve", Role::Viewer).await;
    let token = token_of(&listening.app, "eve").await;
    let viewer = BackOffice { app: listening.app, token };
    assert_eq!(refusal(&viewer.post(&path, &json!({})).await), (403, "auth.forbidden".into()));
}
