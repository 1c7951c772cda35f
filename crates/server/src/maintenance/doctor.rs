//! Looking for what is wrong with an installation, and saying what to do about it. Nothing is changed.

mod findings;
mod host;
mod sites;
mod storages;
mod store;

pub use findings::{Finding, Level};
pub(super) use host::answering_server;

use std::sync::Arc;

use countersign_app::installation;
use countersign_blobs::LocalBlobs;
use countersign_crypto::SystemRng;
use countersign_store::Store;
use countersign_vault::{MasterKey, Vault};

use self::findings::Findings;
use super::{FILES, migration_state};
use crate::clock::SystemClock;
use crate::node::open_store;
use crate::{Config, Node};

/// How a look is made.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Reads all stored bytes and all of the database.
    pub is_deep: bool,
    /// With less room than this on the disk of the data directory, in MiB, there is a warning.
    pub room: u64,
}

/// Looks at configuration, host, store, files, keys and sites.
///
/// What cannot be looked at because something else is broken is left out: the finding about that says so first.
pub async fn doctor(config: &Config, look: Look) -> Vec<Finding> {
    let mut findings = Findings::default();
    host::configuration(config, &mut findings);
    if !host::data_directory(config, &mut findings) {
        return findings.into_sorted();
    }
    host::disk_space(config, look.room, &mut findings);
    host::running_server(config, &mut findings);
    if let Some((store, vault)) = unlock(config, &mut findings).await {
        look_inside(config, &store, vault, look.is_deep, &mut findings).await;
        store.close().await;
    }
    findings.into_sorted()
}

/// Opens the store, if that changes nothing and its master key is there.
async fn unlock(config: &Config, findings: &mut Findings) -> Option<(Store, Vault)> {
    match migration_state(config).await {
        Err(error) => {
            let todo = "make the store readable, or restore a backup: countersign restore";
            findings.error("store", format!("the store cannot be read: {error:#}"), todo);
            return None;
        }
        Ok(state) if !state.missing.is_empty() => {
            let what = format!("the store lacks migrations: {}", state.missing.join(", "));
            findings.error("store", what, "make a backup, then: countersign migrate");
            return None;
        }
        Ok(_) => {}
    }
    let vault = match MasterKey::load(&config.master_key) {
        Ok(key) => Vault::new(&key),
        Err(error) => {
            let todo = "put the key where the configuration says, see: countersign config check";
            findings.error("master-key", format!("there is no master key: {error}"), todo);
            return None;
        }
    };
    let store = match open_store(config, Arc::new(SystemClock)).await {
        Ok(store) => store,
        Err(error) => {
            findings.error("store", format!("the store cannot be opened: {error:#}"), "see the cause");
            return None;
        }
    };
    let fault = match installation::fits(&store, &vault).await {
        Ok(Some(true)) => return Some((store, vault)),
        Ok(Some(false)) => "the master key is not the one of this store".to_owned(),
        Ok(None) => "the store was never used".to_owned(),
        Err(error) => format!("the store cannot be read: {error}"),
    };
    findings.error("master-key", fault, "put the right key in place, or restore store and key together");
    store.close().await;
    None
}

async fn look_inside(config: &Config, store: &Store, vault: Vault, deep: bool, findings: &mut Findings) {
    store::database(store, deep, findings).await;
    store::clock(store, &SystemClock, findings).await;
    let files = config.data.join(FILES);
    match LocalBlobs::open_existing(&files, Arc::new(SystemRng)).await {
        // Before the node is opened, which removes old uploads.
        Ok(blobs) => store::files(store, &blobs, deep, &SystemClock, findings).await,
        Err(error) => {
            let what = format!("{} cannot be opened: {error}", files.display());
            findings.error("files", what, "put the directory back from a backup");
            return;
        }
    }
    match Node::assemble(config, store.clone(), vault, Arc::new(SystemClock)).await {
        Ok(node) => {
            sites::sites(config, node.ctx(), findings).await;
            storages::storages(node.ctx(), deep, findings).await;
        }
        Err(error) => findings.error("sites", format!("the sites cannot be loaded: {error:#}"), "see the cause"),
    }
}
