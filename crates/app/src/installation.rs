//! The first use of a store, and the proof at every later one that the master key is still the same.

mod epoch;
mod master_key;
mod time;

use countersign_crypto::Rng;
use countersign_store::repositories::InstallationRecord;
use countersign_store::{Store, StoreError, Tx};
use countersign_vault::{KeyedDigests, SealedValueError, Vault};

pub use epoch::{EPOCH_JUMP, EpochBegun, RevokedToken, begin_epoch, find_epoch};
pub use master_key::{Resealed, RotateMasterKeyError, rotate_master_key};
pub use time::{LoweredTime, lower_time};

use crate::Fault;

/// Why a store and a master key do not go together.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// The store was first used with another master key.
    #[error(
        "the master key is not the one that this store was created with; \
         start with the right key (see `master_key_file`), or restore store and key together"
    )]
    OtherMasterKey,
    /// A sealed value is damaged.
    #[error(transparent)]
    Sealed(#[from] SealedValueError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Whether a store was used before.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
pub async fn is_new(store: &Store) -> Result<bool, StoreError> {
    store.read::<_, StoreError, _>(|tx| Box::pin(async move { Ok(tx.installation().find().await?.is_none()) })).await
}

/// Prepares a store that was never used, or checks that the master key fits the store. Gives the key of digests.
///
/// # Errors
/// [`InstallationError::OtherMasterKey`] before anything was written with the wrong key.
pub async fn unlock(store: &Store, vault: &Vault, rng: &dyn Rng) -> Result<KeyedDigests, InstallationError> {
    let fresh =
        InstallationRecord { key_check: vault.key_check(rng), sealed_digest_key: KeyedDigests::generate(vault, rng) };
    let record = store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                if let Some(record) = tx.installation().find().await? {
                    return Ok(record);
                }
                tx.installation().insert(&fresh).await?;
                Ok(tx.installation().find().await?.unwrap_or(fresh))
            })
        })
        .await?;
    if !vault.fits(&record.key_check) {
        return Err(InstallationError::OtherMasterKey);
    }
    Ok(KeyedDigests::open(vault, &record.sealed_digest_key)?)
}

/// Whether a master key fits a store that was used before, without writing anything. `None`: the store was never used.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
pub async fn fits(store: &Store, vault: &Vault) -> Result<Option<bool>, StoreError> {
    let record = store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.installation().find().await })).await?;
    Ok(record.map(|record| vault.fits(&record.key_check)))
}

/// Refuses to go on in a unit of work that writes something sealed, when the master key was replaced since this process
/// began. Called after `touch`, which a replacement takes first as well: then one of the two sees what the other did.
pub(crate) async fn ensure_fits(tx: &mut dyn Tx, vault: &Vault) -> Result<(), Fault> {
    match tx.installation().find().await? {
        Some(record) if !vault.fits(&record.key_check) => Err(Fault::MasterKeyReplaced),
        _ => Ok(()),
    }
}
