//! The conformance suite on PostgreSQL, and what only PostgreSQL promises.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its store has failed")]

use std::sync::Arc;
use std::task::{Context, Waker};

use countersign_domain::audit::{Actor, Channel};
use countersign_domain::event::Event;
use countersign_domain::ids::{DeviceId, EventId, SiteId};
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::EndpointName;
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{EndpointSettings, EndpointState, NewEndpoint};
use countersign_store::{Store, StoreError, Tx};
use countersign_store_postgres::{OpenError, PostgresStore, PrivateDatabase, test_cluster};

async fn open() -> (Store, PrivateDatabase) {
    let database = PrivateDatabase::create(&test_cluster()).await.unwrap();
    (open_on(&database).await, database)
}

async fn open_on(database: &PrivateDatabase) -> Store {
    Store::new(PostgresStore::open(&database.connection(), Timestamp::EPOCH).await.unwrap())
}

countersign_store::conformance_suite!(open);

async fn add_site(store: &Store, name: &str) -> Result<bool, StoreError> {
    let name = SiteName::new(name).unwrap();
    store
        .write(move |tx| {
            Box::pin(async move {
                Ok(tx.sites().insert(&name, &SiteSettings::default(), Timestamp::EPOCH).await?.is_some())
            })
        })
        .await
}

/// Waits for something in the middle of a unit, which a unit must never do; the rest of the process goes on.
fn meanwhile<T>(work: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work))
}

#[tokio::test]
async fn a_unit_that_awaits_something_else_is_rolled_back() {
    let (store, _database) = open().await;
    for first in [false, true] {
        let outcome: Result<(), StoreError> = store
            .write(move |tx| {
                Box::pin(async move {
                    if first {
                        tokio::task::yield_now().await;
                    }
                    let name = SiteName::new("ghost").unwrap();
                    tx.sites().insert(&name, &SiteSettings::default(), Timestamp::EPOCH).await?;
                    tokio::task::yield_now().await;
                    Ok(())
                })
            })
            .await;
        assert!(matches!(outcome, Err(StoreError::Suspended)), "{outcome:?}");
    }
    assert!(add_site(&store, "ghost").await.unwrap(), "a suspended unit was kept");
    store.close().await;
}

#[tokio::test]
async fn an_operation_that_is_not_awaited_to_its_end_spoils_the_unit() {
    let (store, _database) = open().await;
    let outcome: Result<(), StoreError> = store
        .write(|tx| {
            Box::pin(async move {
                let name = SiteName::new("ghost").unwrap();
                let settings = SiteSettings::default();
                let mut insert = tx.sites().insert(&name, &settings, Timestamp::EPOCH);
                let polled = insert.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert!(polled.is_pending());
                drop(insert);
                assert!(matches!(tx.sites().list().await, Err(StoreError::Poisoned)));
                Ok(())
            })
        })
        .await;
    assert!(matches!(outcome, Err(StoreError::Poisoned)), "{outcome:?}");
    assert!(add_site(&store, "ghost").await.unwrap(), "half an operation was kept");
    store.close().await;
}

#[tokio::test]
async fn several_processes_share_one_database() {
    let (first, database) = open().await;
    let second = open_on(&database).await;
    for number in 0..20 {
        let store = if number % 2 == 0 { &first } else { &second };
        assert!(add_site(store, &format!("site-{number}")).await.unwrap());
    }
    assert!(!add_site(&second, "site-0").await.unwrap(), "a name was given twice");
    let sites = first.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.sites().list().await })).await.unwrap();
    assert_eq!(sites.len(), 20);
    first.close().await;
    second.close().await;
}

/// Row ids are no order: this one was taken before the receiver was made, and is committed after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_hears_of_an_event_that_is_committed_after_it() {
    let (store, _database) = open().await;
    assert!(add_site(&store, "one").await.unwrap());
    let late = store.clone();
    let after = store
        .write(move |tx| {
            Box::pin(async move {
                let site = tx.sites().list().await?.first().unwrap().id;
                write_event(tx, site).await?;
                // An event goes to the server with the next statement: its row id is taken now.
                tx.now().await?;
                meanwhile(async {
                    let numbered = late.write::<_, StoreError, _>(move |tx| {
                        Box::pin(async move {
                            write_event(tx, site).await?;
                            Ok(tx.event_numbers().advance(9).await?.len())
                        })
                    });
                    assert_eq!(numbered.await?, 1, "the other one is not visible yet");
                    late.write::<_, StoreError, _>(move |tx| {
                        Box::pin(async move {
                            let new = NewEndpoint {
                                name: EndpointName::new("hook").unwrap(),
                                settings: EndpointSettings::new("https://hooks.example.com/"),
                                sealed_authorization: None,
                                state: EndpointState::Enabled,
                            };
                            tx.event_numbers().hold().await?;
                            tx.endpoints().insert(site, &new, Timestamp::EPOCH).await?;
                            Ok(tx.endpoints().list(site).await?[0].after_number)
                        })
                    })
                    .await
                })
            })
        })
        .await
        .unwrap();
    let advance = store.write::<_, StoreError, _>(|tx| Box::pin(async move { tx.event_numbers().advance(9).await }));
    let (_, row) = advance.await.unwrap().remove(0);
    let event = row.into_event().unwrap();
    assert_eq!((event.committed.id, event.sequence, after), (EventId(1), 2, 1));
    store.close().await;
}

