//! Sending again: one, or all of a time.

use countersign_app::webhooks::endpoints::Switch;
use countersign_app::webhooks::recovery::{self, Recover, ResendError};
use countersign_app::webhooks::{Engine, endpoints, log};
use countersign_app::{products, sites};
use countersign_domain::ids::{EndpointId, EventId};
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::{EndpointName, ProductName};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{DeliveryState, EndpointSettings, RecoveryState};
use countersign_testkit::Answer;

use crate::support::{HOOK, Stage};

#[tokio::test]
async fn one_event_is_sent_again_with_the_same_bytes() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    let device = stage.device("d1").await;
    stage.work().await;
    stage.touch(&device).await;
    stage.work().await;
    let first = stage.deliveries(hook.id).await[0].clone();
    stage.receivers.behave(HOOK, |_| Answer::Status(500, None));
    recovery::redeliver(&stage.ctx, stage.site, first.event, hook.id).await.unwrap();
    stage.work().await;
    let received = stage.receivers.received();
    assert_eq!((&received[2].body, &received[2].message_id), (&received[0].body, &received[0].message_id));
    let (again, attempts) = log::find_delivery(&stage.ctx, stage.site, first.id).await.unwrap().unwrap();
    assert_eq!(
        (again.state, attempts.len()),
        (DeliveryState::Delivered, 2),
        "it stays what it was, without a schedule"
    );

    // A receiver that was made later gets it as it is now.
    let late = stage.endpoint("late", EndpointSettings::new("https://late.example.com/")).await;
    recovery::redeliver(&stage.ctx, stage.site, first.event, late.id).await.unwrap();
    stage.work().await;
    assert_eq!(stage.states(late.id).await, [DeliveryState::Delivered]);
    let unknown = recovery::redeliver(&stage.ctx, stage.site, EventId(999), late.id).await;
    assert!(matches!(unknown, Err(ResendError::Unknown)));
}

#[tokio::test]
async fn what_has_died_is_sent_again_together() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    let began = stage.seconds();
    stage.receivers.behave(HOOK, |_| Answer::Status(400, None));
    for number in 0..130 {
        stage.product(&format!("P{number}")).await;
    }
    for _ in 0..95 {
        stage.work().await;
        stage.advance(3600);
    }
    assert_eq!(stage.states(hook.id).await, vec![DeliveryState::Dead; 130]);
    stage.receivers.behave(HOOK, |_| Answer::Status(200, None));
    let recover = Recover {
        endpoint: hook.id,
        since: Timestamp::from_seconds(began),
        until: Timestamp::from_millis(i64::MAX),
        from: DeliveryState::Dead,
    };
    let count = async |recover| recovery::count(&stage.ctx, stage.site, recover).await;
    assert_eq!(count(recover).await.unwrap(), 130);
    assert_eq!(count(Recover { until: Timestamp::from_seconds(began), ..recover }).await.unwrap(), 0);
    let open = count(Recover { from: DeliveryState::Queued, ..recover }).await;
    assert!(matches!(open, Err(ResendError::Open(_))));
    let started = recovery::start(&stage.ctx, stage.site, recover).await.unwrap();
    let before = stage.bodies().len();
    stage.work().await;
    let found = recovery::find(&stage.ctx, stage.site, started.id).await.unwrap().unwrap();
    assert_eq!((found.state, found.queued), (RecoveryState::Done, 130));
    assert_eq!(stage.bodies().len(), before + 130);
    assert_eq!(stage.states(hook.id).await, vec![DeliveryState::Delivered; 130]);
}

#[tokio::test]
async fn a_recovery_can_be_stopped() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    for number in 0..250 {
        stage.product(&format!("P{number}")).await;
    }
    stage.work().await;
    stage.advance(1);
    let started = recovery::start(&stage.ctx, stage.site, all_delivered(hook.id)).await.unwrap();
    let mut engine: Engine = stage.engine();
    engine.look().await.unwrap();
    let cancelled = recovery::cancel(&stage.ctx, stage.site, started.id).await.unwrap();
    assert_eq!((cancelled.state, cancelled.queued), (RecoveryState::Cancelled, 100));
    stage.work().await;
    assert_eq!(stage.bodies().len(), 350);
}

