//! Replacing the master key of an installation.

use std::path::Path;

use anyhow::{Context, Result};
use countersign_app::Ctx;
use countersign_app::installation::{self, Resealed};
use countersign_crypto::SystemRng;
use countersign_vault::{MasterKey, MasterKeySource, Vault};

/// What a replacement of the master key did.
pub struct NewMasterKey {
    /// Whether the file of the new key was made by it.
    pub made: bool,
    /// What was sealed anew.
    pub resealed: Resealed,
}

/// Seals everything that the store keeps sealed with the key in a file, which is made when it is not there. All or nothing:
/// the file is on the disk before the store belongs to its key.
///
/// # Errors
/// Why nothing was changed. A file that was made stays.
pub async fn rotate_master_key(ctx: &Ctx, file: &Path) -> Result<NewMasterKey> {
    let made = !file.exists();
    let key = if made {
        MasterKey::create_file(file, &SystemRng)
    } else {
        MasterKey::load(&MasterKeySource::File(file.to_owned()))
    };
    let key = key.context("the new master key cannot be used")?;
    Ok(NewMasterKey { made, resealed: installation::rotate_master_key(ctx, Vault::new(&key)).await? })
}
