//! What runs beside requests. Every background task of the server is started here and stops with it.

use std::time::Duration;

use countersign_app::licensing::seats;
use countersign_app::{Ctx, oauth, retention, storages, webhooks};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often the store's change counter is looked at: a change made elsewhere is in force within a second.
const REFRESH_PERIOD: Duration = Duration::from_millis(250);
/// How often seats are removed that have ended. Whoever wants one does not wait for it.
const SEATS_PERIOD: Duration = Duration::from_secs(60);
/// How often it is written when credentials were last used: somebody watches it before an old secret is retired.
const LAST_USES_PERIOD: Duration = Duration::from_secs(60);
/// How often old rows of histories are removed, beside once at the start.
const SWEEP_PERIOD: Duration = Duration::from_secs(3600);

/// Starts all workers.
pub(crate) fn start(ctx: Ctx, stop: CancellationToken) -> TaskTracker {
    // Not at once: a machine that starts may have a wrong clock until it has asked for the time.
    start_with(ctx, stop, SWEEP_PERIOD)
}

fn start_with(ctx: Ctx, stop: CancellationToken, first_sweep: Duration) -> TaskTracker {
    let tracker = TaskTracker::new();
    if let Some(ports) = ctx.webhook_ports() {
        let (engine, stop) = (webhooks::Engine::new(ctx.clone(), ports), stop.clone());
        tracker.spawn(engine.run(async move { stop.cancelled().await }));
    }
    tracker.spawn(follow_changes(ctx.clone(), stop.clone()));
    tracker.spawn(sweep_histories(ctx.clone(), stop.clone(), first_sweep));
    tracker.spawn(sweep_seats(ctx.clone(), stop.clone()));
    tracker.spawn(write_last_uses(ctx.clone(), stop.clone()));
    tracker.spawn(sweep_storages(ctx, stop, first_sweep));
    tracker.close();
    tracker
}

/// Takes over what other processes have changed. A failure is logged when it begins and when it ends.
async fn follow_changes(ctx: Ctx, stop: CancellationToken) {
    let mut period = tokio::time::interval(REFRESH_PERIOD);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = period.tick() => {}
        }
        match ctx.refresh().await {
            Ok(()) if failing => {
                failing = false;
                tracing::info!("the store can be read again");
            }
            Ok(()) => {}
            Err(_) if failing => {}
            Err(error) => {
                failing = true;
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "the store cannot be read; answers come from what is known");
            }
        }
    }
}

/// Writes when credentials were last used. What is noted behind the last turn is written when the store is closed.
async fn write_last_uses(ctx: Ctx, stop: CancellationToken) {
    let mut period = tokio::time::interval(LAST_USES_PERIOD);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = period.tick() => {}
        }
        if let Err(error) = oauth::write_last_uses(&ctx).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the last use of credentials was not written; the next try is in a minute");
        }
    }
}

/// Removes what sites no longer want to keep. A failure is logged, and the next turn tries again.
async fn sweep_histories(ctx: Ctx, stop: CancellationToken, first: Duration) {
    let mut period = tokio::time::interval_at(tokio::time::Instant::now() + first, SWEEP_PERIOD);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let sweeping = async {
        loop {
            period.tick().await;
            match retention::sweep(&ctx).await {
                Ok(swept) if swept == retention::Swept::default() => {}
                Ok(swept) => {
                    let retention::Swept { status_reports, device_events, events, answered_calls, .. } = swept;
                    let retention::Swept { seat_denials, spent_tokens, deliveries, .. } = swept;
                    tracing::info!(
                        status_reports,
                        device_events,
                        events,
                        answered_calls,
                        seat_denials,
                        spent_tokens,
                        deliveries,
                        "old rows of histories were removed"
                    );
                }
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "old rows of histories were not removed; the next try is in an hour");
                }
            }
        }
    };
    // A sweep is left at any point: the unit that runs is finished by the store, and the next start goes on from there.
    tokio::select! {
        () = stop.cancelled() => {}
        () = sweeping => {}
    }
}

/// Removes seats that have ended, so that counting those in use stays cheap.
async fn sweep_seats(ctx: Ctx, stop: CancellationToken) {
    let mut period = tokio::time::interval(SEATS_PERIOD);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut last = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = period.tick() => {}
        }
        match seats::sweep(&ctx, last).await {
            Ok(swept) => last = swept.last,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "seats that have ended were not removed; the next try is in a minute");
            }
        }
    }
}

/// Removes from storages what nobody needs any more: old versions, deleted folders, objects without a row.
async fn sweep_storages(ctx: Ctx, stop: CancellationToken, first: Duration) {
    let mut period = tokio::time::interval_at(tokio::time::Instant::now() + first, SWEEP_PERIOD);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let sweeping = async {
        loop {
            period.tick().await;
            match storages::collect(&ctx).await {
                Ok(swept) if swept == storages::StorageSweep::default() => {}
                Ok(storages::StorageSweep { versions, objects, uploads, unavailable }) => {
                    tracing::info!(versions, objects, uploads, unavailable, "storages were swept");
                }
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "storages were not swept; the next try is in an hour");
                }
            }
        }
    };
    // Left at any point: what was removed stays removed, and the next start goes on from there.
    tokio::select! {
        () = stop.cancelled() => {}
        () = sweeping => {}
    }
}

#[cfg(test)]
mod tests {
    use countersign_app::{Page, products, sites, trails};
    use countersign_domain::site::{SiteName, SiteSettings};
    use countersign_domain::text::ProductName;
    use countersign_testkit::World;

    use super::*;

    #[tokio::test]
    async fn old_events_are_gone_soon_after_the_first_sweep() {
        let world = World::new().await;
        let ctx = world.ctx.clone();
        let site = sites::create(&ctx, SiteName::new("demo").unwrap(), SiteSettings::default()).await.unwrap();
        products::create(&ctx, site, ProductName::new("Pump").unwrap()).await.unwrap();
        let events = async || trails::list_events(&ctx, site, Page::first(9)).await.unwrap().len();
        world.clock.advance(Duration::from_secs(31 * 24 * 3600));
        assert_eq!(events().await, 1);

        let stop = CancellationToken::new();
        let workers = start_with(ctx.clone(), stop.clone(), Duration::ZERO);
        let mut looks = 0;
        while events().await > 0 {
            looks += 1;
            assert!(looks < 10_000, "nothing was removed");
            tokio::task::yield_now().await;
        }
        stop.cancel();
        workers.wait().await;
    }
}
