//! What a backup says about itself.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use countersign_crypto::encoding::hex_encode;
use countersign_crypto::sha256;
use serde::{Deserialize, Serialize};

use super::digest::write_durably;

/// Form of the backups that this program writes and reads.
const FORMAT: u32 = 1;
/// Name of the manifest.
const MANIFEST: &str = "manifest.json";
/// Name of the file with the digest of the manifest, in the form of `sha256sum`.
const DIGEST: &str = "manifest.json.sha256";

/// The file `manifest.json` of a backup. It is written last: a folder without it is no backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Form of the backup.
    pub format: u32,
    /// Version of the program that made it.
    pub program: String,
    /// When it was begun: what was committed later may be missing. RFC 3339, in UTC.
    pub taken_at: String,
    /// The epoch of the store.
    pub epoch: i64,
    /// How many migrations the store has.
    pub migrations: usize,
    /// The copy of the store.
    pub database: BackedUpDatabase,
    /// The files that the store names.
    pub files: BackedUpFiles,
    /// Names of the sites.
    pub sites: Vec<String>,
    /// Where the master key is.
    pub master_key: String,
}

/// The copy of the store in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUpDatabase {
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// The files of a backup. Their digests are in the rows of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUpFiles {
    /// How many.
    pub count: u64,
    /// Their bytes together.
    pub bytes: u64,
}

impl Manifest {
    /// A manifest of the present form.
    pub(super) fn new(taken_at: String, database: BackedUpDatabase, files: BackedUpFiles) -> Self {
        Self {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            taken_at,
            epoch: 1,
            migrations: 0,
            database,
            files,
            sites: Vec::new(),
            master_key: "not in this backup; a restore needs it".to_owned(),
        }
    }

    /// Writes the manifest, and with it ends a backup.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let (text, digest) = self.texts()?;
        write_durably(&folder.join(DIGEST), digest.as_bytes())?;
        write_durably(&folder.join(MANIFEST), text.as_bytes())
    }

    /// Reads and checks the manifest of a backup.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path)
                .with_context(|| format!("{} is no whole backup: {} cannot be read", folder.display(), path.display()))
        };
        Self::parse(&read(MANIFEST)?, &read(DIGEST)?)
    }

    /// The text of a manifest and that of its digest.
    fn texts(&self) -> Result<(String, String)> {
        let text = format!("{}\n", serde_json::to_string_pretty(self)?);
        let digest = format!("{}  {MANIFEST}\n", hex_encode(&sha256(text.as_bytes())));
        Ok((text, digest))
    }

    /// Reads the text of a manifest, if its digest says that it is whole and its form is known.
    fn parse(text: &str, digest: &str) -> Result<Self> {
        let expected = format!("{}  {MANIFEST}\n", hex_encode(&sha256(text.as_bytes())));
        ensure!(digest == expected, "the backup is damaged: {MANIFEST} does not have the digest that {DIGEST} says");
        let manifest: Self = serde_json::from_str(text).with_context(|| format!("{MANIFEST} cannot be read"))?;
        if manifest.format != FORMAT {
            bail!("the backup has form {}, this program reads form {FORMAT}", manifest.format);
        }
        Ok(manifest)
    }
}

/// Reads the text of a manifest with its right digest and, when that works, what it writes for it.
#[cfg(fuzzing)]
pub(crate) fn reread(text: &str) -> Option<(Manifest, Manifest)> {
    let digest = format!("{}  {MANIFEST}\n", hex_encode(&sha256(text.as_bytes())));
    let manifest = Manifest::parse(text, &digest).ok()?;
    let (text, digest) = manifest.texts().ok()?;
    Some((manifest, Manifest::parse(&text, &digest).ok()?))
}
