//! A process that ends at any point between the commit of an event and the record of its delivery loses nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign_app::webhooks::{Engine, Formats, WebhookPorts};
use countersign_domain::webhook::{Checkpoint, DeliveryState, EndpointSettings, EventFacts};
use countersign_testkit::Answer;
use tokio::sync::Notify;

use crate::support::{HOOK, Stage};

/// At which points processes are ended, and how often; the soak does more.
fn rounds() -> usize {
    std::env::var("COUNTERSIGN_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

/// How a process ends.
#[derive(Clone, Copy, Debug)]
enum End {
    BeforeItTells,
    BeforeItSends,
    WhileItSends,
    BeforeItRecords,
}

#[tokio::test]
async fn check_11_every_event_arrives_wherever_the_process_ends() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    let device = stage.device("one").await;
    let mut expected = 1;
    let ends = [End::BeforeItTells, End::BeforeItSends, End::WhileItSends, End::BeforeItRecords];
    for (round, end) in (0..rounds()).zip(ends.into_iter().cycle()) {
        stage.touch(&device).await;
        stage.product(&format!("P{round}")).await;
        expected += 2;
        interrupt(&stage, end).await;
        // The next process: what the last one had taken up is left to it for a while, and then taken over.
        stage.receivers.behave(HOOK, |_| Answer::Status(200, None));
        // Twice, because a unit that the ended process had begun may only now take something up.
        for _ in 0..2 {
            stage.advance(46);
            stage.work().await;
        }
        let states = stage.states(hook.id).await;
        assert_eq!(states.len(), expected, "round {round}, {end:?}");
        assert!(states.iter().all(|state| *state == DeliveryState::Delivered), "round {round}, {end:?}: {states:?}");
    }
    let received = stage.receivers.received_at(HOOK);
    for number in 1..=expected {
        let of_number: Vec<_> =
            received.iter().filter(|one| one.header("x-event-sequence") == Some(&number.to_string())).collect();
        assert!(!of_number.is_empty(), "event {number} never arrived");
        let first = of_number[0];
        assert!(
            of_number.iter().all(|one| one.body == first.body && one.message_id == first.message_id),
            "a repeated delivery can be told by its id"
        );
    }
}

/// Runs a worker and ends it at a point.
async fn interrupt(stage: &Stage, end: End) {
    let reached = Arc::new(AtomicUsize::new(0));
    match end {
        End::BeforeItTells => return,
        // What is taken up is dropped before, or while, the receiver has it; its answer, if there is one, is lost.
        End::BeforeItSends => stage.receivers.behave(HOOK, |_| Answer::Unreachable),
        End::WhileItSends | End::BeforeItRecords => {
            let reached = reached.clone();
            stage.receivers.behave(HOOK, move |_| {
                reached.fetch_add(1, Ordering::SeqCst);
                Answer::Never
            });
        }
    }
    let mut engine: Engine = stage.engine();
    match end {
        End::BeforeItTells => {}
        End::BeforeItSends => {
            // Dropped at an await that is hardly ever the same.
            let _ = tokio::time::timeout(Duration::from_micros(300), engine.run_until_idle()).await;
        }
        End::WhileItSends | End::BeforeItRecords => {
            let working = engine.run_until_idle();
            tokio::pin!(working);
            for _ in 0..100_000 {
                if reached.load(Ordering::SeqCst) > 0 {
                    break;
                }
                let _ = tokio::time::timeout(Duration::from_micros(100), &mut working).await;
            }
            assert!(reached.load(Ordering::SeqCst) > 0, "nothing was sent");
        }
    }
}

/// Tells when an event is rendered, which is in the unit that queues it.
struct Watched {
    formats: Arc<dyn Formats>,
    rendered: Arc<Notify>,
}

impl Formats for Watched {
    fn render(&self, facts: &EventFacts, settings: &EndpointSettings) -> Vec<u8> {
        self.rendered.notify_one();
        self.formats.render(facts, settings)
    }

    fn checkpoint(&self, checkpoint: &Checkpoint, settings: &EndpointSettings) -> Vec<u8> {
        self.formats.checkpoint(checkpoint, settings)
    }

    fn sample(&self, event_type: &str, settings: &EndpointSettings) -> Option<Vec<u8>> {
        self.formats.sample(event_type, settings)
    }
}

#[tokio::test]
async fn what_is_taken_up_while_the_process_stops_is_due_at_the_next_start() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    stage.product("one").await;
    let ports = stage.receivers.ports();
    let rendered = Arc::new(Notify::new());
    let formats = Arc::new(Watched { formats: ports.formats.clone(), rendered: rendered.clone() });
    Engine::new(stage.world.ctx.clone(), WebhookPorts { formats, ..ports }).run(rendered.notified()).await;
    let queued = stage.deliveries(hook.id).await;
    assert_eq!(queued.iter().map(|one| (one.state, one.attempts)).collect::<Vec<_>>(), [(DeliveryState::Queued, 0)]);
    assert!(stage.bodies().is_empty());
    stage.work().await;
    assert_eq!(stage.bodies().len(), 1, "it waits until others may take it up: {queued:?}");
}

#[tokio::test]
async fn a_process_that_stops_takes_nothing_up_again() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    for number in 0..60 {
        stage.product(&format!("P{number}")).await;
    }
    let (arrivals, enough) = (AtomicUsize::new(0), Arc::new(Notify::new()));
    let stop = enough.clone();
    stage.receivers.behave(HOOK, move |_| {
        if arrivals.fetch_add(1, Ordering::SeqCst) == 20 {
            enough.notify_one();
        }
        Answer::Status(204, None)
    });
    stage.engine().run(stop.notified()).await;
    let left = stage.deliveries(hook.id).await;
    assert!(left.iter().any(|one| one.state == DeliveryState::Queued), "it has stopped before it was through");
    let most = left.iter().map(|one| one.claim).max();
    assert!(most <= Some(2), "what was given back was taken up again, {most:?} times");
    stage.work().await;
    assert_eq!(stage.bodies().len(), 60, "each was sent once, and none waits for others");
}
