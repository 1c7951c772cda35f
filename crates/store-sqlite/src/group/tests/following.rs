//! Whoever goes on with what others have written, in their commit.

use std::sync::Mutex;

use countersign_domain::audit::{Actor, Channel};
use countersign_domain::event::Event;
use countersign_store::Ended;

use super::*;

/// A unit that writes an event, and says whether it wants to be committed.
fn event(bench: &Bench, keep: bool) -> Waiting {
    let site = bench.site;
    bench.add(Box::new(move |tx| {
        Box::pin(async move {
            let actor = Actor { channel: Channel::ProducerDoor, name: "ada".to_owned() };
            tx.outbox().insert(site, Event::ProductCreated(ProductId(1)), &actor, NOW).await.unwrap();
            keep
        })
    }))
}

type Heard = Arc<Mutex<Vec<bool>>>;

/// Somebody whose units write products with numbers, and who hears how they ended.
fn follow(bench: &Bench, keep: bool) -> Heard {
    let (site, heard, count) = (bench.site, Heard::default(), AtomicUsize::new(0));
    let hears = heard.clone();
    bench.following.set(Some(Box::new(move || {
        let name = ProductName::new(format!("follower {}", count.fetch_add(1, Ordering::Relaxed))).unwrap();
        let unit: ErasedUnit = Box::new(move |tx| {
            Box::pin(async move {
                tx.products().insert(site, &name, NOW).await.unwrap();
                keep
            })
        });
        let hears = hears.clone();
        Some((
            unit,
            Box::new(move |outcome: Result<(), StoreError>| hears.lock().unwrap().push(outcome.is_ok())) as Ended,
        ))
    })));
    heard
}

#[test]
fn its_unit_is_committed_with_events_and_after_all_others() {
    let mut bench = Bench::new();
    let heard = follow(&bench, true);
    for number in 0..2 {
        let (told, other) = (event(&bench, true), bench.product(&format!("other {number}"), true));
        bench.run();
        assert!([told, other].into_iter().all(|answer| answered(answer).is_ok()));
    }
    assert_eq!(bench.products(), ["follower 0", "follower 1", "other 0", "other 1"]);
    assert_eq!(*heard.lock().unwrap(), [true, true]);
    let counts = bench.commits.counts();
    assert_eq!((counts.units, counts.sizes.iter().sum::<u64>()), (6, 2));
}

#[test]
fn it_is_not_asked_where_no_event_is_committed() {
    let mut bench = Bench::new();
    let heard = follow(&bench, true);
    bench.product("other", true);
    event(&bench, false);
    bench.run();
    event(&bench, false);
    bench.run();
    bench.following.set(None);
    event(&bench, true);
    bench.run();
    assert_eq!((bench.products(), heard.lock().unwrap().len()), (vec!["other".to_owned()], 0));
}

#[test]
fn what_it_refuses_is_undone_without_the_others() {
    let mut bench = Bench::new();
    let heard = follow(&bench, false);
    let told = event(&bench, true);
    bench.run();
    assert!(answered(told).is_ok());
    let events: i64 = bench.connection.query_row("select count(*) from outbox", [], |row| row.get(0)).unwrap();
    assert_eq!((events, bench.products().len(), heard.lock().unwrap().len()), (1, 0, 1));
}

#[test]
fn whatever_becomes_of_it_the_others_are_answered() {
    let mut bench = Bench::new();
    bench.following.set(Some(Box::new(|| panic!("when it is asked"))));
    let first = event(&bench, true);
    bench.run();
    bench.following.set(Some(Box::new(|| {
        let unit: ErasedUnit = Box::new(|_| Box::pin(async { panic!("in its unit") }));
        let ended: Ended = Box::new(|_| -> () { panic!("when it is told") });
        Some((unit, ended))
    })));
    let second = event(&bench, true);
    bench.run();
    assert!([first, second].into_iter().all(|answer| answered(answer).is_ok()));
    let events: i64 = bench.connection.query_row("select count(*) from outbox", [], |row| row.get(0)).unwrap();
    assert_eq!(events, 2);
}
