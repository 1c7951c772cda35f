//! Where the store of a test lives: a SQLite file, or a PostgreSQL database of its own.

use std::path::Path;
use std::sync::Arc;

use countersign_store::{Clock, Store};
use countersign_store_postgres::{PostgresStore, PrivateDatabase, test_cluster};
use countersign_store_sqlite::{SqliteStore, run_statements};

/// The place of one test's store. Several processes may open it.
pub(crate) enum StorePlace {
    /// A database on the test cluster, removed with this value.
    Postgres(PrivateDatabase),
    /// A file in the folder of the test.
    Sqlite,
}

impl StorePlace {
    /// A fresh place on the store that the environment names: `COUNTERSIGN_TEST_STORE=postgres`, or SQLite.
    pub(crate) async fn new() -> Self {
        match std::env::var("COUNTERSIGN_TEST_STORE").as_deref() {
            Ok("postgres") => Self::Postgres(PrivateDatabase::create(&test_cluster()).await.expect(SETS_UP)),
            Ok("sqlite" | "") | Err(_) => Self::Sqlite,
            Ok(other) => panic!("COUNTERSIGN_TEST_STORE is {other:?}; it may be sqlite or postgres"),
        }
    }

    /// Opens the store, as one more process. Its units of work take their time from the clock, on either store.
    pub(crate) async fn open(&self, folder: &Path, clock: Arc<dyn Clock>) -> Store {
        match self {
            Self::Postgres(database) => {
                Store::new(PostgresStore::open_with_clock(&database.connection(), clock).await.expect(SETS_UP))
            }
            Self::Sqlite => Store::new(SqliteStore::open(&folder.join(FILE), clock).expect(SETS_UP)),
        }
    }

    /// Runs statements beside the store.
    pub(crate) async fn run(&self, folder: &Path, statements: &str) {
        match self {
            Self::Postgres(database) => database.run(statements).await.expect(SETS_UP),
            Self::Sqlite => run_statements(&folder.join(FILE), statements).expect(SETS_UP),
        }
    }
}

const FILE: &str = "countersign.db";
const SETS_UP: &str = "the test's store can be set up";
