//! One process on an installation: store, file storage and vault, opened and wired together.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use countersign_app::{Clock, Ctx, Parts, installation};
use countersign_blobs::LocalBlobs;
use countersign_crypto::{Rng, SystemRng};
use countersign_store::Store;
use countersign_store_postgres::PostgresStore;
use countersign_store_sqlite::SqliteStore;
use countersign_vault::{MasterKey, MasterKeySource, SigningPool, Vault};

use crate::clock::SystemClock;
use crate::config::Config;
use crate::provider_http::Providers;
use crate::webhooks;

/// An opened installation. Several processes may have the same one open: a server, and commands beside it.
pub struct Node {
    ctx: Ctx,
}

impl Node {
    /// Opens the installation of a configuration, creating it when its directory is empty.
    ///
    /// # Errors
    /// What cannot be opened, and why.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        Self::with_base_url(config, config.base_url_for(config.listen)).await
    }

    pub(crate) async fn with_base_url(config: &Config, base_url: String) -> anyhow::Result<Self> {
        let rng: Arc<dyn Rng> = Arc::new(SystemRng);
        let clock = Arc::new(SystemClock);
        create_private_directory(&config.data)?;
        let store = open_store(config, clock.clone()).await?;
        let master_key = master_key(config, &store, &*rng).await?;
        Self::assemble_at(config, store, Vault::new(&master_key), clock, base_url).await
    }

    /// A node over a store that was opened elsewhere, with the file storage of the configuration.
    pub(crate) async fn assemble(
        config: &Config,
        store: Store,
        vault: Vault,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        Self::assemble_at(config, store, vault, clock, config.base_url_for(config.listen)).await
    }

    async fn assemble_at(
        config: &Config,
        store: Store,
        vault: Vault,
        clock: Arc<dyn Clock>,
        base_url: String,
    ) -> anyhow::Result<Self> {
        let rng: Arc<dyn Rng> = Arc::new(SystemRng);
        let digests = installation::unlock(&store, &vault, &*rng).await?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the age of left-over files is compared with the file system's clock"
        )]
        let now = std::time::SystemTime::now();
        let files = config.data.join("files");
        let blobs = LocalBlobs::open(&files, rng.clone(), now)
            .await
            .with_context(|| format!("cannot open {}", files.display()))?;
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let parts = Parts {
            store,
            blobs: Arc::new(blobs),
            storages: config.data.join("storages"),
            vault: Arc::new(vault),
            digests,
            signing: SigningPool::start(threads).context("cannot start the signing threads")?,
            clock,
            rng,
            base_url,
            default_site: config.default_site.clone(),
            memos: true,
        };
        // One for everything that leaves to addresses that others have named.
        let sender = webhooks::sender(&config.webhooks).context("cannot set up TLS")?;
        let webhooks = webhooks::ports(&config.webhooks, parts.store.clone(), sender.clone());
        let ctx = Ctx::new(parts).await?;
        ctx.connect_webhooks(webhooks);
        if let Some(name) = &config.events_token_name {
            ctx.name_tokens(name.clone());
        }
        ctx.limit_uploads(config.max_upload_bytes);
        ctx.ask_providers_by(Arc::new(Providers::new(sender)));
        Ok(Self { ctx })
    }

    /// The context of use cases.
    #[must_use]
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// Finishes what was begun and closes the store.
    pub async fn close(self) {
        self.ctx.close().await;
    }
}

/// The store of a configuration: the PostgreSQL database that it names, or the embedded store in the data directory.
pub(crate) async fn open_store(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Store> {
    if let Some(database) = &config.database {
        // The string may hold a password, so it is not repeated.
        let store = PostgresStore::open(database.expose(), clock.now()).await;
        let store = store.context("cannot open the PostgreSQL store")?;
        return Ok(Store::new(store));
    }
    let path = config.data.join("countersign.db");
    let store = SqliteStore::open(&path, clock).with_context(|| format!("cannot open the store {}", path.display()))?;
    Ok(Store::new(store))
}

/// The master key. Only for a store that was never used, and only beside it, a missing key is made: for any other store a
/// new key would be the wrong one.
async fn master_key(config: &Config, store: &Store, rng: &dyn Rng) -> anyhow::Result<MasterKey> {
    if let MasterKeySource::File(path) = &config.master_key
        && !path.exists()
    {
        if !installation::is_new(store).await? {
            bail!(
                "the master key file {} is missing, and the store cannot be opened without it; put the key back, or name its \
                 place with master_key_file or COUNTERSIGN_MASTER_KEY",
                path.display()
            );
        }
        return match MasterKey::create_file(path, rng) {
            Ok(key) => {
                tracing::info!(path = %path.display(), "a master key was created; keep a copy of it apart from backups of the store");
                Ok(key)
            }
            // Another process was first.
            Err(_) if path.exists() => Ok(MasterKey::load(&config.master_key)?),
            Err(error) => Err(error.into()),
        };
    }
    Ok(MasterKey::load(&config.master_key)?)
}

pub(crate) fn create_private_directory(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).with_context(|| format!("cannot create the directory {}", path.display()))
}
