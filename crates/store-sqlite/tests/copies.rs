//! Copies of a database that is in use, and the look for damage.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its store has failed")]

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::time::Timestamp;
use countersign_store::{CheckDepth, Clock, Copied, Store, StoreError};
use countersign_store_sqlite::{SqliteCopy, SqliteStore};
use tempfile::tempdir;

/// Bytes of a page of the database.
const PAGE: u64 = 2048;

struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_772_366_400)
    }
}

fn open(path: &Path) -> Store {
    Store::new(SqliteStore::open(path, Arc::new(StillClock)).unwrap())
}

fn open_copy(path: &Path) -> Store {
    Store::new(SqliteCopy::open(path, Arc::new(StillClock)).unwrap())
}

async fn add_site(store: &Store, name: String) -> Result<(), StoreError> {
    let name = SiteName::new(name).unwrap();
    store
        .write(move |tx| {
            Box::pin(async move {
                tx.sites().insert(&name, &SiteSettings::default(), Timestamp::EPOCH).await?.unwrap();
                Ok(())
            })
        })
        .await
}

async fn sites(store: &Store) -> usize {
    let sites = store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.sites().list().await }));
    sites.await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_whole_while_others_write() {
    let folder = tempdir().unwrap();
    let (store, copied) = (open(&folder.path().join("a.db")), folder.path().join("copy.db"));
    add_site(&store, "before".to_owned()).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writing = {
        let (store, stop) = (store.clone(), stop.clone());
        #[expect(clippy::disallowed_methods, reason = "a test joins its task itself")]
        tokio::spawn(async move {
            let mut written = 0;
            while !stop.load(Ordering::SeqCst) {
                add_site(&store, format!("site-{written}")).await.unwrap();
                written += 1;
            }
            written
        })
    };
    assert_eq!(store.copy_to(copied.clone()).await.unwrap(), Copied::IntoFile);
    stop.store(true, Ordering::SeqCst);
    let written: usize = writing.await.unwrap();

    assert_eq!(fs::metadata(&copied).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = fs::read(&copied).unwrap();
    let copy = open_copy(&copied);
    assert!((1..=written + 1).contains(&sites(&copy).await));
    assert_eq!(copy.check(CheckDepth::Full).await.unwrap(), Vec::<String>::new());
    assert!(add_site(&copy, "late".to_owned()).await.is_err(), "a copy was written to");
    copy.close().await;
    assert_eq!(fs::read(&copied).unwrap(), bytes, "reading has changed the copy");
    let beside: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!beside.iter().any(|name| name.to_str().unwrap().starts_with("copy.db-")), "{beside:?}");
    // A file that is there is not replaced.
    assert!(store.copy_to(copied.clone()).await.is_err());
    assert_eq!(fs::read(&copied).unwrap(), bytes);
    store.close().await;
}

#[tokio::test]
async fn damage_is_found() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = open(&path);
    for number in 0..400 {
        add_site(&store, format!("site-{number}")).await.unwrap();
    }
    assert_eq!(store.check(CheckDepth::Quick).await.unwrap(), Vec::<String>::new());
    store.close().await;
    let pages = fs::metadata(&path).unwrap().len() / PAGE;
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    // The first pages hold the schema, which opening reads.
    for page in pages / 2..pages {
        file.write_all_at(&[0xff; 64], page * PAGE).unwrap();
    }
    // Opening may notice it as well: it looks at the migrations.
    let Ok(copy) = SqliteCopy::open(&path, Arc::new(StillClock)) else { return };
    let found = Store::new(copy).check(CheckDepth::Quick).await;
    assert!(found.is_err() || found.is_ok_and(|lines| !lines.is_empty()), "overwritten pages were not noticed");
}

#[test]
fn what_is_missing_is_said_without_applying_it() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.db");
    let state = SqliteStore::migrations(&path).unwrap();
    assert_eq!((state.applied, state.missing[0]), (0, "0001_first"));
    assert!(!path.exists());
    drop(SqliteStore::open(&path, Arc::new(StillClock)).unwrap());
    let after = SqliteStore::migrations(&path).unwrap();
    assert_eq!((after.applied, after.missing.len()), (state.missing.len(), 0));
}
