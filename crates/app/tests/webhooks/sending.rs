//! What arrives, in which order, how often, and when.

use std::sync::Mutex;
use std::time::Duration;

use countersign_app::licensing::{features, products};
use countersign_app::webhooks::{endpoints, log};
use countersign_crypto::Secret;
use countersign_domain::licensing::{FeatureRules, ProductStatus};
use countersign_domain::text::{EndpointName, FeatureCode, ProductName};
use countersign_domain::webhook::{
    Authorization, DeliveryOrder, DeliveryState, EndpointSettings, EndpointState, Family, FamilySet, Pace,
};
use countersign_testkit::Answer;

use crate::support::{HOOK, Stage};

#[tokio::test]
async fn an_event_arrives_with_its_headers() {
    let stage = Stage::new().await;
    stage.product("Before").await;
    let hook = stage.hook().await;
    stage.product("Pump").await;
    stage.work().await;
    let received = stage.receivers.received();
    assert_eq!(received.len(), 1, "what was before the receiver is not told: {received:?}");
    let one = &received[0];
    assert!(one.body.starts_with(b"2 product.created PROD:"), "{:?}", String::from_utf8_lossy(&one.body));
    assert_eq!(one.header("x-event-sequence"), Some("2"));
    assert_eq!(one.header("x-event-source"), Some("api"));
    assert_eq!(one.header("x-event-attempt"), Some("1"));
    assert!(one.header("x-event-entity").unwrap().starts_with("PROD:"));
    assert_eq!((one.secrets, &one.authorization), (1, &None));
    assert!(!one.message_id.contains('.'));
    assert_eq!(stage.states(hook.id).await, [DeliveryState::Delivered]);
    stage.work().await;
    assert_eq!(stage.receivers.received().len(), 1, "once");
}

#[tokio::test]
async fn a_receiver_gets_what_it_wants_with_its_credentials() {
    let stage = Stage::new().await;
    let settings = EndpointSettings {
        families: FamilySet(vec![Family::Device]),
        authorization: Authorization::Basic,
        ..EndpointSettings::new(HOOK)
    };
    let name = EndpointName::new("hook").unwrap();
    let secret = Some(Secret::new("anna:tulip-44".to_owned()));
    endpoints::create(&stage.ctx, stage.site, name, settings, secret).await.unwrap();
    stage.product("Pump").await;
    stage.device("d1").await;
    stage.work().await;
    let received = stage.receivers.received();
    assert_eq!(received.len(), 1);
    let (header, value) = received[0].authorization.clone().unwrap();
    assert_eq!((header.as_str(), value.as_str()), ("authorization", "Basic YW5uYTp0dWxpcC00NA=="));
}

#[tokio::test]
async fn check_06_each_kind_of_authorization_yields_its_header() {
    let stage = Stage::new().await;
    let kinds = [
        ("basic", Authorization::Basic, "anna:tu:lip 44", "authorization", "Basic YW5uYTp0dTpsaXAgNDQ="),
        ("bearer", Authorization::Bearer, "n0t-a-real-token", "authorization", "Bearer n0t-a-real-token"),
        ("header", Authorization::Header("X-Api-Key".to_owned()), "k-1", "X-Api-Key", "k-1"),
    ];
    let url = |name: &str| format!("https://{name}.example.com/");
    for (name, authorization, secret, ..) in &kinds {
        let settings = EndpointSettings { authorization: authorization.clone(), ..EndpointSettings::new(url(name)) };
        let (name, secret) = (EndpointName::new(*name).unwrap(), Some(Secret::new((*secret).to_owned())));
        endpoints::create(&stage.ctx, stage.site, name, settings, secret).await.unwrap();
    }
    stage.endpoint("none", EndpointSettings::new(url("none"))).await;
    stage.product("Pump").await;
    stage.work().await;
    for (name, _, _, header, value) in kinds {
        let received = stage.receivers.received_at(&url(name));
        assert_eq!(received.len(), 1, "{name}");
        let (its_header, its_value) = received[0].authorization.clone().unwrap();
        assert!(its_header.eq_ignore_ascii_case(header) && its_value == value, "{name}: {its_header}: {its_value}");
    }
    assert!(stage.receivers.received_at(&url("none"))[0].authorization.is_none());
}

