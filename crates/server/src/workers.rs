//! What runs beside requests. Every background task of the server is started here and stops with it.

use std::time::Duration;

use countersign_app::Ctx;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often the store's change counter is looked at: a change made elsewhere is in force within a second.
const REFRESH_PERIOD: Duration = Duration::from_millis(250);

/// Starts all workers.
pub(crate) fn start(ctx: Ctx, stop: CancellationToken) -> TaskTracker {
    let tracker = TaskTracker::new();
    tracker.spawn(follow_changes(ctx, stop));
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
