//! Time on a store without a clock of its own: the machine's, which never runs backward.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its store has failed")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use countersign_domain::ids::{DeviceId, LicenseId};
use countersign_domain::licensing::SeatPool;
use countersign_domain::time::Timestamp;
use countersign_store::{Clock, Store, StoreError};
use countersign_store_sqlite::SqliteStore;

/// Shows what a test has set, in seconds since 1970.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

/// One process on a file.
struct Process {
    clock: Arc<SetClock>,
    store: Store,
}

impl Process {
    /// Begins with a clock that shows so many seconds.
    fn start(path: &Path, seconds: i64) -> Self {
        let clock = Arc::new(SetClock(AtomicI64::new(seconds)));
        let store = Store::new(SqliteStore::open(path, clock.clone()).unwrap());
        Self { clock, store }
    }

    /// What a unit is told that writes, in seconds, when the clock shows so many.
    async fn written(&self, seconds: i64) -> i64 {
        self.clock.0.store(seconds, Ordering::SeqCst);
        let told = self.store.write::<_, StoreError, _>(|tx| Box::pin(async move { tx.now().await })).await;
        told.unwrap().as_seconds()
    }

    /// What a unit is told that reads.
    async fn read(&self, seconds: i64) -> i64 {
        self.clock.0.store(seconds, Ordering::SeqCst);
        let told = self.store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.now().await })).await;
        told.unwrap().as_seconds()
    }
}

#[tokio::test]
async fn time_grows_with_the_clock_and_stands_still_while_it_is_behind() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&folder.path().join("a.db"), 100);
    assert_eq!(process.written(100).await, 100);
    assert_eq!(process.read(101).await, 101);
    assert_eq!(process.written(102).await, 102);
    for behind in [50, 0, 101] {
        assert_eq!(process.written(behind).await, 102, "a write at {behind}");
        assert_eq!(process.read(behind).await, 102, "a read at {behind}");
    }
    assert_eq!(process.read(103).await, 103);
    // Whichever thread gave the time out: no later unit of this process is told an earlier one.
    for _ in 0..4 {
        assert_eq!(process.read(99).await, 103);
    }
    assert_eq!(process.written(99).await, 103);
    assert_eq!(process.written(104).await, 104);
    process.store.close().await;
}

#[tokio::test]
async fn a_start_with_a_clock_that_was_set_back_goes_on_where_the_last_one_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let process = Process::start(&path, 100);
    assert_eq!(process.written(100).await, 100);
    assert_eq!(process.read(200).await, 200);
    process.store.close().await;
    let process = Process::start(&path, 10);
    assert_eq!(process.read(10).await, 100, "a read leaves no mark, a write does");
    assert_eq!(process.written(10).await, 100);
    assert_eq!(process.written(101).await, 101);
    process.store.close().await;
}

#[tokio::test]
async fn what_one_process_has_committed_holds_for_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (ahead, behind) = (Process::start(&path, 300), Process::start(&path, 100));
    assert_eq!(behind.written(100).await, 100);
    assert_eq!(ahead.written(300).await, 300);
    assert_eq!(behind.read(100).await, 300);
    assert_eq!(behind.written(100).await, 300);
    assert_eq!(behind.written(400).await, 400);
    assert_eq!(ahead.written(300).await, 400);
    ahead.store.close().await;
    behind.store.close().await;
}

#[tokio::test]
async fn a_unit_that_is_rolled_back_leaves_time_where_it_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let process = Process::start(&path, 100);
    let told: Result<(), StoreError> = process
        .store
        .write(|tx| {
            Box::pin(async move {
                tx.now().await?;
                Err(StoreError::Busy)
            })
        })
        .await;
    assert!(matches!(told, Err(StoreError::Busy)), "{told:?}");
    assert_eq!(process.written(1).await, 100);
    process.store.close().await;
}