#[tokio::test]
async fn check_08_retries_are_the_same_bytes_and_follow_the_schedule() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    stage.receivers.behave(HOOK, |_| Answer::Status(500, None));
    stage.product("Pump").await;
    let began = stage.seconds();
    let mut at = Vec::new();
    for _ in 0..400 {
        let before = stage.receivers.received().len();
        stage.work().await;
        if stage.receivers.received().len() > before {
            at.push(stage.seconds() - began);
        }
        stage.advance(900);
    }
    let received = stage.receivers.received();
    assert_eq!(received.len(), 10, "ten attempts in all: {at:?}");
    assert!(received.iter().all(|one| one.body == received[0].body && one.message_id == received[0].message_id));
    let attempts: Vec<_> = received.iter().map(|one| one.header("x-event-attempt").unwrap().to_owned()).collect();
    assert_eq!(attempts, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    assert!(received.windows(2).all(|pair| pair[0].seconds < pair[1].seconds), "each has a time of its own");
    // Each wait is the documented one, a fifth more or less, seen every fifteen minutes.
    for (pair, wait) in at.windows(2).zip([5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]) {
        let waited = pair[1] - pair[0];
        assert!(waited * 10 >= wait * 8 && waited * 10 <= wait * 12 + 9000, "{waited} instead of {wait}");
    }
    assert_eq!(stage.states(hook.id).await, [DeliveryState::Dead]);
    let deliveries = stage.deliveries(hook.id).await;
    let (_, attempts) = log::find_delivery(&stage.ctx, stage.site, deliveries[0].id).await.unwrap().unwrap();
    assert_eq!(attempts.len(), 10);
    assert!(attempts.iter().all(|attempt| attempt.made.status == Some(500)));
}

#[tokio::test]
async fn check_12_events_of_one_entity_keep_their_order_past_failures() {
    let stage = Stage::new().await;
    stage.hook().await;
    let (one, two) = (stage.device("one").await, stage.device("two").await);
    let failing = Mutex::new(3);
    stage.receivers.behave(HOOK, move |got| {
        // The first events about the first device fail three times.
        let is_first = got.body.starts_with(b"1 ");
        let mut left = failing.lock().unwrap();
        if is_first && *left > 0 {
            *left -= 1;
            return Answer::Status(500, None);
        }
        Answer::Status(200, None)
    });
    for _ in 0..3 {
        stage.touch(&one).await;
        stage.touch(&two).await;
    }
    stage.work().await;
    let numbers = |stage: &Stage| -> Vec<i64> {
        let bodies = stage.bodies().into_iter();
        bodies.map(|body| body.split(' ').next().unwrap().parse().unwrap()).collect()
    };
    let first: Vec<i64> = numbers(&stage).into_iter().filter(|number| *number != 1).collect();
    assert_eq!(first, [2, 4, 6, 8], "the second device does not wait for the first");
    for _ in 0..4 {
        stage.advance(40 * 60);
        stage.work().await;
    }
    let rest: Vec<i64> = numbers(&stage).into_iter().filter(|number| number % 2 == 1).collect();
    assert_eq!(rest, [1, 1, 1, 1, 3, 5, 7]);
}

#[tokio::test]
async fn strict_order_holds_all_up_and_no_order_none() {
    let stage = Stage::new().await;
    let (strict, free) = ("https://strict.example.com/", "https://free.example.com/");
    for (name, url, order) in [("strict", strict, DeliveryOrder::Strict), ("free", free, DeliveryOrder::None)] {
        stage.endpoint(name, EndpointSettings { order, ..EndpointSettings::new(url) }).await;
        stage.receivers.behave(url, |got| Answer::Status(if got.body.starts_with(b"1 ") { 400 } else { 200 }, None));
    }
    for name in ["A", "B", "C"] {
        stage.product(name).await;
    }
    stage.work().await;
    assert_eq!(stage.receivers.received_at(strict).len(), 1);
    assert_eq!(stage.receivers.received_at(free).len(), 3);
}

#[tokio::test]
async fn a_busy_receiver_is_left_alone_as_long_as_it_asks() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    stage.receivers.behave(HOOK, |_| Answer::Status(429, Some(Duration::from_secs(600))));
    stage.product("A").await;
    stage.work().await;
    assert_eq!(stage.bodies().len(), 1);
    stage.receivers.behave(HOOK, |_| Answer::Status(200, None));
    stage.product("B").await;
    stage.advance(590);
    stage.work().await;
    assert_eq!(stage.bodies().len(), 1, "the pause is for the whole receiver");
    stage.advance(20);
    stage.work().await;
    assert_eq!(stage.states(hook.id).await, [DeliveryState::Delivered; 2]);
}

#[tokio::test]
async fn a_success_under_way_does_not_end_the_pause() {
    let stage = Stage::new().await;
    stage.hook().await;
    stage.receivers.behave(HOOK, |got| match got.body.starts_with(b"1 ") {
        true => Answer::Status(429, Some(Duration::from_secs(600))),
        false => Answer::Status(200, None),
    });
    for name in ["A", "B", "C"] {
        stage.product(name).await;
    }
    stage.work().await;
    assert_eq!(stage.bodies().len(), 3);
    stage.product("D").await;
    stage.advance(590);
    stage.work().await;
    assert_eq!(stage.bodies().len(), 3, "it has asked for ten minutes");
    stage.advance(20);
    stage.work().await;
    assert_eq!(stage.bodies().len(), 5);
}

