//! What opens the bucket of a storage, sealed with the master key.

use countersign_crypto::{Rng, Secret};
use countersign_domain::ids::StorageId;
use countersign_vault::{SealedValueError, Vault};

/// An access key of an S3-compatible service.
pub struct StorageCredentials {
    /// Its public half.
    pub id: String,
    /// Its secret half.
    pub secret: Secret<String>,
}

/// The label that credentials are sealed under: they open for the storage that they were given for, and no other
/// of any site.
pub(crate) fn credentials_label(storage: StorageId) -> String {
    format!("credentials of storage {storage}")
}

/// Seals credentials.
pub(super) fn seal_credentials(
    vault: &Vault,
    rng: &dyn Rng,
    storage: StorageId,
    credentials: &StorageCredentials,
) -> Vec<u8> {
    let text = Secret::new(format!("{}\n{}", credentials.id, credentials.secret.expose()));
    vault.seal(rng, &credentials_label(storage), text.expose().as_bytes())
}

/// Opens sealed credentials.
pub(super) fn open_credentials(
    vault: &Vault,
    storage: StorageId,
    sealed: &[u8],
) -> Result<StorageCredentials, SealedValueError> {
    let opened = vault.open(&credentials_label(storage), sealed)?;
    let text = std::str::from_utf8(opened.expose()).map_err(|_| SealedValueError)?;
    let (id, secret) = text.split_once('\n').ok_or(SealedValueError)?;
    Ok(StorageCredentials { id: id.to_owned(), secret: Secret::new(secret.to_owned()) })
}
