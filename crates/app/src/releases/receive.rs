//! Receiving the files of a release. What is received is durable but invisible until its release is published.

use bytes::Bytes;
use countersign_blobs::{ReceiveError, ReceivedBlob};
use futures_util::Stream;

use crate::{Ctx, Fault};

/// Largest file of a release, in bytes: 1 TiB, far beyond any real one, so that no stream runs forever.
pub const FILE_LIMIT: u64 = 1 << 40;

/// A file that lies in the file storage and belongs to nothing yet.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedFile(pub(crate) ReceivedBlob);

impl ReceivedFile {
    /// Length in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.size
    }

    /// SHA-256 of the bytes.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        self.0.sha256
    }
}

/// Streams a file into the file storage, digesting it on the way. `progress` hears how many bytes are stored so far.
///
/// # Errors
/// [`Fault`] when the source breaks, the file is too large, or the storage fails; nothing stays behind then.
pub async fn receive<S, E>(ctx: &Ctx, source: S, progress: impl FnMut(u64) + Send) -> Result<ReceivedFile, Fault>
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    let received: Result<_, ReceiveError> =
        countersign_blobs::receive(&*ctx.parts.blobs, source, FILE_LIMIT, progress).await;
    Ok(ReceivedFile(received?))
}

/// Removes those of these files that no release took: their objects have no row. A failure is logged only, because an
/// object that nothing refers to does no harm.
pub async fn discard(ctx: &Ctx, files: &[ReceivedFile]) {
    let keys: Vec<String> = files.iter().map(|file| file.0.key.to_string()).collect();
    let taken = ctx
        .store()
        .read::<_, Fault, _>(move |tx| Box::pin(async move { Ok(tx.files().find_by_object_keys(&keys).await?) }))
        .await;
    let taken = match taken {
        Ok(taken) => taken,
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "unused objects were not removed");
            return;
        }
    };
    for file in files.iter().filter(|file| !taken.contains(&file.0.key.to_string())) {
        if let Err(error) = ctx.parts.blobs.delete(&file.0.key).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(object = %file.0.key, error, "an unused object was not removed");
        }
    }
}
