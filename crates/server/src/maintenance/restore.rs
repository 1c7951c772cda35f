//! An installation from a backup: in an empty data directory, and in a new epoch.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail, ensure};
use countersign_app::installation::{self, EpochBegun};
use countersign_app::scrub::{self, Depth};
use countersign_app::{Clock, backup};
use countersign_blobs::LocalBlobs;
use countersign_crypto::SystemRng;
use countersign_domain::audit::{Actor, Channel};
use countersign_domain::time::Timestamp;
use countersign_store::Store;
use countersign_store_sqlite::{SqliteCopy, SqliteStore};
use countersign_vault::{MasterKey, MasterKeySource, Vault};

use super::digest::{digest, sync_parent};
use super::{DATABASE, FILES, Manifest, Progress, Stage};
use crate::clock::SystemClock;
use crate::node::create_private_directory;
use crate::{Config, Node};

/// Folder in the data directory in which the store is prepared. A store that is not ready never has its final name, so that
/// no server begins to work on it.
const PREPARING: &str = "restoring";

/// What a restore did.
pub struct Restored {
    /// The backup.
    pub manifest: Manifest,
    /// When the new epoch began: what happened between the backup and this is missing.
    pub restored_at: Timestamp,
    /// What the new epoch changed.
    pub begun: EpochBegun,
    /// Whether the master key was written into the data directory.
    pub key_written: bool,
}

/// Begins a new epoch in a store that was put back by other means, such as `pg_restore`.
///
/// # Errors
/// When the store cannot be opened or written; nothing was changed then.
pub async fn begin_epoch(config: &Config) -> Result<EpochBegun> {
    let node = Node::open(config).await?;
    let ctx = node.ctx().acting_as(Actor::of(Channel::CommandLine));
    let begun = installation::begin_epoch(&ctx).await;
    node.close().await;
    Ok(begun?)
}

/// Puts a backup into a data directory that is not there yet, or empty but for the master key, and begins a new epoch.
/// `key_file` holds the master key; without it, the key is where the configuration says.
///
/// # Errors
/// What is wrong with backup, key or directory. Nothing was written before all of the backup was read and found whole.
pub async fn restore(
    config: &Config,
    folder: &Path,
    key_file: Option<&Path>,
    progress: &dyn Progress,
) -> Result<Restored> {
    ensure!(
        config.database.is_none(),
        "a backup is restored into an embedded store, and the configuration names a PostgreSQL database"
    );
    let manifest = Manifest::read(folder)?;
    ensure_empty(config)?;
    let key = match key_file {
        Some(path) => MasterKey::load(&MasterKeySource::File(path.to_owned())),
        None => MasterKey::load(&config.master_key),
    };
    let key = key.context(
        "a restore needs the master key, which is in no backup; name its file with --master-key-file, or see the setting \
         master_key_file",
    )?;
    let vault = Vault::new(&key);

    let (size, sha256) = digest(folder.join(DATABASE)).await?;
    ensure!(
        (size, &sha256) == (manifest.database.size, &manifest.database.sha256),
        "the backup is damaged: {DATABASE} is not what {} says",
        folder.join("manifest.json").display()
    );
    let copy = SqliteCopy::open(&folder.join(DATABASE), Arc::new(SystemClock));
    let copy = Store::new(copy.context("the store of the backup cannot be read")?);
    let outcome = restore_from(&copy, &vault, folder, config, progress).await;
    copy.close().await;
    outcome?;

    let prepared = prepare_store(config, vault, folder).await;
    let begun = prepared.inspect_err(|_| clear(&config.data))?;
    let key_written = write_key(config, &key, key_file)?;
    Ok(Restored { manifest, restored_at: SystemClock.now(), begun, key_written })
}

