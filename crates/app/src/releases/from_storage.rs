//! Files of a release that come out of a storage.

use crate::storages::{OpenedFile, Place, StorageCaller, StorageError, open};
use crate::{Ctx, Fault};

use super::{ReceivedFile, discard, receive};

/// Copies a file out of a storage into the file storage of releases, and compares its digest. What is published are these
/// bytes: whatever becomes of the path later, the release stays as it is. `progress` hears how many bytes are stored so far.
///
/// # Errors
/// [`StorageError`] when there is no such file, it may not be read, or it cannot be copied whole; nothing stays behind then.
pub async fn receive_from_storage(
    ctx: &Ctx,
    caller: &StorageCaller,
    place: &Place,
    progress: impl FnMut(u64) + Send,
) -> Result<ReceivedFile, StorageError> {
    let opened: OpenedFile = open(ctx, caller, place, None).await?;
    let file = opened.file();
    let stream = opened.open(0..file.size).await?;
    let received = receive(ctx, stream, progress).await?;
    if received.sha256() == file.sha256 {
        return Ok(received);
    }
    discard(ctx, &[received]).await;
    Err(StorageError::Fault(Fault::Site))
}
