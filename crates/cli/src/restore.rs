//! `countersign restore`: an installation from a backup, in a new epoch.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use countersign_app::installation::{EpochBegun, RevokedToken};
use countersign_server::maintenance::{self, Restored};
use countersign_server::{Config, Overrides, init_logging};
use serde_json::{Value, json};

use crate::options::Options;
use crate::stages::Stages;

/// Put a backup into a new data directory and begin a new epoch, in which what was given out before is refused.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign restore /var/backups/countersign/2026-03-01 --data /var/lib/countersign --master-key-file master.key
  countersign restore --new-epoch

The data directory must be new, or empty but for master.key. The master key is in no backup: name its file, or configure it \
as for the server. All of the backup is read and compared with its digests before anything is written.

A restored store is as old as its backup. So it begins a new epoch: access tokens are revoked, polling IDs and download URLs \
from before are refused, and row IDs jump, so that none is given out twice. Devices accept the restored server: \
authorization keys and signing keys stay. What was revoked, withdrawn, registered or activated after the backup is not known \
any more; the report says which time to look at.

--new-epoch begins a new epoch in a store that was put back by other means, such as pg_restore.")]
pub(crate) struct Restore {
    /// Folder with the backup.
    #[arg(required_unless_present = "new_epoch", conflicts_with = "new_epoch")]
    backup: Option<PathBuf>,
    /// File with the master key; it is copied into the data directory unless the key is configured elsewhere.
    #[arg(long, value_name = "FILE", conflicts_with = "new_epoch")]
    master_key_file: Option<PathBuf>,
    /// Restore nothing, and begin a new epoch in the store that is there.
    #[arg(long)]
    new_epoch: bool,
}

impl Restore {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let config = options.configuration(Overrides::default())?;
        init_logging(config.log, "warn");
        match &self.backup {
            Some(folder) => from_backup(options, &config, folder, self.master_key_file.as_deref()).await,
            None => new_epoch(options, &config).await,
        }
    }
}

async fn from_backup(options: &Options, config: &Config, folder: &Path, key: Option<&Path>) -> Result<()> {
    let stages = Stages::new(options.output());
    let outcome = maintenance::restore(config, folder, key, &stages).await;
    stages.finish();
    let Restored { manifest, restored_at, begun, key_written } =
        outcome.with_context(|| format!("{} was not restored", folder.display()))?;
    let document = json!({
        "data": config.data,
        "backup": folder,
        "missing_from": manifest.taken_at,
        "missing_to": restored_at.to_string(),
        "files": manifest.files.count,
        "sites": manifest.sites,
        "epoch": begun.epoch,
        "revoked_access_tokens": tokens(&begun),
        "master_key_written": key_written,
    });
    options.output().result(&document, || {
        let copied = if key_written { " The master key was copied into it." } else { "" };
        format!(
            "Restored {} sites and {} files into {}.{copied}\n{}\n\
             What happened between {} and {restored_at} is missing. Look again at what was done in that time:\n\
             - revoked keys, withdrawn updates, changed licenses: they are in force as they were at the backup;\n\
             - activations, registrations and reports of devices: they are not known, and devices will not repeat all of them;\n\
             - access tokens, passwords and settings that were made or changed.",
            manifest.sites.len(),
            manifest.files.count,
            config.data.display(),
            epoch_text(&begun),
            manifest.taken_at,
        )
    });
    Ok(())
}

async fn new_epoch(options: &Options, config: &Config) -> Result<()> {
    options.ensure_there(config)?;
    let begun = maintenance::begin_epoch(config).await?;
    let document = json!({ "epoch": begun.epoch, "revoked_access_tokens": tokens(&begun) });
    options.output().result(&document, || epoch_text(&begun));
    Ok(())
}

fn epoch_text(begun: &EpochBegun) -> String {
    let mut text = format!(
        "Epoch {} has begun: polling IDs and download URLs from before are refused, and row IDs have jumped.\n",
        begun.epoch
    );
    if begun.revoked.is_empty() {
        text.push_str("There was no access token to revoke.");
        return text;
    }
    text.push_str("These access tokens are revoked; issue new ones with: countersign access-token create USER");
    for token in &begun.revoked {
        let RevokedToken { site, username, id, created_at } = token;
        text.push_str(&format!("\n- {id} of {username}, site {site}, made {created_at}"));
    }
    text
}

fn tokens(begun: &EpochBegun) -> Vec<Value> {
    let token = |token: &RevokedToken| {
        json!({
            "site": token.site.as_str(),
            "username": token.username.as_str(),
            "id": token.id.0,
            "created_at": token.created_at.to_string(),
        })
    };
    begun.revoked.iter().map(token).collect()
}
