//! `countersign key rotate-master` and `rotate-secrets`: keys that only the server itself uses.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use countersign_app::keys::{self, RotatedSecrets};
use countersign_domain::keys::SIGNING_KEY_LEAD;
use countersign_server::maintenance;
use serde_json::json;

use crate::options::Options;

/// The file of the new master key.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign key rotate-master --new-key-file new-master.key
  mv new-master.key countersign-data/master.key     # after keeping the old one for old backups
  systemctl restart countersign                     # or however the server is run

All private keys and secrets in the store are sealed anew in one step: after a crash the store belongs wholly to the old key \
or wholly to the new one. The configured key file is not touched: put the new key in its place, and start every server again. \
Servers that run with the old key notice: /readyz fails at once, and after five seconds they answer nothing.

Keep the old key for as long as you keep backups that were made with it.")]
pub(crate) struct RotateMaster {
    /// File with the new key, 64 hexadecimal digits; made with a random key when it is not there.
    #[arg(long, value_name = "FILE")]
    new_key_file: PathBuf,
}

impl RotateMaster {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let Self { new_key_file } = self;
        let done =
            options.on_existing_store(async |ctx| maintenance::rotate_master_key(ctx, &new_key_file).await).await?;
        let resealed = done.resealed;
        let document = json!({
            "new_key_file": new_key_file,
            "made": done.made,
            "sites": resealed.sites,
            "signing_keys": resealed.signing_keys,
            "site_secrets": resealed.site_secrets,
            "api_keys": resealed.api_keys,
            "sso_providers": resealed.sso_providers,
            "token_keys": resealed.token_keys,
            "storages": resealed.storages,
            "webhooks": resealed.webhooks,
        });
        let sentence = format!(
            "Sealed {} signing keys and {} secrets of {} sites anew. The store now belongs to the key in {}.\n\
             Put that key where the server finds its key (see the setting master_key_file), and start every server again: \
             those that run have stopped to answer.\n\
             Keep the old key for as long as you keep backups that were made with it.",
            resealed.signing_keys.saturating_add(resealed.token_keys),
            resealed.site_secrets.saturating_add(resealed.webhooks),
            resealed.sites,
            new_key_file.display()
        );
        options.output().done(&document, &sentence);
        Ok(())
    }
}

/// Makes new secrets of a site.
pub(super) async fn rotate_secrets(options: &Options) -> Result<()> {
    let (name, rotated) =
        options.on_site(async |ctx, site| Ok((site.name.clone(), keys::rotate_secrets(ctx, site.id).await?))).await?;
    let RotatedSecrets { made, kept, removed, kept_until } = rotated;
    let kept_until = kept_until.map(|end| end.to_string());
    let document = json!({
        "site": name.as_str(), "made": made, "kept": kept, "removed": removed, "kept_until": kept_until,
    });
    let until = kept_until.map(|end| format!(", the last of them until {end}")).unwrap_or_default();
    let sentence = format!(
        "Made {made} secrets of site {name}; they are used in {} seconds. {kept} older ones still check what was made with \
         them{until}; {removed} were removed.",
        SIGNING_KEY_LEAD.as_secs()
    );
    options.output().done(&document, &sentence);
    Ok(())
}

/// What the help says about new secrets.
pub(super) const SECRETS: &str = "\
Example:
  countersign key rotate-secrets --site acme

A site has a secret that seals polling IDs and one that authenticates download URLs; nobody but the server knows them. New \
ones are used two seconds later, when every node knows them. What was made with the old ones is accepted until it ends: \
polling IDs for an hour, download URLs for up to 25 hours. The next rotation removes old secrets for which that time is over.";
