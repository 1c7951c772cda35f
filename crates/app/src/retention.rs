//! Removing histories that a site no longer wants: status reports, events of devices, committed events.

use std::time::Duration;

use countersign_domain::ids::SiteId;
use countersign_domain::site::Retention;
use countersign_domain::webhook::DeliveryState;
use countersign_store::{StoreError, Tx};

use crate::{Ctx, Fault};

/// Most rows that one unit of work removes: other writers never wait long for it.
const ROWS_PER_UNIT: u32 = 1000;
/// Most units for one history of one site in a sweep: 500,000 rows, so that a sweep ends. The next one goes on.
const UNITS_PER_HISTORY: u32 = 500;

/// Days for which calls that were done once are kept: their answers are told for one.
const ANSWERED_DAYS: u32 = 1;
/// Days for which a producer can read who was refused a seat.
const SEAT_DENIAL_DAYS: u32 = 30;

/// Days for which deliveries that were given up are kept, so that they can be sent again.
const DEAD_DAYS: u32 = 90;
/// Days for which deliveries are held for a receiver that is sent nothing. Then they are cancelled, and go as such.
const HELD_DAYS: u32 = 90;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How many rows a sweep has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Status reports of devices.
    pub status_reports: u64,
    /// Events that devices have logged.
    pub device_events: u64,
    /// Committed changes that others are told about.
    pub events: u64,
    /// Calls that were done once, whose answers are kept for a day.
    pub answered_calls: u64,
    /// Refusals of seats.
    pub seat_denials: u64,
    /// Revoked tokens and used assertions that have ended.
    pub spent_tokens: u64,
    /// Deliveries of webhooks that have ended.
    pub deliveries: u64,
}

/// A history that is kept for a number of days.
#[derive(Clone, Copy)]
enum History {
    AnsweredCalls,
    Deliveries(DeliveryState),
    DeviceEvents,
    Events,
    Held,
    SeatDenials,
    StatusReports,
}

/// Removes from every site what is older than the site keeps it, the oldest first, a little at a time.
///
/// # Errors
/// [`Fault`] when the store fails. What was removed before stays removed.
pub async fn sweep(ctx: &Ctx) -> Result<Swept, Fault> {
    let mut swept = Swept::default();
    for site in crate::sites::list(ctx).await? {
        let Retention { status_reports, device_events, events } = site.settings.retention;
        swept.status_reports += remove(ctx, site.id, History::StatusReports, status_reports).await?;
        swept.device_events += remove(ctx, site.id, History::DeviceEvents, device_events).await?;
        swept.events += remove(ctx, site.id, History::Events, events).await?;
        swept.answered_calls += remove(ctx, site.id, History::AnsweredCalls, ANSWERED_DAYS).await?;
        swept.seat_denials += remove(ctx, site.id, History::SeatDenials, SEAT_DENIAL_DAYS).await?;
        remove(ctx, site.id, History::Held, HELD_DAYS).await?;
        for (state, days) in
            [(DeliveryState::Delivered, events), (DeliveryState::Cancelled, events), (DeliveryState::Dead, DEAD_DAYS)]
        {
            swept.deliveries += remove(ctx, site.id, History::Deliveries(state), days).await?;
        }
        swept.spent_tokens += crate::oauth::forget_ended(ctx, site.id).await?;
    }
    Ok(swept)
}

/// Removes what is older than so many days from a history, as far as one sweep goes.
async fn remove(ctx: &Ctx, site: SiteId, history: History, days: u32) -> Result<u64, Fault> {
    let mut removed = 0;
    for _ in 0..UNITS_PER_HISTORY {
        let unit = ctx.write(site, move |tx| Box::pin(history.remove_some(tx, site, days)));
        let rows: u64 = unit.await.map_err(Fault::Store)?;
        removed += rows;
        // Fewer than were asked for is no end: a row that was stamped by a wrong clock stays among the first.
        if rows == 0 {
            break;
        }
    }
    Ok(removed)
}

impl History {
    async fn remove_some(self, tx: &mut dyn Tx, site: SiteId, days: u32) -> Result<u64, StoreError> {
        // The time that rows are stamped with, and not that of this machine.
        let before = tx.now().await?.minus(DAY.saturating_mul(days));
        match self {
            Self::AnsweredCalls => tx.answered_calls().delete_before(site, before, ROWS_PER_UNIT).await,
            Self::Deliveries(state) => tx.deliveries().delete_before(site, state, before, ROWS_PER_UNIT).await,
            Self::DeviceEvents => tx.device_events().delete_before(site, before, ROWS_PER_UNIT).await,
            Self::Events => tx.outbox().delete_before(site, before, ROWS_PER_UNIT).await,
            Self::Held => crate::webhooks::cancel_held(tx, site, before, ROWS_PER_UNIT).await,
            Self::SeatDenials => tx.seat_denials().delete_before(site, before, ROWS_PER_UNIT).await,
            Self::StatusReports => tx.status_reports().delete_before(site, before, ROWS_PER_UNIT).await,
        }
    }
}
