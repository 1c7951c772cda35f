//! `countersign key`: the public keys that check device tokens, and the key that signs answers.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use countersign_app::keys;
use countersign_crypto::encoding::{base64_encode, hex_encode};
use countersign_crypto::sha256;
use countersign_domain::ids::AuthorizationKeyId;
use countersign_domain::keys::AuthorizationKey;
use countersign_domain::time::Timestamp;
use serde_json::{Value, json};

use self::license::ShowLicenseKey;
use self::master::RotateMaster;
use self::signing::ShowSigningKey;
use self::tokens::RotateTokenKey;
use crate::options::Options;
use crate::table::table;
use crate::text_input;

mod air_gap;
mod license;
mod master;
mod signing;
mod tokens;

/// Manage keys.
#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Upload the public key that checks device tokens; the key before it stays valid for 30 days.
    Upload(UploadKey),
    /// List the uploaded keys, newest first.
    List,
    /// End an uploaded key, or all of them, at once: tokens made with the private half stop to work.
    Revoke(RevokeKey),
    /// Print the public key that verifies signed answers (base64 of SPKI DER); the first call makes the pair.
    Signing(ShowSigningKey),
    /// Make a new key pair that signs answers, and print its public key.
    #[command(after_help = signing::ROTATION)]
    RotateSigning,
    /// List the keys that sign access tokens, newest first.
    Tokens,
    /// Make a new key pair that signs access tokens.
    RotateTokens(RotateTokenKey),
    /// Print the public key that verifies answers about licenses (PEM); the first call makes the pair.
    License(ShowLicenseKey),
    /// Make a new key pair that signs answers about licenses, and print its public key.
    #[command(after_help = license::ROTATION)]
    RotateLicense,
    /// Print the public key that verifies confirmation codes of devices behind an air gap; the first call makes the pair.
    #[command(after_help = air_gap::FORM)]
    AirGap,
    /// Make new secrets that seal polling IDs and authenticate download URLs; the old ones end by themselves.
    #[command(after_help = master::SECRETS)]
    RotateSecrets,
    /// Seal all private keys and secrets of the store with another master key.
    RotateMaster(RotateMaster),
}

/// A public key to upload.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign key upload device-public.pem
  countersign device keygen --out device-key.pem | countersign key upload -

An RSA public key as PEM (PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE) or as base64 of its DER encoding.")]
pub(crate) struct UploadKey {
    /// File with the public key, or - for the standard input.
    file: PathBuf,
}

/// A key to revoke.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign key revoke 3
  countersign key revoke --all")]
pub(crate) struct RevokeKey {
    /// ID of the key, as `countersign key list` shows it.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    id: Option<i64>,
    /// Revoke all keys: no device is let in until a new key is uploaded.
    #[arg(long)]
    all: bool,
}

impl KeyCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Upload(upload) => upload.run(options).await,
            Self::List => list(options).await,
            Self::Revoke(revoke) => revoke.run(options).await,
            Self::Signing(key) => key.run(options).await,
            Self::RotateSigning => signing::rotate(options).await,
            Self::Tokens => tokens::list(options).await,
            Self::RotateTokens(rotate) => rotate.run(options).await,
            Self::License(key) => key.run(options).await,
            Self::RotateLicense => license::rotate(options).await,
            Self::AirGap => air_gap::show(options).await,
            Self::RotateSecrets => master::rotate_secrets(options).await,
            Self::RotateMaster(rotate) => rotate.run(options).await,
        }
    }
}

impl UploadKey {
    async fn run(self, options: &Options) -> Result<()> {
        let text = text_input::read(&self.file)?;
        let id = options.on_site(async |ctx, site| Ok(keys::upload(ctx, site, &text).await?)).await?;
        let sentence = format!("Device tokens are now checked with key {id}.");
        options.output().done(&json!({ "id": id.0 }), &sentence);
        Ok(())
    }
}

impl RevokeKey {
    async fn run(self, options: &Options) -> Result<()> {
        let Some(id) = self.id.map(AuthorizationKeyId) else { return revoke_all(options).await };
        options.on_site(async |ctx, site| Ok(keys::revoke(ctx, site.id, id).await?)).await?;
        options
            .output()
            .done(&json!({ "revoked": [id.0] }), &format!("Key {id} is revoked; tokens made with it are refused."));
        Ok(())
    }
}

async fn revoke_all(options: &Options) -> Result<()> {
    let revoked: Vec<i64> = options
        .on_site(async |ctx, site| {
            let now = ctx.now();
            let all = keys::list_authorization_keys(ctx, site.id).await?;
            keys::revoke_all_authorization_keys(ctx, site.id).await?;
            Ok(all.iter().filter(|key| key.is_active(now)).map(|key| key.id.0).collect())
        })
        .await?;
    let sentence = "All keys are revoked; no device is let in until you upload one: countersign key upload FILE";
    options.output().done(&json!({ "revoked": revoked }), sentence);
    Ok(())
}

async fn list(options: &Options) -> Result<()> {
    let (all, now) =
        options.on_site(async |ctx, site| Ok((keys::list_authorization_keys(ctx, site.id).await?, ctx.now()))).await?;
    let document = Value::Array(all.iter().map(|key| document(key, now)).collect());
    options.output().result(&document, || {
        let row = |key: &AuthorizationKey| {
            let state = match key.ends_at {
                None => "current".to_owned(),
                Some(end) if now < end => format!("valid until {end}"),
                Some(end) => format!("ended {end}"),
            };
            [key.id.to_string(), key.created_at.to_string(), state, fingerprint(key)]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        let empty = "No key is uploaded, so every device is refused; upload one: countersign key upload FILE";
        table(["ID", "UPLOADED", "STATE", "SHA-256"], &rows, empty)
    });
    Ok(())
}

fn document(key: &AuthorizationKey, now: Timestamp) -> Value {
    json!({
        "id": key.id.0,
        "public_key": base64_encode(&key.spki),
        "sha256": fingerprint(key),
        "created_at": key.created_at.to_string(),
        "ends_at": key.ends_at.map(|end| end.to_string()),
        "active": key.is_active(now),
    })
}

/// SHA-256 of the DER encoding: what `openssl pkey -pubin -outform DER | sha256sum` prints.
fn fingerprint(key: &AuthorizationKey) -> String {
    hex_encode(&sha256(&key.spki))
}
