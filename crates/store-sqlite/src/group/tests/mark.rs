//! The high-water mark of time, which a group writes at most once.

use super::*;
use crate::time::FIND_MARK;

/// A unit that asks for the time, at the hour that its clock then shows, and says whether it wants to be committed.
fn asking(bench: &Bench, hour: i64, keep: bool) -> Waiting {
    let clock = bench.clock.clone();
    bench.add(Box::new(move |tx| {
        Box::pin(async move {
            clock.set(3600 * hour);
            tx.now().await.unwrap();
            keep
        })
    }))
}

fn mark(bench: &Bench) -> i64 {
    let millis: i64 = bench.connection.query_row(FIND_MARK, [], |row| row.get(0)).unwrap();
    millis / 3_600_000
}

#[test]
fn the_mark_is_written_once_for_a_group_and_only_when_it_rises() {
    let mut bench = Bench::new();
    // Hours at which the units ask and whether they commit, the mark afterwards, and how often it was written.
    for (units, expected, writes) in [
        (&[(5, true), (7, true), (6, true)][..], 7, 1),
        (&[(7, true), (3, true)], 7, 0),
        (&[(8, true), (9, false)], 9, 1),
        (&[], 9, 0),
    ] {
        let before = bench.connection.total_changes();
        let mut answers: Vec<_> = units.iter().map(|&(hour, keep)| asking(&bench, hour, keep)).collect();
        answers.push(bench.add(Box::new(|_| Box::pin(async { true }))));
        bench.run();
        assert!(answers.into_iter().all(|answer| answered(answer).is_ok()));
        let written = bench.connection.total_changes() - before;
        assert_eq!((mark(&bench), written), (expected, writes), "{units:?}");
    }
}

#[test]
fn a_mark_of_another_process_is_seen_and_never_lowered() {
    let mut bench = Bench::new();
    bench.connection.execute("update high_water set time = 20 * 3600000", []).unwrap();
    let told = bench.add(Box::new(|tx| {
        Box::pin(async move {
            assert_eq!(tx.now().await.unwrap(), Timestamp::from_seconds(20 * 3600));
            true
        })
    }));
    let early = asking(&bench, 10, true);
    bench.run();
    assert!(answered(told).is_ok() && answered(early).is_ok());
    assert_eq!(mark(&bench), 20);
}

#[test]
fn a_mark_that_cannot_be_written_loses_the_group_and_not_the_next_one() {
    let mut bench = Bench::new();
    bench
        .connection
        .execute_batch("create trigger full before update on high_water begin select raise(abort, 'no mark'); end")
        .unwrap();
    let (kept, refused) = (bench.product("lost", true), bench.product("refused", false));
    let asked = asking(&bench, 5, true);
    bench.run();
    for answer in [kept, refused, asked] {
        assert!(text(answered(answer)).contains("no mark"));
    }
    assert!(bench.products().is_empty());
    bench.connection.execute_batch("drop trigger full").unwrap();
    let (next, asked) = (bench.product("next", true), asking(&bench, 5, true));
    bench.run();
    assert!(answered(next).is_ok() && answered(asked).is_ok());
    assert_eq!((bench.products(), mark(&bench)), (vec!["next".to_owned()], 5));
}
