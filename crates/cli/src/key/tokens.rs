//! `countersign key tokens` and `rotate-tokens`: the keys that sign access tokens.

use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use countersign_app::oauth::{self, OldTokenKeys};
use countersign_domain::oauth::{TOKEN_KEY_LEAD, TokenAlgorithm, TokenKey};
use serde_json::{Value, json};

use crate::options::Options;
use crate::table::table;

/// Which key to replace.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign key rotate-tokens
  countersign key rotate-tokens --algorithm ES256 --remove-old

The new key is published at once and signs five minutes later; the old one verifies until its last token has expired.")]
pub(crate) struct RotateTokenKey {
    /// Algorithm of the key.
    #[arg(long, value_parser = algorithms(), default_value = "RS256")]
    algorithm: TokenAlgorithm,
    /// Remove the old keys of the algorithm: tokens that they have signed are refused, and the new one signs at once.
    #[arg(long)]
    remove_old: bool,
}

impl RotateTokenKey {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let old = if self.remove_old { OldTokenKeys::Remove } else { OldTokenKeys::Keep };
        let key = options
            .on_site(async |ctx, site| Ok(oauth::rotate_token_key(ctx, site.id, self.algorithm, old).await?))
            .await?;
        let sentence = match old {
            OldTokenKeys::Keep => {
                let minutes = TOKEN_KEY_LEAD.as_secs() / 60;
                format!("Made key {}; it signs tokens in {minutes} minutes, or at once if it is the first.", key.id)
            }
            OldTokenKeys::Remove => format!("Made key {}; tokens of the old ones are refused.", key.id),
        };
        options.output().done(&document(&key), &sentence);
        Ok(())
    }
}

/// Lists the keys that sign tokens, newest first.
pub(super) async fn list(options: &Options) -> Result<()> {
    let all = options.on_site(async |ctx, site| Ok(oauth::list_token_keys(ctx, site.id).await?)).await?;
    options.output().result(&Value::Array(all.iter().map(document).collect()), || {
        let row = |key: &TokenKey| [key.id.to_string(), key.algorithm.as_str().to_owned(), key.created_at.to_string()];
        let rows: Vec<_> = all.iter().map(row).collect();
        table(["ID", "ALGORITHM", "MADE"], &rows, "There is none; the first application makes one.")
    });
    Ok(())
}

fn document(key: &TokenKey) -> Value {
    json!({
        "id": key.id.0,
        "algorithm": key.algorithm.as_str(),
        "public_jwk": serde_json::from_str::<Value>(&key.public_jwk).ok(),
        "created_at": key.created_at.to_string(),
    })
}

fn algorithms() -> impl clap::builder::TypedValueParser<Value = TokenAlgorithm> {
    let names = TokenAlgorithm::ALL.map(TokenAlgorithm::as_str);
    PossibleValuesParser::new(names).try_map(|name| TokenAlgorithm::parse(&name).ok_or(name))
}
