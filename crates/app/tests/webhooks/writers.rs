//! Many writers whose units take differently long: a reader that goes on behind the last number misses nothing.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign_app::webhooks::log::{self, LogFilter};
use countersign_domain::audit::{Actor, Channel};
use countersign_domain::event::Event;
use countersign_domain::ids::DeviceId;
use countersign_store::StoreError;
use countersign_store::repositories::Page;

use crate::support::Stage;

const WRITERS: i64 = 64;
const EACH: i64 = 10;

/// On PostgreSQL rows become visible in another order than their ids; a unit that holds one back by other operations
/// after its event commits late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_misses_nothing_of_64_writers() {
    let stage = Arc::new(Stage::new().await);
    let done = Arc::new(AtomicBool::new(false));
    let mut reading = tokio::task::JoinSet::new();
    {
        let (stage, done) = (stage.clone(), done.clone());
        reading.spawn(async move {
            let mut engine = stage.engine();
            let (mut after, mut seen) = (0, Vec::new());
            loop {
                let last_turn = done.load(Ordering::SeqCst);
                engine.run_until_idle().await.unwrap();
                let filter = LogFilter::default();
                let part = log::list(&stage.ctx, stage.site, after, 1000, filter, Duration::ZERO).await.unwrap();
                after = part.next;
                seen.extend(part.events.into_iter().map(|event| (event.sequence, event.event)));
                if last_turn && after == part.last {
                    return seen;
                }
            }
        });
    }
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (store, site) = (stage.world.store.clone(), stage.site);
        writers.spawn(async move {
            for number in 0..EACH {
                let delay = (writer * 31 + number * 17) % 23;
                let unit = store.write::<_, StoreError, _>(move |tx| {
                    Box::pin(async move {
                        let event = Event::DeviceChanged(DeviceId(writer * 1000 + number));
                        tx.outbox().insert(site, event, &Actor::of(Channel::System), tx_now()).await?;
                        for _ in 0..delay {
                            tx.outbox().list(site, Page::first(1)).await?;
                        }
                        Ok(())
                    })
                });
                unit.await.unwrap();
            }
        });
    }
    while let Some(outcome) = writers.join_next().await {
        outcome.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    let seen = reading.join_next().await.unwrap().unwrap();
    let expected = usize::try_from(WRITERS * EACH).unwrap();
    assert_eq!(seen.len(), expected);
    assert_eq!(seen.iter().map(|(_, event)| *event).collect::<HashSet<_>>().len(), expected, "each one once");
    let numbers: Vec<_> = seen.iter().map(|(sequence, _)| *sequence).collect();
    assert_eq!(numbers, (1..=WRITERS * EACH).collect::<Vec<_>>(), "without gaps, in order");
}

fn tx_now() -> countersign_domain::time::Timestamp {
    countersign_domain::time::Timestamp::EPOCH
}