async fn write_event(tx: &mut dyn Tx, site: SiteId) -> Result<(), StoreError> {
    let event = Event::DeviceChanged(DeviceId(1));
    tx.outbox().insert(site, event, &Actor::of(Channel::System), Timestamp::EPOCH).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_views_of_a_read_are_one() {
    let (store, _database) = open().await;
    let other = store.clone();
    let seen = store
        .read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let before = tx.sites().list().await?.len();
                // Another unit commits while this one runs.
                assert!(meanwhile(add_site(&other, "late")).unwrap());
                Ok((before, tx.sites().list().await?.len()))
            })
        })
        .await
        .unwrap();
    assert_eq!(seen, (0, 0), "a read saw a commit that came after its beginning");
    store.close().await;
}

#[tokio::test]
async fn a_connection_that_the_server_has_ended_is_replaced() {
    let (store, database) = open().await;
    assert!(add_site(&store, "before").await.unwrap());
    database.disconnect_all().await.unwrap();
    for number in 0..3 {
        assert!(add_site(&store, &format!("after-{number}")).await.unwrap());
    }
    store.close().await;
}

#[tokio::test]
async fn a_unit_whose_first_statement_finds_its_connection_ended_goes_on_with_another() {
    let (store, database) = open().await;
    for before in 0..3 {
        database.disconnect_all().await.unwrap();
        let unit = store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                // The transaction begins with a statement that reads; what is written is in the same one.
                let found = tx.sites().list().await?.len();
                let name = SiteName::new(format!("site-{before}")).unwrap();
                tx.sites().insert(&name, &SiteSettings::default(), Timestamp::EPOCH).await?;
                Ok(found)
            })
        });
        assert_eq!(unit.await.unwrap(), before);
        database.disconnect_all().await.unwrap();
        let listed = store.read::<_, StoreError, _>(|tx| Box::pin(async move { Ok(tx.sites().list().await?.len()) }));
        assert_eq!(listed.await.unwrap(), before + 1);
    }
    store.close().await;
}

#[tokio::test]
async fn a_unit_that_asks_for_nothing_needs_no_transaction() {
    let (store, database) = open().await;
    database.disconnect_all().await.unwrap();
    for wanted in [Ok(()), Err(StoreError::Busy)] {
        let refuses = wanted.is_err();
        let outcome = store.write(move |_| Box::pin(async move { wanted })).await;
        assert_eq!(outcome.is_err(), refuses, "{outcome:?}");
    }
    assert!(add_site(&store, "after").await.unwrap());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_inside_a_unit_fails_that_unit_alone() {
    let (store, database) = open().await;
    let database = Arc::new(database);
    let served = database.clone();
    let outcome: Result<(), StoreError> = store
        .write(move |tx| {
            Box::pin(async move {
                let name = SiteName::new("lost").unwrap();
                tx.sites().insert(&name, &SiteSettings::default(), Timestamp::EPOCH).await?;
                meanwhile(served.disconnect_all()).unwrap();
                tx.sites().list().await.map(|_| ())
            })
        })
        .await;
    assert!(matches!(outcome, Err(StoreError::Backend(_))), "{outcome:?}");
    assert!(add_site(&store, "lost").await.unwrap(), "a lost unit was kept");
    store.close().await;
}

#[tokio::test]
async fn faults_of_opening_do_not_repeat_the_connection_string() {
    let refused = PostgresStore::open("host=localhost pass word=secret", Timestamp::EPOCH).await.err().unwrap();
    assert!(matches!(refused, OpenError::ConnectionString));
    let missing = "host=/nowhere user=someone password=secret connect_timeout=1";
    let refused = PostgresStore::open(missing, Timestamp::EPOCH).await.err().unwrap();
    assert!(matches!(refused, OpenError::Database(_)));
    assert!(!format!("{refused:?}").contains("secret"), "{refused:?}");
}
