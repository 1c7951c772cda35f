//! The time of a store that has seen a clock which was ahead.

use countersign_domain::audit::Action;
use countersign_domain::time::Timestamp;

use crate::{Ctx, Fault};

/// What an operator has taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoweredTime {
    /// The time of the store before.
    pub from: Timestamp,
    /// What the clock shows.
    pub to: Timestamp,
}

/// Takes the time of the store back to what the clock shows, when it is ahead of it; the audit trail of every site says so.
/// Seats are moved with it; all other rows keep the times that they have. `None` when there is nothing to take back.
///
/// A process that has given out the later time keeps it, so none may run meanwhile.
///
/// # Errors
/// [`Fault`] when the machinery fails; nothing was changed then.
pub async fn lower_time(ctx: &Ctx) -> Result<Option<LoweredTime>, Fault> {
    let (actor, now) = (ctx.actor(), ctx.now());
    ctx.store()
        .write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let Some(from) = tx.installation().lower_time().await? else { return Ok(None) };
                for site in tx.sites().list().await? {
                    let action = Action::new("time.lower", format!("from {from} to {now}"));
                    tx.audit_trail().insert(site.id, &actor, &action, now).await?;
                }
                Ok(Some(LoweredTime { from, to: now }))
            })
        })
        .await
}
