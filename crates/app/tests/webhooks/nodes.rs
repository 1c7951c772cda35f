//! Two processes on one store share the work; when one ends, the other takes over what it had.

use countersign_app::webhooks::Engine;
use countersign_domain::webhook::DeliveryState;
use countersign_testkit::{Answer, Receivers};

use crate::support::{HOOK, Stage};

#[tokio::test]
async fn two_nodes_send_each_event_once() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    let second = stage.world.second_process().await;
    let mut other = Engine::new(second.clone(), stage.receivers.ports());
    let mut this = stage.engine();
    for number in 0..60 {
        stage.product(&format!("P{number}")).await;
        if number % 7 == 0 {
            let (one, two) = tokio::join!(this.run_until_idle(), other.run_until_idle());
            one.unwrap();
            two.unwrap();
        }
    }
    let (one, two) = tokio::join!(this.run_until_idle(), other.run_until_idle());
    one.unwrap();
    two.unwrap();
    assert_eq!(stage.states(hook.id).await, [DeliveryState::Delivered; 60]);
    let mut numbers: Vec<_> = stage
        .receivers
        .received()
        .iter()
        .map(|one| one.header("x-event-sequence").unwrap().parse::<i64>().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=60).collect::<Vec<_>>());
    second.close().await;
}

#[tokio::test]
async fn what_an_ended_node_had_is_taken_over_when_its_time_has_passed() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    stage.product("Pump").await;
    let silent = Receivers::default();
    silent.behave(HOOK, |_| Answer::Never);
    let second = stage.world.second_process().await;
    let mut other = Engine::new(second.clone(), silent.ports());
    tokio::select! {
        ended = other.run_until_idle() => ended.unwrap(),
        () = async {
            while silent.received().is_empty() {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    assert_eq!(silent.received().len(), 1);
    drop(other);
    second.close().await;

    stage.advance(19);
    stage.work().await;
    assert!(stage.receivers.received().is_empty(), "the other one may still have it");
    stage.advance(1);
    stage.work().await;
    assert_eq!(stage.receivers.received()[0].message_id, silent.received()[0].message_id);
    assert_eq!(stage.receivers.received()[0].body, silent.received()[0].body);
    assert_eq!(stage.states(hook.id).await, [DeliveryState::Delivered]);
}
