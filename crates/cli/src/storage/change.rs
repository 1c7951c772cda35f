//! `countersign storage set`.

use std::str::FromStr;

use anyhow::{Result, bail};
use clap::Args;
use countersign_app::storages::{self, CredentialsChange, StorageSettings};
use countersign_domain::storage::StorageName;
use serde_json::json;

use super::AccessKey;
use crate::options::Options;

/// What changes.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign storage set main --quota 100G
  countersign storage set main --quota none --versions off
  countersign storage set cloud --access-key-id AKIA… --secret-key-file -

New credentials are in force on every node within a second.")]
pub(crate) struct SetStorage {
    /// Name of the storage.
    name: StorageName,
    /// Most bytes of all files together, such as 500M or 50G (powers of 1024), or none.
    #[arg(long, value_name = "SIZE")]
    quota: Option<SizeLimit>,
    /// Whether overwriting a file keeps what was there.
    #[arg(long, value_name = "WHETHER")]
    versions: Option<Switch>,
    #[command(flatten)]
    key: AccessKey,
    /// Forget the access key; the server looks for one in its environment.
    #[arg(long, conflicts_with = "access_key_id")]
    forget_key: bool,
}

/// On or off.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

impl SetStorage {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let key = match self.key.read()? {
            Some(key) => CredentialsChange::Replace(key),
            None if self.forget_key => CredentialsChange::Forget,
            None => CredentialsChange::Keep,
        };
        if self.quota.is_none() && self.versions.is_none() && matches!(key, CredentialsChange::Keep) {
            bail!("name what to change: --quota, --versions, --access-key-id or --forget-key");
        }
        let name = self.name.clone();
        let (quota, versions) = (self.quota, self.versions);
        let change = move |settings: &mut StorageSettings| {
            settings.quota = quota.map_or(settings.quota, |size| size.0);
            settings.versioned = versions.map_or(settings.versioned, |switch| switch == Switch::On);
        };
        options.on_site(async |ctx, site| Ok(storages::change(ctx, site.id, &name, change, key).await?)).await?;
        options.output().done(&json!({ "changed": self.name.as_str() }), &format!("Changed storage {}.", self.name));
        Ok(())
    }
}

/// A number of bytes, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SizeLimit(pub(crate) Option<u64>);

impl FromStr for SizeLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let shift = match text.get(digits.len()..).unwrap_or_default() {
            "" => 0,
            "K" => 10,
            "M" => 20,
            "G" => 30,
            "T" => 40,
            unit => return Err(format!("{unit} is no unit; there are K, M, G and T")),
        };
        let number: u64 = digits.parse().map_err(|_| "write a size as 500M, 50G or none".to_owned())?;
        let size = number.checked_mul(1 << shift).filter(|size| i64::try_from(*size).is_ok());
        size.map(|size| Self(Some(size))).ok_or_else(|| "that is too much".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_unit() {
        assert_eq!("none".parse(), Ok(SizeLimit(None)));
        assert_eq!("0".parse(), Ok(SizeLimit(Some(0))));
        assert_eq!("3K".parse(), Ok(SizeLimit(Some(3072))));
        assert_eq!("2T".parse(), Ok(SizeLimit(Some(2 << 40))));
        for bad in ["", "G", "1X", "-1", "1.5G", "1GB", "99999999T", "1 G"] {
            assert!(bad.parse::<SizeLimit>().is_err(), "{bad:?}");
        }
    }
}
