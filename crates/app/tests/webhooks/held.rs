//! What is held for a receiver that is sent nothing, and for how long.

use countersign_app::retention;
use countersign_app::webhooks::endpoints::{self, Switch};
use countersign_domain::webhook::DeliveryState::{Cancelled, Queued, Waiting};

use crate::support::Stage;

const DAY: u64 = 24 * 3600;

#[tokio::test]
async fn what_is_held_for_ninety_days_is_cancelled_and_goes_later() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    endpoints::switch(&stage.ctx, stage.site, hook.id, Switch::Disable).await.unwrap();
    let device = stage.device("one").await;
    stage.touch(&device).await;
    stage.product("early").await;
    stage.work().await;
    assert_eq!(stage.states(hook.id).await, [Queued, Waiting, Queued]);
    stage.advance(89 * DAY);
    stage.touch(&device).await;
    stage.work().await;
    retention::sweep(&stage.ctx).await.unwrap();
    assert_eq!(stage.states(hook.id).await, [Queued, Waiting, Queued, Waiting], "kept as long as is said");
    stage.advance(2 * DAY);
    retention::sweep(&stage.ctx).await.unwrap();
    assert_eq!(stage.states(hook.id).await, [Cancelled, Cancelled, Cancelled, Queued], "listed, and to be sent again");
    assert!(stage.bodies().is_empty());
    endpoints::switch(&stage.ctx, stage.site, hook.id, Switch::Enable).await.unwrap();
    stage.work().await;
    assert_eq!(stage.bodies().len(), 1);
    stage.advance(31 * DAY);
    retention::sweep(&stage.ctx).await.unwrap();
    assert_eq!(stage.states(hook.id).await, [], "gone, like what was delivered");
}