#[tokio::test]
async fn nothing_is_sent_again_where_nothing_is_sent() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    stage.product("Pump").await;
    stage.work().await;
    stage.advance(1);
    let event = stage.deliveries(hook.id).await[0].event;
    let switch = async |how| endpoints::switch(&stage.ctx, stage.site, hook.id, how).await.unwrap();
    switch(Switch::Off).await;
    let again = recovery::redeliver(&stage.ctx, stage.site, event, hook.id).await;
    assert!(matches!(again, Err(ResendError::Off)), "{again:?}");
    let all = all_delivered(hook.id);
    let started = recovery::start(&stage.ctx, stage.site, all).await;
    assert!(matches!(started, Err(ResendError::Off)), "{started:?}");

    // One that is disabled gets it when it is enabled again, and has one recovery at a time.
    switch(Switch::Disable).await;
    let started = recovery::start(&stage.ctx, stage.site, all).await.unwrap();
    let second = recovery::start(&stage.ctx, stage.site, all).await;
    assert!(matches!(second, Err(ResendError::Running(running)) if running == started.id), "{second:?}");
    stage.work().await;
    let found = async || recovery::find(&stage.ctx, stage.site, started.id).await.unwrap().unwrap();
    assert_eq!((found().await.state, found().await.queued), (RecoveryState::Running, 0));
    switch(Switch::Enable).await;
    stage.work().await;
    assert_eq!((found().await.state, found().await.queued), (RecoveryState::Done, 1));
    assert_eq!(stage.bodies().len(), 2);
    recovery::start(&stage.ctx, stage.site, all).await.unwrap();
}

#[tokio::test]
async fn recoveries_that_cannot_go_on_hold_up_no_other_site() {
    let stage = Stage::new().await;
    let mut stuck = Vec::new();
    for number in 0..25 {
        stuck.push(stage.endpoint(&format!("slow-{number}"), EndpointSettings::new(HOOK)).await.id);
    }
    let other = sites::create(&stage.ctx, SiteName::new("beta").unwrap(), SiteSettings::default()).await.unwrap();
    let name = EndpointName::new("far").unwrap();
    let far = EndpointSettings::new("https://far.example.com/");
    let (far, _) = endpoints::create(&stage.ctx, other, name, far, None).await.unwrap();
    stage.product("A").await;
    products::create(&stage.ctx, other, ProductName::new("Z").unwrap()).await.unwrap();
    stage.work().await;
    stage.advance(1);
    // As many as may be queued again for each of them are, and their turn comes later.
    let fill = format!(
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < 500)
        insert into deliveries (site, endpoint, event, sequence, event_type, source, entity, state, attempts, manual, claim,
        due_at, created_at, body) select site, endpoint, -i, 1, event_type, source, entity, 'queued', 1, state, 1,
        created_at + 3600000, created_at, body from deliveries cross join n where site = {}",
        stage.site
    );
    stage.world.run_statements(&fill).await;
    for endpoint in stuck {
        recovery::start(&stage.ctx, stage.site, all_delivered(endpoint)).await.unwrap();
    }
    let started = recovery::start(&stage.ctx, other, all_delivered(far.id)).await.unwrap();
    let mut engine = stage.engine();
    for _ in 0..4 {
        engine.look().await.unwrap();
    }
    let found = recovery::find(&stage.ctx, other, started.id).await.unwrap().unwrap();
    assert_eq!((found.state, found.queued), (RecoveryState::Done, 1));
}

fn all_delivered(endpoint: EndpointId) -> Recover {
    let until = Timestamp::from_millis(i64::MAX);
    Recover { endpoint, since: Timestamp::EPOCH, until, from: DeliveryState::Delivered }
}
