//! Making folders.

use countersign_domain::audit::Action;
use countersign_domain::storage::StorageAccess;

use super::{Place, StorageCaller, StorageError};
use crate::Ctx;

/// Makes a folder and its missing parents. One that is there stays as it is.
///
/// # Errors
/// [`StorageError`] says why it was not made.
pub async fn create_folder(ctx: &Ctx, caller: &StorageCaller, place: &Place) -> Result<(), StorageError> {
    let place = caller.at(place, StorageAccess::Write)?;
    ctx.record(place.site, Action::new("storage.create-folder", place.text()), move |tx| {
        Box::pin(async move {
            let storage = place.lock(tx).await?;
            let now = tx.now().await?;
            place.make_folder(tx, &storage, now).await.map(|_| ())
        })
    })
    .await
}
