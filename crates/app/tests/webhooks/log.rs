//! The log of events as a way to get them.

use std::time::Duration;

use countersign_app::webhooks::log::{self, LogFilter};
use countersign_domain::webhook::{Family, Story};

use crate::support::Stage;

#[tokio::test]
async fn the_log_is_read_in_parts_and_filtered() {
    let stage = Stage::new().await;
    for number in 0..5 {
        stage.product(&format!("P{number}")).await;
    }
    stage.device("d1").await;
    let read = async |after, limit, filter| {
        log::list(&stage.ctx, stage.site, after, limit, filter, Duration::ZERO).await.unwrap()
    };
    // Reading gives the numbers that no worker has given yet.
    let part = read(0, 2, LogFilter::default()).await;
    assert_eq!((part.events.len(), part.next, part.last), (2, 2, 6));
    assert!(matches!(part.events[0].story, Story::Product(_)));
    let rest = read(part.next, 100, LogFilter::default()).await;
    assert_eq!(rest.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [3, 4, 5, 6]);
    let devices = read(0, 100, LogFilter { family: Some(Family::Device), ..LogFilter::default() }).await;
    assert_eq!((devices.events.len(), devices.next), (1, 6));
    let entity = devices.events[0].entity().to_string();
    let about = read(0, 100, LogFilter { entity: Some(entity), ..LogFilter::default() }).await;
    assert_eq!(about.events, devices.events);
    let none = read(0, 100, LogFilter { event_type: Some("device.updated".to_owned()), ..LogFilter::default() }).await;
    assert!(none.events.is_empty());
    let id = devices.events[0].id;
    assert_eq!(log::find(&stage.ctx, stage.site, id).await.unwrap().as_ref(), devices.events.first());
}

#[tokio::test]
async fn whoever_waits_in_vain_goes_on_behind_what_was_looked_through() {
    let stage = Stage::new().await;
    for number in 0..520 {
        stage.product(&format!("P{number}")).await;
    }
    let filter = LogFilter { family: Some(Family::Device), ..LogFilter::default() };
    let part = log::list(&stage.ctx, stage.site, 0, 10, filter, Duration::from_millis(700)).await.unwrap();
    assert_eq!((part.events.len(), part.next, part.last), (0, 520, 520));
    for (after, limit, count) in [(0, 1000, 520), (0, 510, 510), (5, 1000, 515), (520, 1000, 0)] {
        let all = log::list_all(&stage.ctx, stage.site, after, limit).await.unwrap();
        assert_eq!((all.len(), all.first().map(|event| event.sequence)), (count, (count > 0).then_some(after + 1)));
    }
}

#[tokio::test]
async fn whoever_waits_gets_the_next_event_as_it_comes() {
    let stage = Stage::new().await;
    let waiting = log::list(&stage.ctx, stage.site, 0, 10, LogFilter::default(), Duration::from_secs(60));
    let telling = async {
        tokio::task::yield_now().await;
        stage.product("Pump").await;
        stage.work().await;
    };
    let (part, ()) = tokio::join!(waiting, telling);
    assert_eq!(part.unwrap().events.len(), 1);
}
