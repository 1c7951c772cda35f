//! Rows that cannot be read, because a newer program wrote them or a file is damaged: they hold up nothing but themselves.

use std::time::Duration;

use countersign_app::webhooks::log::{self, LogFilter};
use countersign_app::webhooks::{endpoints, recovery};
use countersign_app::{Fault, products, sites};
use countersign_domain::ids::EventId;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::{EndpointName, ProductName};
use countersign_domain::webhook::{DeliveryState, EndpointSettings};
use countersign_store::StoreError;

use crate::support::Stage;

#[tokio::test]
async fn a_receiver_that_cannot_be_read_costs_the_others_nothing() {
    let stage = Stage::new().await;
    let broken = stage.endpoint("broken", EndpointSettings::new("https://broken.example.com/")).await;
    let hook = stage.hook().await;
    let break_it = format!("update webhook_endpoints set settings = 'nonsense' where id = {}", broken.id);
    stage.world.run_statements(&break_it).await;
    let found = endpoints::find(&stage.ctx, stage.site, broken.id).await;
    assert!(matches!(found, Err(Fault::Store(StoreError::BrokenRow { .. }))), "{found:?}");
    for name in ["A", "B", "C"] {
        stage.product(name).await;
    }
    stage.work().await;
    assert_eq!(stage.states(hook.id).await, [DeliveryState::Delivered; 3]);
    assert_eq!(stage.receivers.received().len(), 3);

    // Once it is repaired, it hears of what comes, and of what it has missed when somebody asks.
    let settings = EndpointSettings::new("https://broken.example.com/").to_text();
    let repair = format!("update webhook_endpoints set settings = '{settings}' where id = {}", broken.id);
    stage.world.run_statements(&repair).await;
    stage.product("D").await;
    let missed = stage.deliveries(hook.id).await[0].event;
    recovery::redeliver(&stage.ctx, stage.site, missed, broken.id).await.unwrap();
    stage.work().await;
    assert_eq!(stage.states(broken.id).await, [DeliveryState::Delivered; 2]);
}

#[tokio::test]
async fn a_receiver_that_cannot_be_read_holds_up_no_checkpoint() {
    let stage = Stage::new().await;
    let settings = |url: &str| EndpointSettings { checkpoint_minutes: Some(1), ..EndpointSettings::new(url) };
    let broken = stage.endpoint("broken", settings("https://broken.example.com/")).await;
    stage.endpoint("whole", settings("https://whole.example.com/")).await;
    let break_it = format!("update webhook_endpoints set settings = 'nonsense' where id = {}", broken.id);
    stage.world.run_statements(&break_it).await;
    stage.world.clock.advance(Duration::from_secs(60));
    stage.work().await;
    let received = stage.receivers.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].body, b"checkpoint 1 up to 0: 0");
}

#[tokio::test]
async fn events_that_cannot_be_read_get_numbers_and_hold_up_no_site() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    let other = sites::create(&stage.ctx, SiteName::new("beta").unwrap(), SiteSettings::default()).await.unwrap();
    let far = EndpointSettings::new("https://far.example.com/");
    let name = EndpointName::new("far").unwrap();
    let (far, _) = endpoints::create(&stage.ctx, other, name, far, None).await.unwrap();
    for name in ["A", "B", "C", "D"] {
        stage.product(name).await;
    }
    products::create(&stage.ctx, other, ProductName::new("Z").unwrap()).await.unwrap();
    for (column, row) in [("kind", 1), ("channel", 3)] {
        let break_it = format!("update outbox set {column} = 'moon' where id = {row}");
        stage.world.run_statements(&break_it).await;
    }
    stage.work().await;
    let numbers = |site, endpoint| {
        let ctx = &stage.ctx;
        async move {
            let all = log::list_deliveries(ctx, site, endpoint, countersign_app::Page::first(99)).await.unwrap();
            all.into_iter().map(|one| (one.sequence, one.state)).collect::<Vec<_>>()
        }
    };
    let delivered = DeliveryState::Delivered;
    assert_eq!(numbers(stage.site, hook.id).await, [(2, delivered), (4, delivered)]);
    assert_eq!(numbers(other, far.id).await, [(1, delivered)]);

    // The log leaves them out, and who reads on behind a number gets past them.
    let part = log::list(&stage.ctx, stage.site, 0, 99, LogFilter::default(), Duration::ZERO).await.unwrap();
    assert_eq!(part.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [2, 4]);
    assert_eq!((part.next, part.last), (4, 4));
    assert!(log::find(&stage.ctx, stage.site, EventId(1)).await.is_err());
}