#[tokio::test]
async fn check_09_gone_ends_a_receiver_and_enabling_it_sends_what_was_held() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    stage.receivers.behave(HOOK, |_| Answer::Status(410, None));
    stage.product("A").await;
    stage.work().await;
    let state = async || endpoints::find(&stage.ctx, stage.site, hook.id).await.unwrap().unwrap().state;
    assert_eq!(state().await, EndpointState::Gone);
    stage.product("B").await;
    stage.advance(1_000_000);
    stage.work().await;
    assert_eq!(stage.bodies().len(), 1, "nothing is sent any more");
    stage.receivers.behave(HOOK, |_| Answer::Status(200, None));
    endpoints::switch(&stage.ctx, stage.site, hook.id, endpoints::Switch::Enable).await.unwrap();
    stage.work().await;
    assert_eq!(stage.states(hook.id).await, [DeliveryState::Delivered; 2]);
}

#[tokio::test]
async fn what_was_taken_up_ahead_is_not_sent_into_a_pause_and_is_due_after_it() {
    let stage = Stage::new().await;
    let pace = Pace { concurrency: 1, ..Pace::default() };
    stage.endpoint("hook", EndpointSettings { pace, ..EndpointSettings::new(HOOK) }).await;
    stage.receivers.behave(HOOK, |got| match got.body.starts_with(b"3 ") {
        true => Answer::Status(429, Some(Duration::from_secs(5))),
        false => Answer::Status(200, None),
    });
    for name in ["A", "B", "C", "D", "E"] {
        stage.product(name).await;
    }
    stage.work().await;
    assert_eq!(stage.bodies().len(), 3, "the fourth had been taken up with the third");
    // Far less than the time for which it had been taken up.
    stage.advance(6);
    stage.work().await;
    assert!(stage.bodies().iter().any(|body| body.starts_with("4 ")), "it was given back");
}

#[tokio::test]
async fn the_rate_of_a_receiver_holds() {
    let stage = Stage::new().await;
    let pace = Pace { rate: Some(3), ..Pace::default() };
    stage.endpoint("hook", EndpointSettings { pace, ..EndpointSettings::new(HOOK) }).await;
    for number in 0..8 {
        stage.product(&format!("P{number}")).await;
    }
    let mut engine = stage.engine();
    let mut arrived = Vec::new();
    for _ in 0..4 {
        engine.look().await.unwrap();
        arrived.push(stage.bodies().len());
        engine.look().await.unwrap();
        stage.advance(1);
    }
    assert_eq!(arrived, [3, 6, 8, 8]);
}

#[tokio::test]
async fn changes_of_products_are_told_and_saving_without_a_change_is_not() {
    let stage = Stage::new().await;
    stage.product("Pump").await;
    stage.hook().await;
    let name = || ProductName::new("Pump").unwrap();
    for status in [ProductStatus::Disabled, ProductStatus::Disabled, ProductStatus::Active] {
        products::change(&stage.ctx, stage.site, name(), move |product| product.status = status).await.unwrap();
    }
    let code = || FeatureCode::new("PRO").unwrap();
    features::create(&stage.ctx, stage.site, name(), code(), "Pro".to_owned()).await.unwrap();
    for metadata in ["{}", "{}"] {
        let change = move |rules: &mut FeatureRules| rules.metadata = metadata.to_owned();
        features::change(&stage.ctx, stage.site, name(), code(), change).await.unwrap();
    }
    stage.work().await;
    let types: Vec<_> = stage.bodies().iter().map(|body| body.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(types, ["product.updated", "product.updated", "feature.created", "feature.updated"]);
}

#[tokio::test]
async fn an_event_is_queued_in_its_own_commit() {
    // PostgreSQL has no moment at which all that is committed next is known.
    if std::env::var("COUNTERSIGN_TEST_STORE").is_ok_and(|store| store == "postgres") {
        return;
    }
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    let work = async {
        stage.product("first").await;
        // Once it is delivered, the worker has nothing to do.
        while stage.states(hook.id).await != [DeliveryState::Delivered] {
            tokio::task::yield_now().await;
        }
        stage.product("second").await;
        let queued = stage.deliveries(hook.id).await;
        assert_eq!(queued.len(), 2, "it was committed and not queued");
        assert_eq!(queued.last().map(|one| one.claim), Some(1), "and taken up");
    };
    tokio::select! {
        biased;
        () = stage.engine().run(std::future::pending()) => {}
        () = work => {}
    }
}
