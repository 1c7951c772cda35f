//! `countersign key signing` and `rotate-signing`: the key that signs answers.

use anyhow::Result;
use clap::Args;
use countersign_app::keys;
use countersign_crypto::encoding::base64_encode;
use countersign_domain::keys::{SIGNING_KEY_LEAD, SigningKey, signing_key_in_force};
use serde_json::{Value, json};

use crate::options::Options;
use crate::table::table;

/// Which signing keys to print.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign key signing > signing-key.txt

Ship this key with your devices; `countersign device` takes it with --key @signing-key.txt.")]
pub(crate) struct ShowSigningKey {
    /// List all signing keys of the site, newest first, and which of them signs now; none is made.
    #[arg(long)]
    all: bool,
}

impl ShowSigningKey {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        if self.all { list(options).await } else { current(options).await }
    }
}

/// Makes a new key pair.
pub(super) async fn rotate(options: &Options) -> Result<()> {
    let (key, is_first) = options
        .on_site(async |ctx, site| {
            let is_first = keys::list_signing_keys(ctx, site.id).await?.is_empty();
            Ok((keys::rotate_signing_key(ctx, site.id).await?, is_first))
        })
        .await?;
    let (id, lead) = (key.id, SIGNING_KEY_LEAD.as_secs());
    options.output().note(&if is_first {
        format!("Made key {id}, the first one of the site; it signs answers at once.")
    } else {
        format!("Made key {id}; it signs answers in {lead} seconds. Devices that know only older keys refuse them.")
    });
    options.output().result(&document(&key), || base64_encode(&key.spki));
    Ok(())
}

async fn current(options: &Options) -> Result<()> {
    let (key, is_new) = options
        .on_site(async |ctx, site| {
            let is_new = keys::list_signing_keys(ctx, site.id).await?.is_empty();
            Ok((keys::find_or_create_signing_key(ctx, site.id).await?, is_new))
        })
        .await?;
    if is_new {
        options.output().note("Made the key pair that signs the answers of this site.");
    }
    let public_key = base64_encode(&key.spki);
    let document = json!({ "id": key.id.0, "public_key": public_key, "created": is_new });
    options.output().result(&document, || public_key.clone());
    Ok(())
}

async fn list(options: &Options) -> Result<()> {
    let (all, now) =
        options.on_site(async |ctx, site| Ok((keys::list_signing_keys(ctx, site.id).await?, ctx.now()))).await?;
    let in_force = signing_key_in_force(&all, |key| key.created_at, now).map(|key| key.id);
    let signs = |key: &SigningKey| Some(key.id) == in_force;
    let documents = all.iter().map(|key| {
        let mut document = document(key);
        if let Some(members) = document.as_object_mut() {
            members.insert("signing".to_owned(), signs(key).into());
        }
        document
    });
    options.output().result(&Value::Array(documents.collect()), || {
        let row = |key: &SigningKey| {
            let signs = if signs(key) { "yes" } else { "no" };
            [key.id.to_string(), key.created_at.to_string(), signs.to_owned(), base64_encode(&key.spki)]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        table(["ID", "MADE", "SIGNS", "PUBLIC KEY"], &rows, "There is no key yet; make one: countersign key signing")
    });
    Ok(())
}

fn document(key: &SigningKey) -> Value {
    json!({
        "id": key.id.0,
        "public_key": base64_encode(&key.spki),
        "created_at": key.created_at.to_string(),
    })
}

/// What the help says about a rotation.
pub(super) const ROTATION: &str = "\
Example:
  countersign key rotate-signing > next-signing-key.txt

Two seconds later answers are signed with it. Devices believe only the keys that they were given, and refuse all answers \
until they get the new one. The keys before it stay listed:
  countersign key signing --all";
