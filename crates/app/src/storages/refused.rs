//! Uploads that were refused for their token, and that their client may repeat without content.

use std::time::Duration;

use countersign_domain::ids::SiteId;
use countersign_domain::storage::{StorageName, StoragePath};
use countersign_store::repositories::UploadKey;

use crate::{Ctx, Fault};

/// For how long a refused upload is remembered.
pub const RETRY_TIME: Duration = Duration::from_secs(120);
/// Old notes that are removed with each new one: more than one, so that they never pile up.
const REMOVED_WITH_EACH: u32 = 10;

/// Most uploads of one client that are noted at a time: who holds an ended token writes no more than these.
const NOTED: u64 = 1000;

/// Notes that an upload with content was refused because its token has ended. For [`RETRY_TIME`], an upload without content
/// by the same client to the same path is refused, on every node, because the client has lost the content. Only for clients
/// whose token was genuine, and only so many of each: nobody may fill the store.
///
/// # Errors
/// [`Fault`] when the store fails.
pub async fn note_refused_upload(
    ctx: &Ctx,
    site: SiteId,
    client: &str,
    storage: Option<StorageName>,
    path: StoragePath,
) -> Result<(), Fault> {
    let key = UploadKey { client: client.to_owned(), storage, path };
    let wanted = key.clone();
    // Before a unit that writes: whoever repeats what was refused costs no commit.
    let is_enough = ctx.store().read::<_, Fault, _>(move |tx| {
        Box::pin(async move {
            let now = tx.now().await?;
            let noted = tx.refused_uploads().find(site, &wanted).await?;
            let will_do = noted.is_some_and(|until| now.plus(RETRY_TIME / 2) < until);
            Ok(will_do || tx.refused_uploads().count(site, &wanted.client, now).await? >= NOTED)
        })
    });
    if is_enough.await? {
        return Ok(());
    }
    ctx.write(site, move |tx| {
        Box::pin(async move {
            let now = tx.now().await?;
            tx.refused_uploads().delete_before(site, now, REMOVED_WITH_EACH).await?;
            Ok(tx.refused_uploads().insert(site, &key, now.plus(RETRY_TIME)).await?)
        })
    })
    .await
}
