//! Time of units: the database's, or a test's in its place.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its store has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use countersign_domain::ids::SiteId;
use countersign_domain::time::Timestamp;
use countersign_store::{Clock, Store, StoreError};
use countersign_store_postgres::{PostgresStore, PrivateDatabase, test_cluster};

/// Shows what a test has set, in seconds since 1970.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

async fn written(store: &Store) -> Timestamp {
    store.write::<_, StoreError, _>(|tx| Box::pin(async move { tx.now().await })).await.unwrap()
}

async fn read(store: &Store) -> Timestamp {
    store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.now().await })).await.unwrap()
}

#[tokio::test]
async fn time_grows_with_the_clock_and_stands_still_while_it_is_behind() {
    let database = PrivateDatabase::create(&test_cluster()).await.unwrap();
    let clock = Arc::new(SetClock(AtomicI64::new(100)));
    let store = Store::new(PostgresStore::open_with_clock(&database.connection(), clock.clone()).await.unwrap());
    for (shown, told) in [(100, 100), (102, 102), (50, 102), (0, 102), (103, 103)] {
        clock.0.store(shown, Ordering::SeqCst);
        assert_eq!(written(&store).await, Timestamp::from_seconds(told), "a write at {shown}");
        assert_eq!(read(&store).await, Timestamp::from_seconds(told), "a read at {shown}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_unit_that_has_failed_is_told_no_time() {
    let database = PrivateDatabase::create(&test_cluster()).await.unwrap();
    let connection = database.connection();
    let clock = Arc::new(SetClock(AtomicI64::new(100)));
    for store in [
        PostgresStore::open(&connection, Timestamp::EPOCH).await.unwrap(),
        PostgresStore::open_with_clock(&connection, clock).await.unwrap(),
    ] {
        let store = Store::new(store);
        let told: Result<Timestamp, StoreError> = store
            .write(|tx| {
                Box::pin(async move {
                    let failed = tx.authorization_keys().insert(SiteId(1), &[], Timestamp::EPOCH).await;
                    assert!(matches!(failed, Err(StoreError::Backend(_))), "{failed:?}");
                    tx.now().await
                })
            })
            .await;
        assert!(matches!(told, Err(StoreError::Poisoned)), "{told:?}");
        store.close().await;
    }
}

#[tokio::test]
async fn nodes_share_the_time_of_the_database() {
    let database = PrivateDatabase::create(&test_cluster()).await.unwrap();
    let connection = database.connection();
    let nodes = [
        Store::new(PostgresStore::open(&connection, Timestamp::EPOCH).await.unwrap()),
        Store::new(PostgresStore::open(&connection, Timestamp::from_seconds(9_000_000_000)).await.unwrap()),
    ];
    let mut before = Timestamp::EPOCH;
    for _ in 0..10 {
        for node in &nodes {
            for now in [written(node).await, read(node).await] {
                assert!(before <= now, "{before} {now}");
                before = now;
            }
        }
    }
    assert!(before.to_string().starts_with("20"), "{before} is no time of this century");
    for node in nodes {
        node.close().await;
    }
}