/// Verifies key and files of the backup, and copies the files.
async fn restore_from(
    copy: &Store,
    vault: &Vault,
    folder: &Path,
    config: &Config,
    progress: &dyn Progress,
) -> Result<()> {
    match installation::fits(copy, vault).await? {
        Some(true) => {}
        Some(false) => bail!("the master key is not the one of this backup; nothing was written"),
        None => bail!("the store of the backup was never used"),
    }
    let rng = Arc::new(SystemRng);
    let from = LocalBlobs::open_existing(folder.join(FILES), rng.clone()).await?;
    let (_, bytes) = scrub::total(copy).await?;
    progress.begin(Stage::Verifying, bytes);
    let examined = scrub::examine(copy, &from, Depth::Digests, &|bytes| progress.advance(bytes)).await?;
    if let Some(damaged) = examined.damaged.first() {
        bail!(
            "the backup is damaged: {} of {} files are not what they were, the first of them file {} of site {} \
             (object {}); nothing was written",
            examined.damaged.len(),
            examined.files,
            damaged.file.id,
            damaged.site,
            damaged.file.object_key
        );
    }
    create_private_directory(&config.data)?;
    let to = LocalBlobs::open(config.data.join(FILES), rng, UNIX_EPOCH).await?;
    progress.begin(Stage::Copying, bytes);
    let copied = backup::copy_files(copy, &from, &to, &|bytes| progress.advance(bytes)).await;
    copied.inspect_err(|_| clear(&config.data))?;
    Ok(())
}

/// Copies the store, begins its new epoch, and gives it its name.
async fn prepare_store(config: &Config, vault: Vault, folder: &Path) -> Result<EpochBegun> {
    let preparing = config.data.join(PREPARING);
    DirBuilder::new().mode(0o700).create(&preparing).context("the data directory cannot be written")?;
    let (from, path) = (folder.join(DATABASE), preparing.join(DATABASE));
    let copy = SqliteCopy::open(&from, Arc::new(SystemClock)).context("the store of the backup cannot be read")?;
    let copy = Store::new(copy);
    let copied = copy.copy_to(path.clone()).await;
    copy.close().await;
    copied.context("the store cannot be copied")?;

    let clock = Arc::new(SystemClock);
    let store = Store::new(SqliteStore::open(&path, clock.clone()).context("the copied store cannot be opened")?);
    let node = Node::assemble(config, store, vault, clock).await?;
    let ctx = node.ctx().acting_as(Actor::of(Channel::CommandLine));
    let begun = installation::begin_epoch(&ctx).await;
    node.close().await;
    let begun = begun?;

    let place = config.data.join(DATABASE);
    fs::rename(&path, &place).context("the store cannot be given its name")?;
    fs::remove_dir_all(&preparing).context("the data directory cannot be tidied up")?;
    sync_parent(&place).context("the name of the store is not on the disk")?;
    Ok(begun)
}

/// A data directory may hold the master key already, and nothing else.
fn ensure_empty(config: &Config) -> Result<()> {
    let Ok(entries) = fs::read_dir(&config.data) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let is_key = matches!(&config.master_key, MasterKeySource::File(key) if *key == path);
        ensure!(
            is_key,
            "{} is not empty; a backup is restored into a directory of its own, named with --data",
            config.data.display()
        );
    }
    Ok(())
}

/// Puts the key where the server will look for it, when it was named on the command line and nothing else is configured.
fn write_key(config: &Config, key: &MasterKey, key_file: Option<&Path>) -> Result<bool> {
    match &config.master_key {
        MasterKeySource::File(place) if key_file.is_some() && !place.exists() && place.starts_with(&config.data) => {
            key.write_file(place, &SystemRng)?;
            Ok(true)
        }
        MasterKeySource::Command(_) | MasterKeySource::File(_) | MasterKeySource::Text(_) => Ok(false),
    }
}

/// Takes away what a restore that failed has written. What cannot be removed is in the way of the next one, which says so.
fn clear(data: &Path) {
    for name in [PREPARING, FILES] {
        let _ = fs::remove_dir_all(data.join(name));
    }
}
