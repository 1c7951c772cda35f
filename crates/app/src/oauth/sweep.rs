//! Forgetting revoked tokens and used assertions that have ended.

use std::time::Duration;

use countersign_domain::ids::SiteId;
use countersign_store::StoreError;

use crate::{Ctx, Fault};

/// How much longer they are remembered than they could matter: clocks of nodes differ.
const SPARE: Duration = Duration::from_secs(3600);
/// Most rows of a kind that one unit of work removes: other writers never wait long for it.
const ROWS_PER_UNIT: u32 = 1000;
/// Most units for one site in a sweep, so that it ends; the next one goes on.
const UNITS: u32 = 500;

/// Removes what has ended from a site, a little at a time, and gives the number of rows.
pub(crate) async fn forget_ended(ctx: &Ctx, site: SiteId) -> Result<u64, Fault> {
    let mut removed = 0;
    for _ in 0..UNITS {
        let unit = ctx.write(site, move |tx| {
            Box::pin(async move {
                let before = tx.now().await?.minus(SPARE);
                tx.spent_tokens().delete_before(site, before, ROWS_PER_UNIT).await
            })
        });
        let rows: u64 = unit.await.map_err(|error: StoreError| Fault::Store(error))?;
        removed += rows;
        if rows == 0 {
            break;
        }
    }
    Ok(removed)
}
