//! `countersign key air-gap`: the key that confirms activations across an air gap.

use anyhow::Result;
use countersign_app::keys;
use countersign_crypto::encoding::base64_encode;
use serde_json::json;

use crate::options::Options;

/// What is printed.
pub(super) const FORM: &str = "\
Base64 of the 64 bytes X and then Y of a key on the curve P-256. Build your application with it.";

/// Prints the public key.
pub(super) async fn show(options: &Options) -> Result<()> {
    let key = options.on_site(async |ctx, site| Ok(keys::find_or_create_air_gap_key(ctx, site.id).await?)).await?;
    let text = base64_encode(key.coordinates());
    options.output().result(&json!({ "public_key": text }), || text.clone());
    Ok(())
}
