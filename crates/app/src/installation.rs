//! The first use of a store, and the proof at every later one that the master key is still the same.

use countersign_crypto::Rng;
use countersign_store::repositories::InstallationRecord;
use countersign_store::{Store, StoreError};
use countersign_vault::{KeyedDigests, SealedValueError, Vault};

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
