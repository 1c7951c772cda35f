//! Which request files were used, and for what.

use countersign_crypto::encoding::hex_encode;
use countersign_domain::ids::{DeviceId, LicenseId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_store::repositories::OfflineRequest;
use countersign_store::{StoreError, Tx};

use super::super::refusal::{LicenseError, Refusal};
use super::RequestFile;

/// Most rows that are remembered of one activation, up to four for each file. More are brought by programs that went wrong.
const ROWS: u64 = 3000;
/// Stand before digests of signatures in the place of IDs. No file has an ID with a line end.
pub(super) const ACTIVATED: &str = "\nactivation ";
pub(super) const DEACTIVATED: &str = "\ndeactivation ";

/// The use of a file before, if it says the same. Two files of one ID are refused.
pub(super) async fn used_before(
    tx: &mut dyn Tx,
    site: SiteId,
    file: &RequestFile,
) -> Result<Option<OfflineRequest>, LicenseError> {
    match tx.offline_requests().find(site, &file.id).await? {
        Some(before) if before.digest != file.digest => Err(Refusal::OfflineRequestUsed.into()),
        before => Ok(before),
    }
}

/// The use before of a signature that does not prove which file it belongs to.
pub(super) async fn signed_before(
    tx: &mut dyn Tx,
    site: SiteId,
    file: &RequestFile,
    uses: &[&str],
) -> Result<Option<OfflineRequest>, StoreError> {
    let Some(signature) = file.signature else { return Ok(None) };
    for used in uses {
        let found = tx.offline_requests().find(site, &signature_id(used, signature)).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Files that deactivate are not refused for their number: that would leave the license where it is.
pub(super) async fn has_room(tx: &mut dyn Tx, license: LicenseId, device: DeviceId) -> Result<(), LicenseError> {
    let Some(activation) = tx.activations().find(license, device).await? else { return Ok(()) };
    let rows = tx.offline_requests().count_since(device, activation.activated_at).await?;
    if rows < ROWS { Ok(()) } else { Err(Refusal::TooManyFiles.into()) }
}

pub(super) async fn note_use(
    tx: &mut dyn Tx,
    site: SiteId,
    file: &RequestFile,
    used: &str,
    (device, done_at): (DeviceId, Timestamp),
) -> Result<(), LicenseError> {
    let row = OfflineRequest { id: file.id.clone(), digest: file.digest, device, done_at };
    if !tx.offline_requests().insert(site, &row).await? {
        // The same ID for another license at the same time.
        return Err(Refusal::OfflineRequestUsed.into());
    }
    if let Some(signature) = file.signature {
        note_signature(tx, site, used, signature, (device, done_at)).await?;
    }
    if let Some(carried) = file.carried {
        for used in [ACTIVATED, DEACTIVATED] {
            note_signature(tx, site, used, carried, (device, done_at)).await?;
        }
    }
    Ok(())
}

/// Remembers a signature. Where it is known already, its first use stays: an answer may be of the second of its file.
pub(super) async fn note_signature(
    tx: &mut dyn Tx,
    site: SiteId,
    used: &str,
    signature: [u8; 32],
    (device, done_at): (DeviceId, Timestamp),
) -> Result<(), StoreError> {
    let row = OfflineRequest { id: signature_id(used, signature), digest: signature, device, done_at };
    tx.offline_requests().insert(site, &row).await?;
    Ok(())
}

fn signature_id(used: &str, signature: [u8; 32]) -> String {
    format!("{used}{}", hex_encode(&signature))
}
