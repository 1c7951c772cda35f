//! Bytes that a row promises and the file storage does not have: what a damaged disk, or a backup without them, leaves.

use std::collections::HashSet;

use countersign_blobs::ObjectKey;
use countersign_domain::catalog::package::StoredFile;
use countersign_domain::ids::SiteId;
use countersign_store::StoreError;
use countersign_store::repositories::Tx;

use crate::releases::ReceivedFile;
use crate::{Ctx, Fault};

/// Keys of objects that rows of a site name, and that are gone or have another length.
#[derive(Debug, Default)]
pub(crate) struct LostObjects(HashSet<String>);

impl LostObjects {
    /// Looks after the bytes that the site has already of what was received. Outside of any unit of work, because the
    /// file storage is asked.
    ///
    /// # Errors
    /// [`Fault`] when store or file storage cannot be read.
    pub(crate) async fn find(ctx: &Ctx, site: SiteId, received: &[ReceivedFile]) -> Result<Self, Fault> {
        let digests: HashSet<[u8; 32]> = received.iter().map(ReceivedFile::sha256).collect();
        let kept: Vec<StoredFile> = ctx
            .store()
            .read::<_, Fault, _>(move |tx| {
                Box::pin(async move {
                    let mut kept = Vec::new();
                    for sha256 in digests {
                        kept.extend(tx.files().find(site, &sha256).await?);
                    }
                    Ok(kept)
                })
            })
            .await?;
        let mut lost = HashSet::new();
        for file in kept {
            if !is_whole(ctx, &file).await? {
                tracing::error!(object = file.object_key, "the bytes of a stored file are gone or cut short");
                lost.insert(file.object_key);
            }
        }
        Ok(Self(lost))
    }

    /// Whether there is nothing to heal.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The row of bytes that the site has already. When they are lost, it is pointed to those that were received.
    pub(crate) async fn find_or_heal(
        &self,
        tx: &mut dyn Tx,
        site: SiteId,
        received: &ReceivedFile,
    ) -> Result<Option<StoredFile>, StoreError> {
        let found = tx.files().find(site, &received.sha256()).await?;
        let Some(file) = found else { return Ok(None) };
        if !self.0.contains(&file.object_key) {
            return Ok(Some(file));
        }
        let object_key = received.0.key.to_string();
        if object_key != file.object_key {
            tx.files().set_object_key(site, &file.sha256, &object_key).await?;
        }
        Ok(Some(StoredFile { object_key, ..file }))
    }
}

async fn is_whole(ctx: &Ctx, file: &StoredFile) -> Result<bool, Fault> {
    let Ok(key) = file.object_key.parse::<ObjectKey>() else { return Ok(false) };
    Ok(ctx.parts.blobs.length(&key).await? == Some(file.size))
}
