//! `countersign backup`: a consistent copy of an installation, beside a running server or without one.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use countersign_server::maintenance;
use countersign_server::{Overrides, init_logging};
use serde_json::json;

use crate::options::Options;
use crate::stages::Stages;

/// Copy store and files into a folder, while the server runs, and verify the copy.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign backup /var/backups/countersign/2026-03-01

The folder must be new or empty. In it are afterwards: the store as it was at one moment (countersign.db), the files that \
it names (files/), and manifest.json with versions, counts and digests, written last: a folder without it is no backup.

The bytes of storages are NOT in a backup: copy their directories after it, and see your service for buckets.

The master key is NOT in a backup, and without it a backup cannot be restored. Keep a copy of it somewhere else.")]
pub(crate) struct Backup {
    /// New folder for the backup.
    folder: PathBuf,
}

impl Backup {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let config = options.configuration(Overrides::default())?;
        init_logging(config.log, "warn");
        options.ensure_there(&config)?;
        let stages = Stages::new(options.output());
        let outcome = maintenance::backup(&config, &self.folder, &stages).await;
        stages.finish();
        let manifest = outcome?.manifest;
        let mut document = serde_json::to_value(&manifest)?;
        document["folder"] = json!(self.folder);
        let sentence = format!(
            "Backed up {} sites and {} files ({} bytes) as of {} into {}, and verified it.\n\
             The bytes of storages are not in it: copy the directory `storages` of the data directory as well.\n\
             The master key is not in it. Keep a copy of the key elsewhere: without it nothing can be restored.",
            manifest.sites.len(),
            manifest.files.count,
            manifest.files.bytes,
            manifest.taken_at,
            self.folder.display()
        );
        options.output().done(&document, &sentence);
        Ok(())
    }
}
