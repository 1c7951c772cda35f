//! Receivers that are down, slow, or answer nonsense: others are not delayed, and nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign_app::webhooks::{endpoints, log};
use countersign_domain::webhook::{AttemptOutcome, DeliveryState, EndpointSettings, EndpointState};
use countersign_testkit::Answer;

use crate::support::{HOOK, Stage};

#[tokio::test]
async fn after_three_days_of_outage_everything_arrives_in_order() {
    let stage = Stage::new().await;
    let down = stage.hook().await;
    let fine = "https://fine.example.com/";
    let up = stage.endpoint("fine", EndpointSettings::new(fine)).await;
    stage.receivers.behave(HOOK, |_| Answer::Unreachable);
    let devices = [stage.device("one").await, stage.device("two").await];
    let mut made = 2;
    // Three days, an event of each device every two hours.
    for _ in 0..36 {
        for device in &devices {
            stage.touch(device).await;
            made += 1;
        }
        stage.work().await;
        assert_eq!(stage.receivers.received_at(fine).len(), made, "the other receiver has everything at once");
        stage.advance(7200);
    }
    assert_eq!(stage.bodies().len(), 0);
    stage.receivers.behave(HOOK, |_| Answer::Status(200, None));
    for _ in 0..30 {
        stage.work().await;
        stage.advance(3600);
    }
    assert_eq!(stage.states(down.id).await, vec![DeliveryState::Delivered; made]);
    assert_eq!(stage.states(up.id).await, vec![DeliveryState::Delivered; made]);
    for device in ["DEVICE:1", "DEVICE:2"] {
        let of_device = |url| -> Vec<i64> {
            let received = stage.receivers.received_at(url).into_iter();
            let received = received.filter(|one| one.header("x-event-entity") == Some(device));
            received.map(|one| one.header("x-event-sequence").unwrap().parse().unwrap()).collect()
        };
        let arrived = of_device(HOOK);
        assert!(arrived.is_sorted(), "{device}: {arrived:?}");
        assert_eq!(arrived, of_device(fine));
    }
}

#[tokio::test]
async fn a_receiver_that_fails_for_five_days_is_given_up_and_its_events_are_held() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    stage.receivers.behave(HOOK, |_| Answer::Status(500, None));
    for day in 0..7 {
        stage.product(&format!("P{day}")).await;
        for _ in 0..24 {
            stage.work().await;
            stage.advance(3600);
        }
    }
    let found = endpoints::find(&stage.ctx, stage.site, hook.id).await.unwrap().unwrap();
    assert_eq!(found.state, EndpointState::Failed);
    let before = stage.bodies().len();
    stage.product("later").await;
    stage.work().await;
    assert_eq!(stage.bodies().len(), before);
    assert_eq!(stage.states(hook.id).await.last(), Some(&DeliveryState::Queued));
}

#[tokio::test]
async fn a_receiver_that_never_answers_holds_up_nobody_and_takes_few_places() {
    let stage = Stage::new().await;
    let fine = "https://fine.example.com/";
    stage.hook().await;
    stage.endpoint("fine", EndpointSettings::new(fine)).await;
    stage.receivers.behave(HOOK, |_| Answer::Never);
    for number in 0..300 {
        stage.product(&format!("P{number}")).await;
    }
    let mut engine = stage.engine();
    let receivers = stage.receivers.clone();
    let everything = async {
        while receivers.received_at(fine).len() < 300 {
            tokio::task::yield_now().await;
        }
    };
    let working = async {
        let _ = tokio::time::timeout(Duration::from_secs(60), engine.run_until_idle()).await;
    };
    tokio::select! {
        () = everything => {}
        () = working => {}
    }
    assert_eq!(stage.receivers.received_at(fine).len(), 300);
    assert_eq!(stage.receivers.received_at(HOOK).len(), 8, "no more than the receiver takes at a time");
}

#[tokio::test]
async fn failures_of_our_own_are_tried_less_and_less_and_listed_once() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    let tried = Arc::new(AtomicUsize::new(0));
    let count = tried.clone();
    stage.receivers.behave(HOOK, move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Answer::Ours
    });
    stage.product("Pump").await;
    for _ in 0..24 * 60 {
        stage.work().await;
        stage.advance(60);
    }
    let tried = tried.load(Ordering::SeqCst);
    assert!((90..=110).contains(&tried), "{tried} times in a day");
    stage.receivers.behave(HOOK, |_| Answer::Status(200, None));
    stage.advance(15 * 60);
    stage.work().await;
    let delivery = stage.deliveries(hook.id).await.remove(0);
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Delivered, 1));
    let (_, attempts) = log::find_delivery(&stage.ctx, stage.site, delivery.id).await.unwrap().unwrap();
    let outcomes: Vec<_> = attempts.iter().map(|one| (one.made.outcome, one.made.error.as_str())).collect();
    assert_eq!(outcomes, [(AttemptOutcome::Answered, ""), (AttemptOutcome::Ours, "the proxy is down")]);
}

#[tokio::test]
async fn a_sender_that_panics_is_followed_by_another() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    stage.receivers.behave(HOOK, |_| panic!("the test wants it"));
    stage.product("A").await;
    let mut engine = stage.engine();
    engine.look().await.unwrap();
    stage.receivers.behave(HOOK, |_| Answer::Status(200, None));
    stage.product("B").await;
    // What the first one had is taken over when its time has passed.
    stage.advance(60);
    engine.run_until_idle().await.unwrap();
    assert_eq!(stage.states(hook.id).await, [DeliveryState::Delivered; 2]);
}

#[tokio::test]
async fn a_flapping_receiver_gets_everything() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    let count = Arc::new(AtomicUsize::new(0));
    stage.receivers.behave(HOOK, move |_| match count.fetch_add(1, Ordering::SeqCst) % 8 {
        0 => Answer::Status(500, None),
        2 => Answer::TimesOut,
        4 => Answer::Status(503, Some(Duration::from_secs(3))),
        6 => Answer::Unreachable,
        _ => Answer::Status(200, None),
    });
    for number in 0..20 {
        stage.product(&format!("P{number}")).await;
    }
    for _ in 0..600 {
        stage.work().await;
        stage.advance(600);
    }
    let states = stage.states(hook.id).await;
    assert_eq!(states, [DeliveryState::Delivered; 20]);
}
