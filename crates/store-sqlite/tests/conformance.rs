//! The conformance suite on SQLite, and what only SQLite promises.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its store has failed")]

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use countersign_domain::device::{DeviceClass, DeviceIdentity, Language};
use countersign_domain::report::StatusReport;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::UpdateId;
use countersign_domain::time::Timestamp;
use countersign_store::repositories::{NewDevice, NewStatusReport};
use countersign_store::{Clock, Store, StoreError};
use countersign_store_sqlite::SqliteStore;
use tempfile::TempDir;

/// A bad clock: it goes forward, and every third time that somebody looks it shows an hour less.
#[derive(Default)]
struct WaveringClock(AtomicI64);

impl Clock for WaveringClock {
    fn now(&self) -> Timestamp {
        let looks = self.0.fetch_add(1, Ordering::SeqCst);
        let time = Timestamp::from_seconds(1_772_366_400 + looks);
        if looks % 3 == 2 { time.minus(Duration::from_secs(3600)) } else { time }
    }
}

async fn open() -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (open_in(&folder), folder)
}

fn open_in(folder: &TempDir) -> Store {
    Store::new(SqliteStore::open(&folder.path().join("countersign.db"), Arc::<WaveringClock>::default()).unwrap())
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

#[tokio::test]
async fn a_unit_that_awaits_something_else_is_rolled_back() {
    let (store, _folder) = open().await;
    let outcome: Result<(), StoreError> = store
        .write(|tx| {
            Box::pin(async move {
                let name = SiteName::new("ghost").unwrap();
                tx.sites().insert(&name, &SiteSettings::default(), Timestamp::EPOCH).await?;
                tokio::task::yield_now().await;
                Ok(())
            })
        })
        .await;
    assert!(matches!(outcome, Err(StoreError::Suspended)), "{outcome:?}");
    assert!(add_site(&store, "ghost").await.unwrap(), "a suspended unit was kept");
    store.close().await;
}

#[tokio::test]
async fn a_report_of_a_known_device_does_not_repeat_who_it_is() {
    let (store, folder) = open().await;
    assert!(add_site(&store, "one").await.unwrap());
    store
        .write::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let site = tx.sites().list().await?.first().unwrap().id;
                let identity = DeviceIdentity {
                    id: "host".to_owned(),
                    id_type: "STRING".to_owned(),
                    publisher_name: "acme".to_owned(),
                };
                let device = NewDevice {
                    identity: identity.clone(),
                    identity_name: String::new(),
                    class: DeviceClass::Client,
                    customer: None,
                };
                let device = tx.devices().insert(site, &device, Timestamp::EPOCH).await?;
                let report = StatusReport {
                    class: DeviceClass::Client,
                    identity: Some(identity),
                    update: UpdateId::new("U-1").unwrap(),
                    update_name: String::new(),
                    package: String::new(),
                    platform: String::new(),
                    language: Language(0),
                    code: 4,
                    reason: String::new(),
                    reported_at: None,
                };
                for device in [device, None] {
                    let report = NewStatusReport { device, report: report.clone(), fold: None };
                    tx.status_reports().insert(site, &report, Timestamp::EPOCH).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
    let file = rusqlite::Connection::open(folder.path().join("countersign.db")).unwrap();
    let hosts: Vec<Option<String>> = file
        .prepare("select host_id from status_reports order by id")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(hosts, [None, Some("host".to_owned())]);
    store.close().await;
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening_without_a_clean_close() {
    let (store, folder) = open().await;
    assert!(add_site(&store, "kept").await.unwrap());
    // The second store opens the same file while the first still holds it, as another process would after a crash.
    let second = open_in(&folder);
    assert!(!add_site(&second, "kept").await.unwrap(), "an acknowledged write was lost");
    store.close().await;
    second.close().await;
}

#[tokio::test]
async fn two_processes_share_one_file() {
    let (first, folder) = open().await;
    let second = open_in(&folder);
    for number in 0..20 {
        let store = if number % 2 == 0 { &first } else { &second };
        assert!(add_site(store, &format!("site-{number}")).await.unwrap());
    }
    let sites = first.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.sites().list().await })).await.unwrap();
    assert_eq!(sites.len(), 20);
    first.close().await;
    second.close().await;
}

#[test]
fn two_processes_open_a_fresh_file_at_once() {
    for round in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("countersign.db");
        let start = Barrier::new(2);
        let open = || {
            start.wait();
            SqliteStore::open(&path, Arc::<WaveringClock>::default())
        };
        let opened = std::thread::scope(|scope| {
            let threads = [scope.spawn(open), scope.spawn(open)];
            threads.map(|thread| thread.join().unwrap())
        });
        for store in opened {
            assert!(store.is_ok(), "round {round}: {:?}", store.err());
        }
    }
}
