//! A private installation: a store, a file storage and a vault of its own, gone when the test ends.

use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use countersign_app::{Ctx, Parts, installation};
use countersign_blobs::LocalBlobs;
use countersign_crypto::Secret;
use countersign_domain::site::SiteName;
use countersign_store::Store;
use countersign_vault::{MasterKey, MasterKeySource, SigningPool, Vault};
use tempfile::TempDir;

use crate::place::StorePlace;
use crate::{SeededRng, TestClock};

/// What a test can choose about its installation.
#[derive(Clone, Debug)]
pub struct WorldOptions {
    /// Base URL of sites that have none of their own.
    pub base_url: String,
    /// Name of the site for requests that name none.
    pub default_site: Option<String>,
    /// Whether anything is remembered; see `Parts::memos`.
    pub memos: bool,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self { base_url: "http://server.test".to_owned(), default_site: Some("demo".to_owned()), memos: memos() }
    }
}

/// An installation for one test.
pub struct World {
    /// Context of its use cases.
    pub ctx: Ctx,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Its store, for tests that put something there which no use case would.
    pub store: Store,
    place: StorePlace,
    folder: TempDir,
    options: WorldOptions,
}

impl World {
    /// A fresh installation with the usual options.
    pub async fn new() -> Self {
        Self::with(WorldOptions::default()).await
    }

    /// Another process on the same installation that remembers nothing.
    pub async fn forgetful_process(&self) -> Ctx {
        let store = self.place.open(self.folder.path(), self.clock.clone()).await;
        let options = WorldOptions { memos: false, ..self.options.clone() };
        open(store, self.folder.path(), self.clock.clone(), &options, 3).await
    }

    /// A fresh installation, on SQLite unless the environment says `COUNTERSIGN_TEST_STORE=postgres`.
    ///
    /// # Panics
    /// When it cannot be set up.
    pub async fn with(options: WorldOptions) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let clock = Arc::new(TestClock::default());
        let place = StorePlace::new().await;
        let store = place.open(folder.path(), clock.clone()).await;
        let ctx = open(store.clone(), folder.path(), clock.clone(), &options, 1).await;
        Self { ctx, clock, store, place, folder, options }
    }

    /// Another process on the same installation, as the command line beside a running server.
    pub async fn second_process(&self) -> Ctx {
        let store = self.place.open(self.folder.path(), self.clock.clone()).await;
        open(store, self.folder.path(), self.clock.clone(), &self.options, 2).await
    }

    /// Its store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Runs SQL statements beside its store, for rows that no store would write.
    ///
    /// # Panics
    /// When the database refuses them.
    pub async fn run_statements(&self, statements: &str) {
        self.place.run(self.folder.path(), statements).await;
    }

    /// The folder that holds everything.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

async fn open(store: Store, folder: &Path, clock: Arc<TestClock>, options: &WorldOptions, seed: u64) -> Ctx {
    const SETS_UP: &str = "the test's installation can be set up";
    let rng = Arc::new(SeededRng::new(seed));
    let blobs = LocalBlobs::open(folder.join("files"), rng.clone(), UNIX_EPOCH).await.expect(SETS_UP);
    let master_key = MasterKey::load(&MasterKeySource::Text(Secret::new("5c".repeat(32)))).expect(SETS_UP);
    let vault = Vault::new(&master_key);
    let digests = installation::unlock(&store, &vault, &*rng).await.expect(SETS_UP);
    let parts = Parts {
        store,
        blobs: Arc::new(blobs),
        storages: folder.join("storages"),
        vault: Arc::new(vault),
        digests,
        signing: SigningPool::start(1).expect(SETS_UP),
        clock,
        rng,
        base_url: options.base_url.clone(),
        default_site: options.default_site.as_deref().map(|name| SiteName::new(name).expect(SETS_UP)),
        memos: options.memos,
    };
    Ctx::new(parts).await.expect(SETS_UP)
}

/// Whether installations remember anything: all tests hold as well with `COUNTERSIGN_TEST_MEMOS=off`.
fn memos() -> bool {
    match std::env::var("COUNTERSIGN_TEST_MEMOS").as_deref() {
        Ok("off") => false,
        Ok("on" | "") | Err(_) => true,
        Ok(other) => panic!("COUNTERSIGN_TEST_MEMOS is {other:?}; it may be on or off"),
    }
}
