//! Telling that licenses have expired: nobody changes them, so a worker looks for those whose last day has passed.

use countersign_domain::audit::{Actor, Channel};
use countersign_domain::event::Event;
use countersign_domain::ids::{LicenseId, SiteId};
use countersign_store::StoreError;

use crate::{Ctx, Fault};

/// Most licenses that one unit of work tells of.
const LICENSES_PER_UNIT: u32 = 250;
/// Most units for one site in a turn: a million licenses. The next turn goes on.
const UNITS_PER_SITE: u32 = 4000;

/// Writes an event for each license whose last day has passed since the last time. In a site that has never been looked at,
/// what has expired before today is not told.
///
/// # Errors
/// [`Fault`] when the store fails. What was told stays told.
pub(super) async fn tell_expired(ctx: &Ctx) -> Result<(), Fault> {
    for site in crate::sites::list(ctx).await? {
        for _ in 0..UNITS_PER_SITE {
            if tell_some(ctx, site.id).await? < LICENSES_PER_UNIT as usize {
                break;
            }
        }
    }
    Ok(())
}

async fn tell_some(ctx: &Ctx, site: SiteId) -> Result<usize, Fault> {
    let told = ctx.write::<_, StoreError, _>(site, move |tx| {
        Box::pin(async move {
            let now = tx.now().await?;
            let today = now.date();
            let Some(after) = tx.event_numbers().lock_expired(site).await? else {
                let yesterday = today.plus_days(-1);
                tx.event_numbers().set_expired(site, yesterday, LicenseId(i64::MAX)).await?;
                return Ok(0);
            };
            let expired = tx.event_numbers().list_expired(site, after, today, LICENSES_PER_UNIT).await?;
            for (_, license) in &expired {
                tx.outbox().insert(site, Event::LicenseExpired(*license), &Actor::of(Channel::System), now).await?;
            }
            if let Some((day, license)) = expired.last() {
                tx.event_numbers().set_expired(site, *day, *license).await?;
            }
            Ok(expired.len())
        })
    });
    Ok(told.await?)
}