#[tokio::test]
async fn a_jump_forward_is_remembered_by_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let process = Process::start(&path, 1000);
    let jump = async |store: &Store| {
        let told = store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.clock_jump().await })).await.unwrap();
        told.map(|jump| (jump.before.as_seconds(), jump.after.as_seconds()))
    };
    process.written(1000).await;
    process.written(1299).await;
    assert_eq!(jump(&process.store).await, None, "five minutes are no jump");
    process.written(5000).await;
    assert_eq!(jump(&process.store).await, Some((1299, 5000)));
    // A clock that was set back and then right again: for units the time has not moved.
    process.written(100).await;
    process.written(5001).await;
    assert_eq!(jump(&process.store).await, Some((1299, 5000)));
    process.read(9000).await;
    assert_eq!(jump(&process.store).await, Some((5001, 9000)));
    process.written(9000).await;
    process.store.close().await;
    let process = Process::start(&path, 9100);
    assert_eq!(jump(&process.store).await, Some((5001, 9000)));
    process.store.close().await;
}

#[tokio::test]
async fn seats_that_were_taken_in_a_wrong_time_end_as_they_would_have() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&folder.path().join("a.db"), 1000);
    let at = Timestamp::from_seconds;
    let pool = SeatPool::of(LicenseId(1));
    // What seats refer to is of no matter here, and not there.
    let file = rusqlite::Connection::open(folder.path().join("a.db")).unwrap();
    file.execute_batch(
        "pragma foreign_keys = off;
        insert into seats (license, feature, device, taken_at, seen_at, ends_at, borrowed_until) values
        (1, 0, 1, 900000, 950000, 2750000, null), (1, 0, 2, 900000, 9000000000, 9001800000, null),
        (1, 0, 3, 9000000000, 9000000000, 9007200000, 9007200000);",
    )
    .unwrap();
    process.written(9_000_000).await;
    process.clock.0.store(1000, Ordering::SeqCst);
    let lowered = process.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            tx.installation().lower_time().await?;
            assert_eq!(tx.clock_jump().await?, None);
            let mut seats = Vec::new();
            for device in 1..=3 {
                let seat = tx.seats().find(pool, DeviceId(device)).await?.expect("is there");
                seats.push((seat.taken_at, seat.seen_at, seat.ends_at, seat.borrowed_until));
            }
            Ok(seats)
        })
    });
    let expected = [
        (at(900), at(950), at(2750), None),
        (at(900), at(1000), at(2800), None),
        (at(1000), at(1000), at(8200), Some(at(8200))),
    ];
    assert_eq!(lowered.await.unwrap(), expected);
    process.store.close().await;
}

#[tokio::test]
async fn units_that_were_counted_in_a_wrong_time_count_for_the_period_that_is_now() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&folder.path().join("a.db"), 1000);
    let file = rusqlite::Connection::open(folder.path().join("a.db")).unwrap();
    file.execute_batch(
        "pragma foreign_keys = off;
        insert into licenses (id, site, license_key, \"order\", customer, product, status, created_at, first_activated_at,
            units, units_since) values
        (1, 1, 'A', 1, 1, 1, 'enabled', 0, 900000, 3, 950000), (2, 1, 'B', 1, 1, 1, 'enabled', 0, 900000, 3, 9000000000),
        (3, 1, 'C', 1, 1, 1, 'enabled', 0, 9000000000, 0, null);
        insert into license_features (license, feature, units, units_since) values (1, 1, 3, 950000), (1, 2, 3, 9000000000);",
    )
    .unwrap();
    process.written(9_000_000).await;
    process.clock.0.store(1000, Ordering::SeqCst);
    let lowered = process
        .store
        .write::<_, StoreError, _>(|tx| Box::pin(async move { tx.installation().lower_time().await.map(drop) }));
    lowered.await.unwrap();
    let times = |sql: &str| {
        let mut statement = file.prepare(sql).unwrap();
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
        statement.query_map([], read).unwrap().map(Result::unwrap).collect::<Vec<_>>()
    };
    let (right, now) = (Some(900_000), Some(1_000_000));
    assert_eq!(
        times("select first_activated_at, units_since from licenses order by id"),
        [(right, Some(950_000)), (right, now), (now, None)]
    );
    assert_eq!(
        times("select units, units_since from license_features order by feature"),
        [(Some(3), Some(950_000)), (Some(3), now)]
    );
    process.store.close().await;
}
